"""The ladder of thresholds, and how crossings of the two errors become a trial's times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grokscale.trainers.trial import Crossing, Delay


def named(rungs: Sequence[float]) -> dict[str, float]:
    """Return thresholds by the name they bear in results: 0.01 is `1e-2`."""
    parts = (f"{rung:e}".split("e") for rung in rungs)
    return {f"{float(digits):g}e{int(power)}": rung for (digits, power), rung in zip(parts, rungs, strict=True)}


@dataclass(frozen=True)
class NoDelay:
    """Why t2 - t1 has no value."""

    reason: str


def delay(t1: Crossing | None, t2: Crossing | None) -> Delay | NoDelay:
    """Return t2 - t1 as an interval in steps; none where either is missing, or where t1 comes after t2."""
    if t1 is None or t2 is None:
        return NoDelay("t1 or t2 is not defined for this trial")
    if t1.upper is None:
        return NoDelay(f"t1 is {t1.censoring}")
    if t2.upper is None:
        if t2.censoring != "right":
            return NoDelay(f"t2 is {t2.censoring}")
        return Delay(step=None, lower=t2.lower - t1.upper, upper=None, censoring="right")
    if t1.step is not None and t2.step is not None:
        if t1.step > t2.step:
            return NoDelay("after_t2: the train threshold was crossed after t2")
        step = t2.step - t1.step
        return Delay(step=step, lower=step - 1, upper=step, censoring="exact")
    if t1.lower >= t2.upper:
        return NoDelay("after_t2: the train threshold was crossed after t2")
    return Delay(step=None, lower=t2.lower - t1.upper, upper=t2.upper - t1.lower, censoring="interval")
