"""What one trial is, what a pack of them is, and what comes out: plain values, the only types that cross a process.

Nothing in a `Trial` depends on packing, order or the size of the cluster.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

Value = float | int | str | None
"""One field of a configuration. `None` is a stated absence (`snr: null` is noise-free)."""

Censoring = Literal["exact", "interval", "left", "right", "infeasible", "stalled"]
OutcomeWord = Literal[
    "generalised",
    "memorised",
    "not_memorised",
    "infeasible",
    "stalled",
    "diverged",
    "pruned",
    "uninformative_data",
    "failed",
    "cancelled",
]
Obtained = Literal["stepped", "fast_forward", "surrogate"]
StopRule = Literal["after_t2", "settled", "max_steps"]


def number(config: Mapping[str, Value], field: str) -> float:
    """Return a numeric field of a configuration."""
    value = config[field]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{field} must be a number, not {value!r}")
    return float(value)


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration with one seed.

    Attributes:
        index: position in the study's plan, 0-based, stable for the life of the study.
        configuration: number of the point of the swept fields; trials that differ only in `seed` share it.
        seed: the number of the specification, 0 <= seed < 2**32; all alpha and beta of a seed share their data.
        config: flat, fixed and swept fields together: `alpha`, `beta` (or `beta1`, `beta2`), `N`, `n`, `s`, ...,
            with `regularizer` and `optimizer` naming their kinds.
    """

    index: int
    configuration: int
    seed: int
    config: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells which trials share their data, and which share random numbers; see `tasks.registry.identities`.

    Attributes:
        data_id: the data of the trial. Trials with one `data_id` and one configuration are the same run.
        stream_id: the random numbers that the data are made of. Data of one stream are not independent of each other:
            under `stream: legacy` one seed serves every N.
    """

    data_id: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a trial may run and what is kept of it.

    Attributes:
        max_steps: steps after which an unfinished run is right-censored, 1 <= max_steps <= 1e12.
        max_seconds: wall-clock limit of the pack's compute time, or None.
        stop: `after_t2` (t2 plus max(1000 steps, 2 %)), `settled` (until certified, settled or out of budget),
            `max_steps`. The specification's `auto` is resolved by the plan, so it never arrives here.
        record: `curves`, or `coordinates` for the iterate too at the curve's steps.
        train_threshold: train error that counts as memorised, in (0, 1); of a measure any finite number.
        test_threshold: test error that counts as generalised, likewise.
        train_measure, test_measure: the measure of the task that is held against it in place of the error, or None.
        plateau_every: cadence in steps of the published plateau rule D2 after its dense prefix of 1000 steps
            (published code: 1000 for vectors); `t2_plateau` depends on it, see docs/science.md.
        prune_after: step at which a trial that has not come to t2 is pruned, >= 1; None: never.
    """

    max_steps: int
    max_seconds: float | None = None
    stop: StopRule = "after_t2"
    record: Literal["curves", "coordinates"] = "curves"
    train_threshold: float = 1e-2
    test_threshold: float = 1e-2
    plateau_every: int = 1000
    prune_after: int | None = None
    train_measure: str | None = None
    test_measure: str | None = None

    @property
    def without_t2(self) -> int:
        """Steps that a trial takes at most that does not come to t2."""
        return self.max_steps if self.prune_after is None else min(self.max_steps, self.prune_after)

    def steps(self, expected: float | None) -> int | None:
        """Return how many steps a trial takes that ends of itself after about `expected` steps; None: unknown."""
        if self.stop == "max_steps":
            return self.max_steps
        return None if expected is None else math.ceil(min(self.max_steps, expected))


