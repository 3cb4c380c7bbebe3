"""What goes into the store and what comes out: frozen values. No ORM object leaves the store.

Times are timezone-aware UTC datetimes of the database's clock; identifiers are UUIDv7 strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from grokscale.studies.lifecycle import State
from grokscale.trainers.trial import Crossing, Delay, ErrorPoint, Obtained, OutcomeWord, Value

T = TypeVar("T")
PackState = Literal["waiting", "running", "ended", "halved"]
EventType = Literal["state", "progress", "trial"]
Verdict = Literal["retry", "halved", "failed", "ended"]


@dataclass(frozen=True, slots=True)
class Schema:
    """Alembic revisions: that of the database (None: it has no tables yet) and that of this program."""

    current: str | None
    head: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` is the cursor of the following page, None on the last."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Preparing:
    """A study waits for kernels, which are compiled once per machine and version; for about how long it still waits."""

    seconds_left: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is.

    Attributes:
        total: trials planned so far.
        ended: trials with an outcome.
        by_outcome: outcome word to count, words with a count of zero left out.
        steps_per_second: column steps per second over the running packs, as last reported; 0.0 when nothing runs.
        eta_seconds: about how long the packs planned so far still take, if as many run side by side as now; None if
            none runs, or none knows yet. The time for preparing is included.
        losses: attempts at its packs that were lost with their node or their connection, and were repeated.
        preparing: what running packs wait for before they can train; None: nothing.
    """

    total: int
    ended: int
    by_outcome: Mapping[str, int]
    steps_per_second: float
    eta_seconds: float | None
    losses: int = 0
    preparing: Preparing | None = None


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """A study as the interface shows it. `spec` is the canonical JSON form; `reason` says why a study failed."""

    id: str
    name: str
    state: State
    reason: str | None
    tags: tuple[str, ...]
    priority: int
    spec: Mapping[str, Any]
    spec_hash: str
    progress: Progress
    versions: Mapping[str, Any]
    created: datetime
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class StudyFilter:
    """Which studies to list; every condition given must hold. Newest first, always.

    `created_after` is inclusive, `created_before` is exclusive; `name_prefix` and `tag` are case-sensitive.
    """

    states: tuple[str, ...] = ()
    task: str | None = None
    name_prefix: str | None = None
    tag: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


