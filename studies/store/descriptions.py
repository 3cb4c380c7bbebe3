"""The descriptions that tasks had when studies of them were made. Each is stored once, by its hash, and never
changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from grokscale.studies.lifecycle import ENDED, WAITING, ImpossibleTransition
from grokscale.studies.store import locks
from grokscale.studies.store.errors import NotFound
from grokscale.studies.store.models import CONFIGURATION, VISIBLE, Configuration, Study, Trial
from grokscale.studies.store.models import Description as Snapshot
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.documents import digest, from_json, to_json
from grokscale.trainers.trial import Identity
from grokscale.trainers.trial import Trial as PlannedTrial


def of_study(connection: Connection, study_id: str) -> Description:
    """See `Store.description`."""
    statement = select(Snapshot.document).join(Study, Study.description == Snapshot.hash)
    document = connection.execute(statement.where(Study.id == study_id, VISIBLE)).scalar()
    if document is None:
        raise NotFound("study", study_id)
    return from_json(document)


def with_spec(connection: Connection, study_id: str) -> tuple[dict[str, Any], Description]:
    """Return a study's specification and the description of its task."""
    statement = select(Study.spec, Snapshot.document).join(Snapshot, Study.description == Snapshot.hash)
    spec, document = connection.execute(statement.where(Study.id == study_id)).one()
    return spec, from_json(document)


def keep(connection: Connection, one: Description) -> str:
    """Store a description that is not stored yet; return its hash."""
    row = {"hash": digest(one), "kind": one.kind, "version": one.version, "document": to_json(one)}
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    connection.execute(insert(Snapshot).values(row).on_conflict_do_nothing())
    return row["hash"]


def named(connection: Connection, study_id: str) -> list[tuple[PlannedTrial, Identity]]:
    """See `Store.identities`."""
    columns = (Trial.index, Trial.configuration, Trial.seed, Configuration.config, Trial.data_id, Trial.stream_id)
    statement = select(*columns).join(*CONFIGURATION).where(Trial.study_id == study_id).order_by(Trial.index)
    rows = connection.execute(statement).all()
    return [(PlannedTrial(*row[:4]), Identity(str(row.data_id), str(row.stream_id))) for row in rows]


def adopt(connection: Connection, study_id: str, one: Description, versions: Mapping[str, Any]) -> None:
    """See `Store.adopt`."""
    study = locks.locked(connection, study_id)
    if study.state not in ENDED | WAITING:
        raise ImpossibleTransition(study.state, "retry")
    adopted = update(Study).where(Study.id == study_id)
    connection.execute(adopted.values(description=keep(connection, one), versions=dict(versions)))
