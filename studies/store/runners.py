"""Runners, and when each was last heard of."""

from __future__ import annotations

from dataclasses import asdict, fields

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from grokscale.studies.store.functions import Now, SecondsSince
from grokscale.studies.store.models import Runner
from grokscale.studies.store.records import RunnerInfo, RunnerNews, RunnerRecord

_FORGOTTEN_SECONDS = 86_400.0


def heartbeat(connection: Connection, runner: RunnerInfo, news: RunnerNews) -> None:
    """See `Store.heartbeat`."""
    seen = update(Runner).where(Runner.id == runner.id).values(seen=Now(), **asdict(news))
    if connection.execute(seen).rowcount == 0:
        connection.execute(insert(Runner).values(**asdict(runner), **asdict(news), started=Now(), seen=Now()))
        connection.execute(delete(Runner).where(Runner.seen < Now(-_FORGOTTEN_SECONDS)))


def heard_of(connection: Connection) -> list[RunnerRecord]:
    """See `Store.runners`."""
    age = SecondsSince(Runner.seen).label("age")
    recent = Runner.seen >= Now(-_FORGOTTEN_SECONDS)
    statement = select(Runner.__table__, age).where(recent).order_by(Runner.seen.desc(), Runner.id)
    return [_record(row) for row in connection.execute(statement).mappings()]


def _record(row: RowMapping) -> RunnerRecord:
    who = {name: row[name] for name in ("id", "host", "pid", "embedded", "started", "seen")}
    news = RunnerNews(**{field.name: row[field.name] for field in fields(RunnerNews)})
    return RunnerRecord(**who, news=news, age_seconds=row["age"])
