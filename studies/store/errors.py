"""What the store raises. No exception of SQLAlchemy or of a database driver leaves it.

```
StoreError
├── DatabaseUnavailable     a URL that cannot be used, a server that does not answer, a file that is damaged
├── SchemaOutdated          the tables are missing, older or newer than this program
├── NotFound                no such study, trial or pack
├── LeaseLost               the study has a newer token: stop what you do for it
├── AlreadySubmitted        the idempotency key was used before
├── CreationLost            a study was not written on in time
├── TooMuchWaits            a caller has as much waiting as it may
├── NotEnded                what was asked needs an ended study, pack or set of trials
├── InvalidFilter           a field or word that the filter, the sort or the metrics do not know
└── InvalidCursor           not a cursor, or one of another list
```

Impossible state changes are `studies.lifecycle.ImpossibleTransition`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from grokscale.studies.portable import PortableError

if TYPE_CHECKING:
    from grokscale.studies.store.records import IdempotencyRecord


DAMAGED = "the database is damaged: put a copy of it back, or move it away to begin anew"


class StoreError(PortableError):
    """Base of all that the store raises."""


class DatabaseUnavailable(StoreError):
    """The database cannot be reached or read, or its URL cannot be used; the message holds no password.

    Attributes:
        cause: `full`: its disk is full; `locked`: another process held the lock for too long; None: any other.
    """

    def __init__(self, message: str, cause: Literal["full", "locked"] | None = None) -> None:
        super().__init__(message)
        self.cause = cause


class SchemaOutdated(StoreError):
    """The database is not at the revision that this program was written for."""

    def __init__(self, current: str | None, head: str, newer: bool = False) -> None:
        self.current = current
        self.head = head
        found = f"the database is at schema revision {current}" if current else "the database has no grokscale tables"
        advice = "upgrade grokscale itself" if newer else "run `grokscale db upgrade`"
        super().__init__(f"{found}, this program needs {head}: {advice}")


class NotFound(StoreError):
    """There is no such row."""

    def __init__(self, kind: str, id: str) -> None:
        self.kind = kind
        self.id = id
        super().__init__(f"no {kind} {id!r}")


class LeaseLost(StoreError):
    """Another holder has taken the study over, or the lease was released: nothing was written."""

    def __init__(self, study_id: str, token: int) -> None:
        self.study_id = study_id
        self.token = token
        super().__init__(f"the lease of study {study_id} under token {token} is lost")


class AlreadySubmitted(StoreError):
    """The idempotency key is in use; `record` says which body it was sent with, and what was, or will be, answered."""

    def __init__(self, record: IdempotencyRecord) -> None:
        self.record = record
        super().__init__("this Idempotency-Key was used before")


class CreationLost(StoreError):
    """The creation of the study stood still for longer than its lease and was given up; the study will never be
    visible.
    """

    def __init__(self, study_id: str) -> None:
        super().__init__(f"the making of study {study_id} stood still for longer than its lease and was given up")


class TooMuchWaits(StoreError):
    """A caller has as many studies or trials waiting as it is allowed.

    Attributes:
        what: `studies` or `trials`.
        most: the limit.
        waiting: how many wait or are being created.
        more: how many would have been added.
    """

    def __init__(self, what: Literal["studies", "trials"], most: int, waiting: int, more: int) -> None:
        self.what, self.most, self.waiting, self.more = what, most, waiting, more
        super().__init__(f"{waiting} {what} of this caller wait, and {more} more are above its limit of {most}")


class NotEnded(StoreError):
    """Something has not ended that would have to end first."""


class InvalidFilter(StoreError):
    """A name or value that a filter, a sort order or a list of metrics does not accept; `known` lists what it
    accepts.
    """

    def __init__(self, field: str, problem: str, known: Iterable[str] = ()) -> None:
        self.field = field
        self.problem = problem
        self.known = tuple(known)
        super().__init__(f"{field}: {problem}" + (f" (known: {', '.join(self.known)})" if self.known else ""))


class InvalidCursor(StoreError):
    """Not a cursor of this list: damaged, or made under another sort or filter."""