EVERY_STUDY = StudyFilter()


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One trial without its curves. Until it has ended, `outcome` and what follows from it are None or empty.

    Attributes:
        data_id, stream_id: see `trainers.trial.Identity`.
        pack: number of the pack that trains it.
        looks: how the errors were watched, see `trainers.trial.Outcome`.
        attempt: attempt of the pack that delivered the outcome.
        ladder: threshold as written to `{"t1": crossing or None, "t2": ...}`, crossings as plain JSON objects.
        errors: `t1`, `t2`, `stop`, `min`, `settled`, `plateau`; why one is None stands in `error_reasons`.
    """

    id: str
    study_id: str
    index: int
    configuration: int
    seed: int
    data_id: str
    stream_id: str
    config: Mapping[str, Value]
    outcome: OutcomeWord | None
    obtained: Obtained | None
    looks: str | None
    steps: int | None
    t1: Crossing | None
    t1_gradient: Crossing | None
    t2: Crossing | None
    t2_plateau: Crossing | None
    delay: Delay | None
    delay_reason: str | None
    ladder: Mapping[str, Mapping[str, Mapping[str, Any] | None]]
    errors: Mapping[str, ErrorPoint | None]
    error_reasons: Mapping[str, str]
    theory: Mapping[str, float | None]
    theory_reasons: Mapping[str, str]
    pack: int
    attempt: int | None
    host: str | None
    seconds: float | None
    error: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class TrialFilter:
    """Which trials to list, and in which order.

    Attributes:
        outcomes: outcome words; `pending` for trials that have not ended. Empty: all.
        ranges: numeric configuration field to (lowest, highest), both inclusive, None for an open end. A trial whose
            field is null lies in no range.
        sort: `index`, `seed`, `outcome`, `t1`, `t2`, `steps` or a numeric configuration field, `-` before it for
            descending. t1 and t2 sort by the upper end of their interval. Missing values come last either way;
            equal ones in order of the index.
    """

    outcomes: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    sort: str = "index"


EVERY_TRIAL = TrialFilter()


@dataclass(frozen=True, slots=True)
class Curves:
    """A trial's curve: `step` and, for each column, a value or None at each point; coordinates (points, n) if asked
    for.
    """

    step: list[int]
    columns: dict[str, list[float | None]]
    coordinates: list[list[float] | None] | None = None


@dataclass(frozen=True, slots=True)
class FitSummary:
    """What a stored fit was made of.

    Attributes:
        study_id: the study under which it was made, and with which it is deleted.
        request: the request, with the ids of all studies.
        versions: of the code and libraries that fitted.
        rows_hash: SHA-256 of the rows of the likelihood as CSV.
    """

    id: str
    study_id: str
    created: datetime
    request: Mapping[str, Any]
    versions: Mapping[str, str]
    rows_hash: str


@dataclass(frozen=True, slots=True)
class FitRecord(FitSummary):
    """A stored fit with its answer, without its rows."""

    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event of a study; `seq` counts from 1 without repeats, gaps are possible."""

    study_id: str
    seq: int
    time: datetime
    type: EventType
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a study's events.

    Attributes:
        seq: number of the latest event.
        ended: the study has ended, so that no more events come unless it is retried.
    """

    seq: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The row to write with a new study or fit: who sent the request, its route and body, and the status of the
    answer.

    Only a keyed hash of `caller` is stored.
    """

    caller: str
    route: str
    key: str
    body_hash: str
    status: int = 201


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What a key was used for. `made`: whether the study is complete; else its rows are still being written."""

    body_hash: str
    study_id: str
    status: int
    fit_id: str | None = None
    made: bool = True


@dataclass(frozen=True, slots=True)
class Quota:
    """How many studies, and trials of these, one caller may have waiting: queued, paused or being created."""

    caller: str
    studies: int
    trials: int


@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """A runner as it describes itself. `embedded`: it was started by `serve`, under the lock of its DATA_DIR."""

    id: str
    host: str
    pid: int
    embedded: bool


@dataclass(frozen=True, slots=True)
class RunnerNews:
    """What a runner reports with each heartbeat.

    Attributes:
        cpus, gpus: what its cluster has, or may grow to; None: not known.
        trouble: why it takes no study; None: it takes studies.
    """

    cpus: float | None = None
    gpus: float | None = None
    trouble: str | None = None


NO_NEWS = RunnerNews()


@dataclass(frozen=True, slots=True)
class RunnerRecord:
    """A runner as last heard of.

    Attributes:
        age_seconds: since its last heartbeat, by the database's clock; negative if that clock was set back
            meanwhile.
    """

    id: str
    host: str
    pid: int
    embedded: bool
    started: datetime
    seen: datetime
    news: RunnerNews
    age_seconds: float

    def heard_within(self, seconds: float) -> bool:
        """Return whether its last heartbeat is so recent; one in the future, after the clock was set back, does not
        count.
        """
        return abs(self.age_seconds) <= seconds


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one study, valid as long as the study has this token."""

    study_id: str
    runner_id: str
    token: int


@dataclass(frozen=True, slots=True)
class PackRecord:
    """A pack of trials.

    Attributes:
        number: unique in the study; the halves of a pack that fails again and again get new numbers.
        members: indices of its trials in column order, fixed when planned (ended ones included).
        state: `waiting`, `running`, `ended`, or `halved` (its unended trials live on in two children).
        parent: id of the pack that this one was made from (as a half, or by a retry), whose checkpoints it can use.
        attempt: number of the last attempt started, 0 before the first.
        failures: attempts that failed, as far as can be told because of the pack itself.
        losses: attempts that were lost with their node or their connection, which is not the pack's fault.
        step: the last step reported.
        seconds_left: about how long its unended trials still take, as last reported; None: not known, or not begun.
        error: the last failure.
        prune_after: step at which trials without t2 are pruned; None: never.
        cut_for: number of packs side by side for which it was cut; None: it has a parent.
    """

    id: str
    study_id: str
    number: int
    members: tuple[int, ...]
    state: PackState
    parent: str | None
    attempt: int
    failures: int
    losses: int
    step: int
    steps_per_second: float | None
    seconds_left: float | None
    host: str | None
    started: datetime | None
    ended: datetime | None
    error: Mapping[str, Any] | None
    prune_after: int | None
    cut_for: int | None
