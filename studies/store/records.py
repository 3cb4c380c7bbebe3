"""What goes into the store and what comes out: frozen values, no ORM object ever leaves.

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
    """Alembic revisions: of the database (None: no tables yet) and of this program."""

    current: str | None
    head: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next` is the cursor of the following page, None on the last."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Preparing:
    """A study waits for kernels that are being compiled, once a machine and version; for about how long still."""

    seconds_left: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a study is.

    Attributes:
        total: trials planned so far.
        ended: trials with an outcome.
        by_outcome: outcome word to count, words with a count of zero left out.
        steps_per_second: column steps per second over the running packs, as last reported; 0.0 when nothing runs.
        eta_seconds: about how long the packs planned so far still take, as many side by side as now run; None where
            none runs, or where none knows yet. What it takes to prepare is in it.
        losses: attempts of its packs that were lost with their node or their connection, and were taken up again.
        preparing: what running packs wait for before they train; None: nothing.
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

    `created_after` is inclusive, `created_before` is not; `name_prefix` and `tag` mind the case.
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
    """One trial with all but its curves. Until it has ended, `outcome` and what follows from it are None or empty.

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
    """A trial's curve: `step` and, per column, one value or None a point; coordinates (points, n) where asked for."""

    step: list[int]
    columns: dict[str, list[float | None]]
    coordinates: list[list[float] | None] | None = None


@dataclass(frozen=True, slots=True)
class FitSummary:
    """What a stored fit was made of.

    Attributes:
        study_id: the study under which it was made, and with which it is deleted.
        request: what was asked, the ids of all studies among it.
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
    """How far a study's events go.

    Attributes:
        seq: number of the latest.
        ended: the study has ended, so that no more come unless it is revived.
    """

    seq: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The row to write beside a new study or fit: who asked what, with which body, and the status that was answered.

    What is written of `caller` is a keyed hash.
    """

    caller: str
    route: str
    key: str
    body_hash: str
    status: int = 201


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What a key was used for. `made`: whether the study is there; else its rows are being written."""

    body_hash: str
    study_id: str
    status: int
    fit_id: str | None = None
    made: bool = True


@dataclass(frozen=True, slots=True)
class Quota:
    """What one caller may have waiting at most, queued, paused or being made: studies, and trials of all of these."""

    caller: str
    studies: int
    trials: int


@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """A runner as it presents itself. `embedded`: started by `serve`, under the lock of its DATA_DIR."""

    id: str
    host: str
    pid: int
    embedded: bool


@dataclass(frozen=True, slots=True)
class RunnerNews:
    """What a runner says with each sign of life.

    Attributes:
        cpus, gpus: of its cluster, or what that may grow to; None: not known.
        trouble: why it takes no study; None: it does.
    """

    cpus: float | None = None
    gpus: float | None = None
    trouble: str | None = None


NO_NEWS = RunnerNews()


@dataclass(frozen=True, slots=True)
class RunnerRecord:
    """A runner as last heard of.

    Attributes:
        age_seconds: since its last heartbeat, by the database's clock; negative where that was put back since.
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
        """Return whether it was heard of so lately; a heartbeat that is still to come tells nothing."""
        return abs(self.age_seconds) <= seconds


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one study, good while the study's token is this one."""

    study_id: str
    runner_id: str
    token: int


@dataclass(frozen=True, slots=True)
class PackRecord:
    """A pack of trials.

    Attributes:
        number: unique in the study; the halves of a poison pack get new ones.
        members: indices of its trials in column order, fixed when planned (ended ones included).
        state: `waiting`, `running`, `ended`, or `halved` (its unended trials live on in two children).
        parent: id of the pack that this one was made from (a half, or a retry): its checkpoints serve this one too.
        attempt: number of the last attempt started, 0 before the first.
        failures: attempts that failed, each by the fault of the pack as far as anyone can tell.
        losses: attempts that were lost with their node or their connection: no fault of the pack.
        step: the last step reported.
        seconds_left: about how long its unended trials still take, as last reported; None: not known, or not begun.
        error: the last failure.
        prune_after: step at which its trials are pruned that have not come to t2; None: never.
        cut_for: packs side by side that it was cut for; None: it has a parent.
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
