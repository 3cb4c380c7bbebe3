"""Who may write for a study: tokens that only rise, and expiry by the database's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, or_, select, update

from studies.lifecycle import CLAIMABLE
from studies.store import packs, states
from studies.store.errors import LeaseLost
from studies.store.functions import Now
from studies.store.locks import locked
from studies.store.models import Runner, Study
from studies.store.records import Lease

_FREE: dict[str, Any] = {"runner_id": None, "lease_expires": None, "token": Study.token + 1}


def claim(connection: Connection, runner_id: str, seconds: float) -> Lease | None:
    """See `Store.claim`."""
    free = or_(Study.lease_expires.is_(None), Study.lease_expires < Now())
    waiting = select(Study.id).where(Study.state.in_(sorted(CLAIMABLE)), free)
    # of two runners on PostgreSQL the second passes over the row that the first is taking
    first = waiting.order_by(Study.priority.desc(), Study.id).limit(1).with_for_update(skip_locked=True)
    study_id = connection.execute(first).scalar()
    if study_id is None:
        return None
    states.change(connection, locked(connection, study_id), "claim")
    packs.rest(connection, study_id)
    return _take(connection, Study.id == study_id, runner_id, seconds)


def renew(connection: Connection, lease: Lease, seconds: float) -> Lease:
    """See `Store.renew`."""
    held = (Study.id == lease.study_id) & (Study.token == lease.token)
    statement = update(Study).where(held).values(lease_expires=Now(seconds)).returning(Study.lease_expires)
    expires = connection.execute(statement).scalar()
    if expires is None:
        raise LeaseLost(lease.study_id, lease.token)
    return Lease(lease.study_id, lease.runner_id, lease.token, cast("datetime", expires))


def release(connection: Connection, lease: Lease) -> None:
    """See `Store.release`."""
    held = (Study.id == lease.study_id) & (Study.token == lease.token)
    if connection.execute(update(Study).where(held).values(_FREE)).rowcount:
        packs.rest(connection, lease.study_id)


def take_over(connection: Connection, runner_id: str | None) -> list[str]:
    """See `Store.take_over`."""
    dead = select(Runner.id).where(Runner.embedded)
    held = Study.runner_id == runner_id if runner_id is not None else Study.runner_id.in_(dead)
    return list(connection.execute(update(Study).where(held).values(_FREE).returning(Study.id)).scalars())


def _take(connection: Connection, which: ColumnElement[bool], runner_id: str, seconds: float) -> Lease:
    taken = update(Study).where(which)
    taken = taken.values(runner_id=runner_id, lease_expires=Now(seconds), token=Study.token + 1)
    row = connection.execute(taken.returning(Study.id, Study.token, Study.lease_expires)).one()
    return Lease(row.id, runner_id, row.token, row.lease_expires)
