"""Runners: who they are and when they were last heard of."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, insert, select, update

from studies.store.functions import Now, SecondsSince
from studies.store.models import Runner
from studies.store.records import RunnerInfo, RunnerRecord

_FORGOTTEN_SECONDS = 86_400.0


def heartbeat(connection: Connection, runner: RunnerInfo) -> None:
    """See `Store.heartbeat`."""
    seen = update(Runner).where(Runner.id == runner.id).values(seen=Now())
    if connection.execute(seen).rowcount == 0:
        connection.execute(insert(Runner).values(**asdict(runner), started=Now(), seen=Now()))
        connection.execute(delete(Runner).where(Runner.seen < Now(-_FORGOTTEN_SECONDS)))


def heard_of(connection: Connection) -> list[RunnerRecord]:
    """See `Store.runners`."""
    age = SecondsSince(Runner.seen)
    columns = (Runner.id, Runner.host, Runner.pid, Runner.embedded, Runner.started, Runner.seen, age)
    statement = select(*columns).where(Runner.seen >= Now(-_FORGOTTEN_SECONDS)).order_by(Runner.seen.desc(), Runner.id)
    return [RunnerRecord(*row) for row in connection.execute(statement)]
