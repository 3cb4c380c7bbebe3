"""Studies: read, listed, moved from state to state, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, insert, select

from grokscale.studies.lifecycle import ENDED, HIDDEN, STATES, WAITING, Event, State
from grokscale.studies.store import batches, cursors, leases, locks, packs, removal, secrets, states
from grokscale.studies.store.errors import AlreadySubmitted, InvalidFilter, NotEnded, NotFound
from grokscale.studies.store.functions import Holds, Now
from grokscale.studies.store.models import VISIBLE, IdempotencyKey, Study
from grokscale.studies.store.progress import Pace, paces, progress
from grokscale.studies.store.records import Idempotency, IdempotencyRecord, Lease, Page, StudyFilter, StudyRecord
from grokscale.studies.store.types import storable

CANCEL_SECONDS = 30.0
"""Seconds between two transactions that cancel trials of a study, some at a time."""


def get(connection: Connection, study_id: str) -> StudyRecord:
    """See `Store.study`."""
    row = connection.execute(select(Study).where(Study.id == study_id, VISIBLE)).mappings().first()
    if row is None:
        raise NotFound("study", study_id)
    return _record(row, paces(connection, [study_id]))


def state(connection: Connection, study_id: str) -> State:
    """See `Store.state`."""
    found = connection.execute(select(Study.state).where(Study.id == study_id, VISIBLE)).scalar()
    if found is None:
        raise NotFound("study", study_id)
    return cast("State", found)


def page(connection: Connection, filter: StudyFilter, limit: int, cursor: str | None) -> Page[StudyRecord]:
    """See `Store.studies`: one statement for the studies, one for their packs' pace."""
    where = _conditions(filter)
    seal = cursors.seal("studies", *(getattr(filter, name) for name in StudyFilter.__dataclass_fields__))
    if cursor is not None:
        where &= Study.id < cursors.decode(cursor, seal, str)[0]
    # identifiers are time-ordered, so the newest study has the largest
    statement = select(Study).where(where).order_by(Study.id.desc()).limit(limit + 1)
    rows = connection.execute(statement).mappings().all()
    pace = paces(connection, [row["id"] for row in rows[:limit]])
    items = tuple(_record(row, pace) for row in rows[:limit])
    return Page(items, cursors.encode(seal, items[-1].id) if len(rows) > limit else None)


def delete_ended(connection: Connection, study_id: str) -> None:
    """See `Store.delete_study`."""
    study = locks.locked(connection, study_id)
    if study.state not in ENDED:
        raise NotEnded(f"study {study_id} is {study.state}: only an ended study can be deleted; cancel it first")
    removal.hide(connection, Study.id == study_id)


def transition(
    connection: Connection, study_id: str, event: Event, lease: Lease | None, reason: str | None
) -> tuple[State, Lease | None]:
    """See `Store.transition`. Returns a lease too if the caller has to cancel the study's trials, some at a time."""
    study = locks.locked(connection, study_id) if lease is None else locks.held(connection, lease)
    if event == "cancel" and study.total - study.ended > batches.AT_ONCE and lease is None:
        if study.state in WAITING:
            return states.change(connection, study, "cancelling", reason), _ours(connection, study_id)
        if study.state == "cancelling" and study.free:  # whoever began is dead
            return study.state, _ours(connection, study_id)
    return states.change(connection, study, event, reason), None


def _ours(connection: Connection, study_id: str) -> Lease:
    return leases.take(connection, study_id, leases.SERVICE, CANCEL_SECONDS)


def revive_some(connection: Connection, study_id: str, lease: Lease | None) -> bool:
    """Make some trials of an ended study unended again before it is retried; return whether very many are left."""
    study = locks.locked(connection, study_id) if lease is None else locks.held(connection, lease)
    states.refuse_imported(study, "retry")
    if study.state not in ENDED:
        return False
    return packs.revive(connection, study, batches.AT_ONCE)


def finish(connection: Connection, lease: Lease) -> State:
    """See `Store.finish`."""
    study = locks.held(connection, lease)
    all_ended = study.ended == study.total
    event: dict[State, Event] = {
        "pausing": "complete" if all_ended else "paused",
        "stopping": "stopped",
        "cancelling": "cancelled",
    }
    return states.change(connection, study, event.get(study.state, "complete"))


def recall(connection: Connection, caller: str, route: str, key: str) -> IdempotencyRecord | None:
    """See `Store.recall`."""
    row = IdempotencyKey
    made = Study.state.not_in(HIDDEN)
    statement = select(row.body_hash, row.study_id, row.status, row.fit_id, made).join(Study, Study.id == row.study_id)
    statement = statement.where(row.caller == secrets.hashed(connection, caller), row.route == route, row.key == key)
    found = connection.execute(statement).first()
    return None if found is None else IdempotencyRecord(*found)


def remember(connection: Connection, idempotency: Idempotency, study_id: str, fit_id: str | None = None) -> None:
    """Write what a key was used for.

    Raises:
        AlreadySubmitted: it was used before.
    """
    used = recall(connection, idempotency.caller, idempotency.route, idempotency.key)
    if used is not None:
        raise AlreadySubmitted(used)
    values = {name: getattr(idempotency, name) for name in Idempotency.__dataclass_fields__}
    values["caller"] = secrets.hashed(connection, idempotency.caller)
    connection.execute(insert(IdempotencyKey).values(**values, study_id=study_id, fit_id=fit_id, created=Now()))


def _conditions(filter: StudyFilter) -> ColumnElement[bool]:
    unknown = [state for state in filter.states if state not in STATES]
    if unknown:
        raise InvalidFilter("state", f"{unknown[0]!r} is not a state", STATES)
    where: list[ColumnElement[bool]] = [VISIBLE]
    if filter.states:
        where.append(Study.state.in_(filter.states))
    if filter.task is not None:
        where.append(Study.task == filter.task)
    if filter.name_prefix is not None:
        # LIKE would ignore the case on SQLite and not on PostgreSQL
        where.append(func.substr(Study.name, 1, len(filter.name_prefix)) == storable(filter.name_prefix))
    if filter.tag is not None:
        where.append(Holds(Study.tags, storable(filter.tag)))
    if filter.created_after is not None:
        where.append(Study.created >= filter.created_after)
    if filter.created_before is not None:
        where.append(Study.created < filter.created_before)
    return and_(*where)


def _record(row: RowMapping, pace: Mapping[str, Pace]) -> StudyRecord:
    names = (
        "id",
        "name",
        "state",
        "reason",
        "priority",
        "spec",
        "spec_hash",
        "versions",
        "created",
        "started",
        "ended",
    )
    return StudyRecord(
        **{name: row[name] for name in names},
        tags=tuple(row["tags"]),
        progress=progress(row["total"], row["by_outcome"], row["losses"], pace.get(row["id"], Pace())),
    )
