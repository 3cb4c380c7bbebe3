"""Writes outcomes as rows: the only way in which a trial ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from grokscale.studies.store import curves, events, flat, progress
from grokscale.studies.store.errors import NotFound
from grokscale.studies.store.functions import Now
from grokscale.studies.store.locks import Locked, held
from grokscale.studies.store.models import Pack, Study, Trial
from grokscale.studies.store.records import Lease
from grokscale.trainers.trial import Outcome

_PARAMETERS = 10_000
"""Values in one IN list; SQLite takes 32,766 and PostgreSQL 65,535."""


_POINTS = 20_000
"""Points of curves that are written in one transaction."""


def commit(
    connection: Connection, lease: Lease, pack_id: str, outcomes: Sequence[Outcome], attempt: int, host: str
) -> list[int]:
    """See `Store.commit`."""
    study = held(connection, lease)
    known = select(Pack.id).where(Pack.id == pack_id, Pack.study_id == study.id)
    if connection.execute(known).first() is None:
        raise NotFound("pack", pack_id)
    accepted = record(connection, study, outcomes, attempt, host)
    if accepted:
        progress.publish(connection, study)
    return accepted


def record(
    connection: Connection, study: Locked, outcomes: Sequence[Outcome], attempt: int | None, host: str | None
) -> list[int]:
    """Write the outcomes of trials that have none yet; return their indices."""
    rows = _rows(connection, study.id, [outcome.index for outcome in outcomes])
    fresh = {outcome.index: outcome for outcome in reversed(outcomes) if rows[outcome.index]["outcome"] is None}
    accepted = list(dict.fromkeys(outcome.index for outcome in outcomes if outcome.index in fresh))
    if not accepted:
        return []
    ended = [(rows[index], fresh[index]) for index in accepted]
    connection.execute(_end_trial, [_summary(row, outcome, attempt, host) for row, outcome in ended])
    curves.write(connection, [(row["id"], outcome) for row, outcome in ended])
    events.append(connection, study.id, "trial", [_announcement(row, outcome) for row, outcome in ended])
    _count(
        connection, study, Counter(outcome.outcome for _, outcome in ended), Counter(row["pack"] for row, _ in ended)
    )
    return accepted


def cancel(connection: Connection, study: Locked) -> int:
    """Give every unended trial of a study the outcome `cancelled`, end its packs, and publish the progress."""
    count = cancel_some(connection, study, None)
    end_packs(connection, study)
    return count


def end_packs(connection: Connection, study: Locked) -> None:
    """End the packs of a study that have no trial left."""
    packs = update(Pack).where(Pack.study_id == study.id, Pack.ended.is_(None))
    connection.execute(packs.values(state="ended", ended=Now(), unended=0, steps_per_second=None))


def cancel_some(connection: Connection, study: Locked, most: int | None) -> int:
    """Give some unended trials of a study, up to a number, the outcome `cancelled`; return how many they were."""
    reached = select(Pack.step).where(Pack.study_id == Trial.study_id, Pack.number == Trial.pack).scalar_subquery()
    unended = (Trial.study_id == study.id, Trial.outcome.is_(None))
    first = select(Trial.id).where(*unended).order_by(Trial.index).limit(most)
    these = unended if most is None else (Trial.id.in_(first),)
    statement = update(Trial).where(*these).values(outcome="cancelled", steps=func.coalesce(reached, 0))
    count = connection.execute(statement).rowcount
    if count:
        _count(connection, study, Counter(cancelled=count), Counter())
        progress.publish(connection, study)
    return count


def parts(outcomes: Sequence[Outcome]) -> Iterator[Sequence[Outcome]]:
    """Yield the outcomes in portions whose curves are written within some tenths of a second."""
    begin = points = 0
    for at, outcome in enumerate(outcomes):
        more = len(outcome.curve["step"]) if outcome.curve else 0
        if at > begin and points + more > _POINTS:
            yield outcomes[begin:at]
            begin, points = at, 0
        points += more
    yield outcomes[begin:]


_end_trial = update(Trial).where(Trial.id == bindparam("trial_id"))


def _rows(connection: Connection, study_id: str, indices: Sequence[int]) -> dict[int, Any]:
    found: dict[int, Any] = {}
    for start in range(0, len(indices), _PARAMETERS):
        some = indices[start : start + _PARAMETERS]
        statement = select(Trial.id, Trial.index, Trial.configuration, Trial.seed, Trial.pack, Trial.outcome)
        rows = connection.execute(statement.where(Trial.study_id == study_id, Trial.index.in_(some))).mappings()
        found |= {row["index"]: row for row in rows}
    missing = set(indices) - set(found)
    if missing:
        raise NotFound("trial", f"{study_id}/{min(missing)}")
    return found


def _summary(row: Any, outcome: Outcome, attempt: int | None, host: str | None) -> dict[str, Any]:
    curve = [name for name in outcome.curve if name != "step"]
    return {
        **flat.columns(outcome),
        "attempt": attempt,
        "host": host,
        "points": len(outcome.curve["step"]) if outcome.curve else 0,
        "curve_columns": curve,
        "trial_id": row["id"],
    }


def _announcement(row: Any, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": row["id"],
        "index": row["index"],
        "configuration": row["configuration"],
        "seed": row["seed"],
        "outcome": outcome.outcome,
        "steps": outcome.steps,
        "t1": outcome.t1 and outcome.t1.step,
        "t2": outcome.t2 and outcome.t2.step,
    }


def _count(connection: Connection, study: Locked, outcomes: Counter[str], packs: Counter[int]) -> None:
    """Adjust the counters of the study and of the packs; the study's row is locked."""
    study.by_outcome = dict(Counter(study.by_outcome) + outcomes)
    connection.execute(update(Study).where(Study.id == study.id).values(by_outcome=study.by_outcome))
    for number, count in packs.items():
        pack = update(Pack).where(Pack.study_id == study.id, Pack.number == number)
        connection.execute(pack.values(unended=Pack.unended - count))
