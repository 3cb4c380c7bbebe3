"""How far studies are: counters of the study's row, speed and prediction of its packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from studies.store import events
from studies.store.locks import Locked
from studies.store.models import Pack
from studies.store.records import Progress


@dataclass(frozen=True, slots=True)
class Pace:
    """Column steps per second of a study's running packs; column steps left in its open ones, None: not predicted."""

    speed: float = 0.0
    left: float | None = None


def paces(connection: Connection, study_ids: Iterable[str]) -> dict[str, Pace]:
    """Return the pace of each study that has open packs, in one statement."""
    left = case((Pack.predicted_steps > Pack.step, (Pack.predicted_steps - Pack.step) * Pack.unended), else_=0)
    speed = case((Pack.state == "running", func.coalesce(Pack.steps_per_second, 0.0)), else_=0.0)
    statement = (
        select(
            Pack.study_id,
            func.sum(speed),
            func.sum(left),
            func.count() - func.count(Pack.predicted_steps),
        )
        .where(Pack.study_id.in_(list(study_ids)), Pack.state.in_(["waiting", "running"]))
        .group_by(Pack.study_id)
    )
    return {id: Pace(float(v), None if unknown else float(n)) for id, v, n, unknown in connection.execute(statement)}


def progress(total: int, by_outcome: Mapping[str, int], pace: Pace) -> Progress:
    """Put a study's counters and pace together."""
    eta = pace.left / pace.speed if pace.left is not None and pace.speed > 0 else None
    return Progress(total, sum(by_outcome.values()), dict(by_outcome), pace.speed, eta)


def publish(connection: Connection, study: Locked) -> None:
    """Write the study's progress as an event."""
    pace = paces(connection, [study.id]).get(study.id, Pace())
    data = as_json(progress(study.total, study.by_outcome, pace))
    events.supersede(connection, study.id, study.progress_seq, data)


def as_json(progress: Progress) -> dict[str, Any]:
    """Return the interface's progress object."""
    return {
        "total": progress.total,
        "ended": progress.ended,
        "by_outcome": dict(progress.by_outcome),
        "steps_per_second": progress.steps_per_second,
        "eta_seconds": progress.eta_seconds,
    }
