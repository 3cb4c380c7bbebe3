"""Who may write for a study: tokens that only increase, and leases that last as long as renewals are seen.

No clock of the database's decides: it may jump, and nobody can renew while the database is away. Each renewal raises
a number. A process that wants the study measures, by its own clock, how long that number has not changed; see
`Silences`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from grokscale.studies.lifecycle import CLAIMABLE
from grokscale.studies.store import packs, states
from grokscale.studies.store.errors import LeaseLost
from grokscale.studies.store.locks import FREE, locked
from grokscale.studies.store.models import Runner, Study
from grokscale.studies.store.records import Lease

SERVICE = ""
"""Name of the holder of studies that a service creates, or cancels, some rows at a time."""
LONGEST_LOOK = 2.0
"""A longer time between two looks counts as this many seconds: this process itself may have been suspended."""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as the rows state it; the two numbers change with every sign of life of its holder."""

    study_id: str
    runner_id: str
    token: int
    renewals: int
    seconds: float


class Silences:
    """How long each lease has not been renewed, as far as this process has seen; see `Store.claim`.

    Args:
        clock: a monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent: dict[Held, float] = {}
        self._looked = clock()
        self._lock = threading.Lock()

    def look(self, leases: Iterable[Held]) -> list[Held]:
        """Look at all leases; return those that have expired, which are those not renewed for their whole duration."""
        with self._lock:
            now = self._clock()
            since, self._looked = min(now - self._looked, LONGEST_LOOK), now
            self._silent = {lease: self._silent[lease] + since if lease in self._silent else 0.0 for lease in leases}
            return [lease for lease, seconds in self._silent.items() if seconds >= lease.seconds]

    def forget(self) -> None:
        """Begin to measure anew: the database was away, so that nobody could renew."""
        with self._lock:
            self._silent.clear()


def claim(
    connection: Connection, runner_id: str, seconds: float, busy: Collection[str] | None, silences: Silences
) -> Lease | None:
    """See `Store.claim`."""
    claimable = Study.state.in_(sorted(CLAIMABLE)) & Study.id.not_in(busy or ())
    silent = silences.look(held(connection, claimable))
    free = or_(Study.lease_seconds.is_(None), *map(still, silent))
    if busy is not None:
        free |= Study.runner_id == runner_id
    # of two runners on PostgreSQL the second passes over the row that the first is taking
    first = select(Study.id).where(claimable, free).order_by(Study.priority.desc(), Study.id).limit(1)
    study_id = connection.execute(first.with_for_update(skip_locked=True)).scalar()
    if study_id is None:
        return None
    states.change(connection, locked(connection, study_id), "claim")
    packs.rest(connection, study_id)
    return take(connection, study_id, runner_id, seconds)


def renew(connection: Connection, lease: Lease, seconds: float) -> None:
    """See `Store.renew`."""
    renewed = update(Study).where(_of(lease)).values(renewals=Study.renewals + 1, lease_seconds=seconds)
    if connection.execute(renewed).rowcount == 0:
        raise LeaseLost(lease.study_id, lease.token)


def release(connection: Connection, lease: Lease) -> None:
    """See `Store.release`."""
    if connection.execute(update(Study).where(_of(lease)).values(FREE)).rowcount:
        packs.rest(connection, lease.study_id)


def take_over(connection: Connection, runner_id: str | None) -> list[str]:
    """See `Store.take_over`."""
    dead = select(Runner.id).where(Runner.embedded)
    held = Study.runner_id == runner_id if runner_id is not None else Study.runner_id.in_(dead)
    return list(connection.execute(update(Study).where(held).values(FREE).returning(Study.id)).scalars())


def take(connection: Connection, study_id: str, holder: str, seconds: float) -> Lease:
    """Give a study a new lease, whoever held it before."""
    taken = update(Study).where(Study.id == study_id)
    taken = taken.values(runner_id=holder, lease_seconds=seconds, renewals=0, token=Study.token + 1)
    return Lease(study_id, holder, connection.execute(taken.returning(Study.token)).scalar_one())


def held(connection: Connection, which: ColumnElement[bool]) -> list[Held]:
    """Return the existing leases of some studies."""
    columns = (Study.id, Study.runner_id, Study.token, Study.renewals, Study.lease_seconds)
    rows = connection.execute(select(*columns).where(which, Study.lease_seconds.is_not(None)))
    return [Held(*row) for row in rows]


def still(lease: Held) -> ColumnElement[bool]:
    """Return the condition that a lease is unchanged since it was seen."""
    return and_(Study.id == lease.study_id, Study.token == lease.token, Study.renewals == lease.renewals)


def _of(lease: Lease) -> ColumnElement[bool]:
    return and_(Study.id == lease.study_id, Study.token == lease.token)
