"""A study's events. Their numbers come from the study's row, in the transaction that writes them, so that none is
missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from grokscale.studies.lifecycle import ENDED
from grokscale.studies.store.errors import NotFound
from grokscale.studies.store.functions import Now
from grokscale.studies.store.models import VISIBLE, Event, Study
from grokscale.studies.store.records import EventRecord, EventType, Head

_LARGEST = 2**63 - 1


def append(connection: Connection, study_id: str, type: EventType, data: Sequence[Mapping[str, Any]]) -> int:
    """Write events of one type; return the number of the last. The study's row must exist."""
    taken = update(Study).where(Study.id == study_id).values(event_seq=Study.event_seq + len(data))
    last = connection.execute(taken.returning(Study.event_seq)).scalar_one()
    first = last - len(data) + 1
    rows = [{"study_id": study_id, "seq": first + i, "type": type, "data": item} for i, item in enumerate(data)]
    if rows:
        connection.execute(insert(Event).values(time=Now()), rows)
    return last


def supersede(connection: Connection, study_id: str, former: int | None, data: Mapping[str, Any]) -> None:
    """Write a `progress` event in place of the previous one, so that a study's log grows with its trials and not
    with time.
    """
    if former is not None:
        connection.execute(delete(Event).where(Event.study_id == study_id, Event.seq == former))
    last = append(connection, study_id, "progress", [data])
    connection.execute(update(Study).where(Study.id == study_id).values(progress_seq=last))


def after(connection: Connection, study_id: str, seq: int, limit: int) -> list[EventRecord]:
    """See `Store.events`."""
    if connection.execute(select(Study.id).where(Study.id == study_id, VISIBLE)).first() is None:
        raise NotFound("study", study_id)
    wanted = (Event.study_id == study_id) & (Event.seq > min(seq, _LARGEST))
    return [_record(row) for row in connection.execute(select(Event).where(wanted).order_by(Event.seq).limit(limit))]


def heads(connection: Connection, study_ids: Iterable[str]) -> dict[str, Head]:
    """See `Store.heads`."""
    found = connection.execute(select(Study.id, Study.event_seq, Study.state).where(Study.id.in_(study_ids), VISIBLE))
    return {row.id: Head(row.event_seq, row.state in ENDED) for row in found}


def _record(row: Row[Any]) -> EventRecord:
    return EventRecord(row.study_id, row.seq, row.time, row.type, row.data)
