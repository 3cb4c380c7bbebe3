"""The lock that orders all writers of one study: every transaction that writes for a study locks its row first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, func, select

from grokscale.studies.lifecycle import State
from grokscale.studies.store.errors import LeaseLost, NotFound
from grokscale.studies.store.models import VISIBLE, Study
from grokscale.studies.store.records import Lease

FREE: dict[str, Any] = {"runner_id": None, "lease_seconds": None, "token": Study.token + 1}
"""Values of the lease's columns of a study that nobody holds any more; a former holder can then write no more."""


@dataclass(slots=True)
class Locked:
    """A study's row while this transaction has it locked; `by_outcome` is adjusted as outcomes are written.

    `free`: nobody has a lease on it.
    """

    id: str
    task: str
    state: State
    token: int
    total: int
    by_outcome: dict[str, int]
    losses: int
    progress_seq: int | None
    free: bool

    @property
    def ended(self) -> int:
        """Trials with an outcome."""
        return sum(self.by_outcome.values())


def locked(connection: Connection, study_id: str) -> Locked:
    """Lock a study's row.

    Raises:
        NotFound: no such study.
    """
    found = _take(connection, Study.id == study_id)
    if found is None:
        raise NotFound("study", study_id)
    return found


def held(connection: Connection, lease: Lease) -> Locked:
    """Lock the row of a lease's study.

    Raises:
        LeaseLost: the study is gone or has another token.
    """
    found = _take(connection, (Study.id == lease.study_id) & (Study.token == lease.token))
    if found is None:
        raise LeaseLost(lease.study_id, lease.token)
    return found


def take_turns(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds this name, then hold it: what this transaction counts cannot change
    meanwhile.
    """
    if connection.dialect.name != "sqlite":  # there writers take turns anyway
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def _take(connection: Connection, which: ColumnElement[bool]) -> Locked | None:
    counters = (Study.total, Study.by_outcome, Study.losses, Study.progress_seq)
    free = Study.lease_seconds.is_(None).label("free")
    # SQLite knows no FOR UPDATE: there the write transaction holds the whole database
    columns = select(Study.id, Study.task, Study.state, Study.token, *counters, free)
    row = connection.execute(columns.where(which, VISIBLE).with_for_update()).first()
    if row is None:
        return None
    counted = (row.total, row.by_outcome, row.losses, row.progress_seq)
    return Locked(row.id, row.task, cast("State", row.state), row.token, *counted, row.free)
