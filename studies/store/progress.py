"""The progress of studies: the counters of a study's row, and the speed and remaining time of its packs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, case, func, select

from grokscale.studies.store import events
from grokscale.studies.store.locks import Locked
from grokscale.studies.store.models import Pack
from grokscale.studies.store.records import Preparing, Progress


@dataclass(frozen=True, slots=True)
class Pace:
    """Column steps per second of a study's running packs, and seconds until its open packs end; None: not known.

    `preparing`: seconds, of these, for which running packs wait for kernels; None: no pack waits.
    """

    speed: float = 0.0
    left: float | None = None
    preparing: float | None = None


def paces(connection: Connection, study_ids: Iterable[str]) -> dict[str, Pace]:
    """Return the pace of each study that has open packs, in one statement."""
    open, running = Pack.state.in_(["waiting", "running"]), Pack.state == "running"
    unknown = open & Pack.seconds_left.is_(None)
    studies = select(Pack.study_id).where(Pack.study_id.in_(list(study_ids)), open).distinct()
    statement = (
        select(
            Pack.study_id,
            func.sum(case((running, func.coalesce(Pack.steps_per_second, 0.0)), else_=0.0)),
            func.sum(case((running, 1), else_=0)),
            func.coalesce(func.max(case((running, Pack.seconds_left))), 0.0),
            func.sum(case((open, func.coalesce(Pack.seconds_left, 0.0)), else_=0.0)),
            func.sum(case((unknown, Pack.unended), else_=0)),
            func.avg(Pack.seconds_per_trial),
            func.max(case((running, Pack.preparing))),
        )
        .where(Pack.study_id.in_(studies))
        .group_by(Pack.study_id)
    )
    rows = connection.execute(statement)
    return {id: _pace(speed, _left(*numbers), preparing) for id, speed, *numbers, preparing in rows}


def _pace(speed: float, left: float | None, preparing: float | None) -> Pace:
    # kernels are compiled once a machine, and packs begin side by side: they wait together, not one after another
    return Pace(float(speed), left if left is None or preparing is None else left + preparing, preparing)


def _left(running: int, longest: float, known: float, trials: int, each: float | None) -> float | None:
    """Return how long the open packs take if as many run side by side as now.

    Args:
        running: packs.
        longest: the longest time that one of these takes, in seconds.
        known: the sum of the times of all packs whose time is known, in seconds.
        trials: number of trials of the packs whose time is not known.
        each: seconds per trial of the packs whose time was ever known; None: there is none.
    """
    if not running or (trials and each is None):
        return None
    return max(float(longest), (float(known) + int(trials) * float(each or 0.0)) / int(running))


def progress(total: int, by_outcome: Mapping[str, int], losses: int, pace: Pace) -> Progress:
    """Combine a study's counters and its pace."""
    preparing = None if pace.preparing is None else Preparing(pace.preparing)
    ended = sum(by_outcome.values())
    return Progress(total, ended, dict(by_outcome), pace.speed, pace.left, losses, preparing)


def publish(connection: Connection, study: Locked) -> None:
    """Write the study's progress as an event."""
    pace = paces(connection, [study.id]).get(study.id, Pace())
    data = as_json(progress(study.total, study.by_outcome, study.losses, pace))
    events.supersede(connection, study.id, study.progress_seq, data)


def as_json(progress: Progress) -> dict[str, Any]:
    """Return the interface's progress object."""
    return {
        "total": progress.total,
        "ended": progress.ended,
        "by_outcome": dict(progress.by_outcome),
        "steps_per_second": progress.steps_per_second,
        "eta_seconds": progress.eta_seconds,
        "losses": progress.losses,
        "preparing": None if progress.preparing is None else asdict(progress.preparing),
    }
