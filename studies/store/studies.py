"""Studies: added, listed, moved from state to state, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, select, true
from uuid_utils import uuid7

from studies.lifecycle import ENDED, STATES, Event, State
from studies.store import batches, cursors, events, locks, secrets, states
from studies.store.errors import AlreadySubmitted, InvalidFilter, NotEnded, NotFound
from studies.store.functions import Holds, Now
from studies.store.models import IdempotencyKey, Study
from studies.store.progress import Pace, paces, progress
from studies.store.records import Idempotency, IdempotencyRecord, Lease, Page, StudyFilter, StudyRecord
from studies.store.types import storable

if TYPE_CHECKING:
    from studies.plan import Plan
    from studies.spec import StudySpec


def add(
    connection: Connection,
    spec: StudySpec,
    plan: Plan,
    versions: Mapping[str, Any],
    idempotency: Idempotency | None,
) -> StudyRecord:
    """See `Store.add_study`."""
    study_id = str(uuid7())
    connection.execute(insert(Study).values(**_row(study_id, spec, plan, versions), created=Now()))
    if idempotency is not None:
        remember(connection, idempotency, study_id)
    batches.insert_plan(connection, study_id, plan, first_pack=0)
    events.append(connection, study_id, "state", [{"state": "queued", "previous": None, "reason": None}])
    return get(connection, study_id)


def get(connection: Connection, study_id: str) -> StudyRecord:
    """See `Store.study`."""
    row = connection.execute(select(Study).where(Study.id == study_id)).mappings().first()
    if row is None:
        raise NotFound("study", study_id)
    return _record(row, paces(connection, [study_id]))


def state(connection: Connection, study_id: str) -> State:
    """See `Store.state`."""
    found = connection.execute(select(Study.state).where(Study.id == study_id)).scalar()
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
    connection.execute(delete(Study).where(Study.id == study_id))


def transition(connection: Connection, study_id: str, event: Event, lease: Lease | None, reason: str | None) -> State:
    """See `Store.transition`."""
    study = locks.locked(connection, study_id) if lease is None else locks.held(connection, lease)
    return states.change(connection, study, event, reason)


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
    statement = select(row.body_hash, row.study_id, row.status, row.fit_id)
    statement = statement.where(row.caller == _hashed(connection, caller), row.route == route, row.key == key)
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
    values["caller"] = _hashed(connection, idempotency.caller)
    connection.execute(insert(IdempotencyKey).values(**values, study_id=study_id, fit_id=fit_id, created=Now()))


def _hashed(connection: Connection, caller: str) -> str:
    return secrets.derive(connection, "caller", caller).hex()


def _row(study_id: str, spec: StudySpec, plan: Plan, versions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": study_id,
        "name": spec.name,
        "state": "queued",
        "tags": list(spec.tags),
        "priority": spec.priority,
        "task": spec.task.kind,
        "spec": spec.canonical(),
        "spec_hash": spec.hash(),
        "versions": versions,
        "total": plan.total,
        "by_outcome": {},
        "losses": 0,
        "event_seq": 0,
        "token": 0,
    }


def _conditions(filter: StudyFilter) -> ColumnElement[bool]:
    unknown = [state for state in filter.states if state not in STATES]
    if unknown:
        raise InvalidFilter("state", f"{unknown[0]!r} is not a state", STATES)
    where: list[ColumnElement[bool]] = [true()]
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
