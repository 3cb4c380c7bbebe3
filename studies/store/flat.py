"""Converts an outcome into the flat columns of its trial's row, and a row into a record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping

from grokscale.studies.store.records import TrialRecord
from grokscale.studies.vocabulary import CROSSINGS, ERRORS_AT
from grokscale.trainers.trial import Crossing, Delay, ErrorPoint, Outcome

_CROSSING_PARTS = ("step", "lower", "upper", "censoring", "stayed")
_DELAY_PARTS = ("step", "lower", "upper", "censoring")


def columns(outcome: Outcome) -> dict[str, Any]:
    """Return the values of every column of `gs_trial` that an outcome sets, curves excepted."""
    flat: dict[str, Any] = {
        "outcome": outcome.outcome,
        "obtained": outcome.obtained,
        "looks": outcome.looks,
        "steps": int(outcome.steps),
        "delay_reason": outcome.delay_reason,
        "seconds": outcome.seconds,
        "theory": outcome.theory,
        "theory_reasons": outcome.theory_reasons,
        "ladder": {rung: {name: _json(c) for name, c in pair.items()} for rung, pair in outcome.ladder.items()},
        "error_reasons": outcome.error_reasons,
        "measures": {name: point.measures for name, point in outcome.errors.items() if point is not None},
        "error": outcome.error,
    }
    for name in CROSSINGS:
        flat |= _parts(name, getattr(outcome, name), _CROSSING_PARTS)
    flat |= _parts("delay", outcome.delay, _DELAY_PARTS)
    for name in ERRORS_AT:
        point = outcome.errors.get(name)
        flat[f"error_{name}"] = point and point.error
        flat[f"error_{name}_step"] = point and int(point.step)
    return flat


def record(row: RowMapping) -> TrialRecord:
    """Return a row of `gs_trial` as a record."""
    fields: dict[str, Any] = {name: row[name] for name in _SAME}
    fields |= {name: row[name] or {} for name in ("ladder", "theory", "theory_reasons", "error_reasons")}
    fields |= {name: _crossing(row, name) for name in CROSSINGS}
    fields["delay"] = _delay(row)
    fields["errors"] = {} if row["outcome"] is None else {name: _error(row, name) for name in ERRORS_AT}
    return TrialRecord(**fields)


_SAME = (
    "id",
    "study_id",
    "index",
    "configuration",
    "seed",
    "data_id",
    "stream_id",
    "config",
    "outcome",
    "obtained",
    "looks",
    "steps",
    "delay_reason",
    "pack",
    "attempt",
    "host",
    "seconds",
    "error",
)


def _parts(name: str, value: Crossing | Delay | None, parts: tuple[str, ...]) -> dict[str, Any]:
    return {f"{name}_{part}": _plain(getattr(value, part, None)) for part in parts}


def _plain(value: Any) -> Any:
    # numpy integers come out of the pack's tensors; no driver takes them
    return value if value is None or isinstance(value, str) else int(value)


def _json(crossing: Crossing | None) -> dict[str, Any] | None:
    return None if crossing is None else {part: _plain(getattr(crossing, part)) for part in _CROSSING_PARTS}


def _crossing(row: RowMapping, name: str) -> Crossing | None:
    if row[f"{name}_censoring"] is None:
        return None
    return Crossing(*(row[f"{name}_{part}"] for part in _CROSSING_PARTS))


def _delay(row: RowMapping) -> Delay | None:
    return None if row["delay_censoring"] is None else Delay(*(row[f"delay_{part}"] for part in _DELAY_PARTS))


def _error(row: RowMapping, name: str) -> ErrorPoint | None:
    if row[f"error_{name}"] is None:
        return None
    return ErrorPoint(row[f"error_{name}"], row[f"error_{name}_step"], (row["measures"] or {}).get(name, {}))


UNENDED: dict[str, None] = dict.fromkeys([*columns(Outcome(0, "failed", None, 0)), "attempt", "host"])
"""The values of these columns before the trial has ended."""