@dataclass(frozen=True, slots=True)
class Pack:
    """Trials that advance together as stacked tensors; membership and order are fixed when planned."""

    id: str
    task: str
    trials: tuple[Trial, ...]
    study_seed: int
    budget: Budget
    engine: str = "step"
    device: str = "cpu"
    threads: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Pack:
        """Rebuild a pack from `to_json`."""
        fields = dict(data)
        fields["trials"] = tuple(Trial(**t) for t in fields["trials"])
        fields["budget"] = Budget(**fields["budget"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Crossing:
    """When an error first came to or below a threshold: the crossing lies in `(lower, upper]` (steps).

    `step` is set only where the crossing was seen to the step (`exact`, and 0 for `left`, which is `(-1, 0]`).
    `upper` is None where there is no upper end (`right`, `infeasible`, `stalled`). `stayed` is the step from which
    the error never rose above the threshold again, None where it was above it at the end.
    """

    step: int | None
    lower: int
    upper: int | None
    censoring: Censoring
    stayed: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorPoint:
    """The test error at one step, and what the task measures beside it (`Description.measures`); None: not finite."""

    error: float
    step: int
    measures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delay:
    """t2 - t1 in steps, in `(lower, upper]`; `step` where both crossings were seen to the step."""

    step: int | None
    lower: int
    upper: int | None
    censoring: Censoring


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that one ended trial leaves behind.

    Attributes:
        index: the trial's index in its study.
        outcome: the word of the interface (see `OutcomeWord`).
        obtained: how the times were obtained; None where nothing ran.
        looks: how the errors were watched: `certified`, where no step could have hidden a crossing; `every 10` or
            `ratio 1.01`, where they were looked at on such a grid. None where nothing ran.
        steps: steps taken (the step of divergence for `diverged`).
        t1, t1_gradient, t2, t2_plateau: crossings, None where the outcome has none (diverged, failed, ...).
        delay: t2 - t1, None with `delay_reason`.
        ladder: threshold as written (`"1e-2"`) to `{"t1": Crossing | None, "t2": Crossing | None}`.
        errors: `t1`, `t2`, `stop`, `min`, `settled`, `plateau`, each an `ErrorPoint` or None.
        error_reasons: why one of a trial that was trained is None, by its name.
        theory: the theory columns, finite or None.
        theory_reasons: why a theory column is None, by column.
        curve: column name to array of shape (points,), `step` (int64) among them; empty where nothing ran.
        coordinates: the iterate at the curve's steps, shape (points, n), where the budget asked for it.
        seconds: the trial's share of its pack's compute time.
        error: `{"type", "message", ...}` for diverged and failed, with `traceback`, `host`, `attempt` when failed.
    """

    index: int
    outcome: OutcomeWord
    obtained: Obtained | None
    steps: int
    looks: str | None = None
    t1: Crossing | None = None
    t1_gradient: Crossing | None = None
    t2: Crossing | None = None
    t2_plateau: Crossing | None = None
    delay: Delay | None = None
    delay_reason: str | None = None
    ladder: Mapping[str, Mapping[str, Crossing | None]] = field(default_factory=dict)
    errors: Mapping[str, ErrorPoint | None] = field(default_factory=dict)
    error_reasons: Mapping[str, str] = field(default_factory=dict)
    theory: Mapping[str, float | None] = field(default_factory=dict)
    theory_reasons: Mapping[str, str] = field(default_factory=dict)
    curve: Mapping[str, np.ndarray] = field(default_factory=dict)
    coordinates: np.ndarray | None = None
    seconds: float = 0.0
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a pack says about once a second.

    Attributes:
        step: the pack's step counter (every live column is at this step).
        steps: column steps taken since the last report (sum over the live columns).
        alive: columns still running.
        seconds_left: about how long they still take; None: the length of one is unknown.
        preparing: about how long until kernels are compiled that the pack waits for; None: it trains.
        outcomes: trials that ended since the last report (on resume: all that the checkpoint carried, again).
        done: no column is left.
    """

    step: int
    steps: int
    alive: int
    seconds_left: float | None
    outcomes: tuple[Outcome, ...] = ()
    done: bool = False
    preparing: float | None = None


def finite(value: float | None) -> float | None:
    """Return the value, or None where it is not a finite number: the one guard before JSON and SQL."""
    return None if value is None or not math.isfinite(value) else float(value)
