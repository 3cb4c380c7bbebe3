"""What a task says of itself: plain data of the standard library, from which everything above the trainers derives.

Nothing here draws, trains or predicts; the class named by `implementation` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Scalar = float | int | str | None
IMPORTED = "imported"
"""The kind of what describes runs made elsewhere: nothing carries it out, and no task may be called so."""


class _Missing:
    """The default of a field that has none."""

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"  # the one that there is, in another process too


MISSING: Final = _Missing()


# -- what a field accepts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number.

    Attributes:
        low, high: ends of its range, None for none.
        above, below: that end itself is left out.
        null: null is a value too, and what it means.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False
    null: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `low` to `high`; `null` as of `Real`."""

    low: int
    high: int
    null: str | None = None


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of 1 to 200 printable characters."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of `least` to `most` members, no two alike."""

    member: Real | Whole
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Group:
    """A nested object, or null where there is none.

    Attributes:
        name: of its type, in the JSON Schema.
        fields: of the object.
        says: what it is.
    """

    name: str
    fields: tuple[Field, ...]
    says: str


Accepts = Real | Whole | OneOf | Line | ListOf | Group


# -- fields -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a section.

    Attributes:
        name: in the specification, the configuration and the columns of tables.
        accepts: its values.
        says: what it is.
        default: its value where it is left out; MISSING: it must be given.
        sweeps: it takes lists and ranges too; only `Real` and `Whole` do.
        role: `data`: it names the data of a draw; `training`: it leaves them alone.
        packs: trials that are advanced together must agree in it.
        size: it is held against the server's limit on sizes.
        test_only: a value other than the default is for servers with GROKSCALE_TEST_TASKS=1.
        alias: its name in the specification, where `name` is a word of Python's.
        unit: "1": none.
        source: where it is defined.
        letter: what charts write for it.
        stands_for: the field of the task's rate whose place it takes in configurations that lack that one.
    """

    name: str
    accepts: Accepts
    says: str
    default: Any = MISSING
    sweeps: bool = False
    role: Literal["data", "training"] = "training"
    packs: bool = False
    size: bool = False
    test_only: bool = False
    alias: str = ""
    unit: str = "1"
    source: str = ""
    letter: str = ""
    stands_for: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One regulariser or optimiser.

    Attributes:
        kind: its word in the specification.
        title: of its type in the JSON Schema.
        says: what it does, as one line or more.
        fields: its own.
    """

    kind: str
    title: str
    says: str
    fields: tuple[Field, ...] = ()


# -- rules ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AtMost:
    """A field that is never above another, or a product of others (`n1*n2`), over all combinations of swept values."""

    field: str
    of: str


@dataclass(frozen=True, slots=True)
class Takes:
    """Which regularisers a task takes, or one of its optimisers.

    Attributes:
        regularizers: the kinds.
        optimizer: the optimiser that takes no others; empty: the task does.
        because: what is wrong with the others ("non-smooth"), or why the task takes none ("the law needs one beta").
    """

    regularizers: tuple[str, ...]
    optimizer: str = ""
    because: str = ""


Rule = AtMost | Takes


@dataclass(frozen=True, slots=True)
class Leap:
    """An engine that obtains times without taking the steps, and for which trials.

    Attributes:
        engine: its word in the specification; `surrogate` answers for another method, with intervals.
        methods: each optimiser with the regularisers of it that are taken.
        size: a field, and its largest value.
        says: which trials, in words: "proximal or gd steps".
    """

    engine: Literal["fast_forward", "surrogate"]
    methods: tuple[tuple[str, tuple[str, ...]], ...]
    size: tuple[str, int]
    says: str

    def takes(self, optimizer: str, regularizer: str) -> bool:
        """Whether trials of these kinds are taken, whatever their size."""
        return any(optimizer == one and regularizer in those for one, those in self.methods)


# -- what is predicted, and what is recorded --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One prediction of theory for a trial, known before it is trained.

    Attributes:
        name: of the column.
        unit: "1": none.
        says: what it is.
        predicts: the response that it predicts, if any.
        explains_draws: by it the draws' prefactors are told apart.
        heuristic: the distance that a heuristic count of steps divides by the rate.
        limits: the field of which it is the largest value that trains.
        letter: what charts write for it.
    """

    name: str
    unit: str
    says: str
    predicts: Literal["t1", "t2", "error_settled"] | None = None
    explains_draws: bool = False
    heuristic: bool = False
    limits: str | None = None
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of the curves, or a measure kept with each error.

    Attributes:
        name: of the column.
        unit: "1": none.
        says: what it is.
        rises: it is better the larger it is, as an accuracy: it comes to a threshold from below.
    """

    name: str
    unit: str
    says: str
    rises: bool = False


@dataclass(frozen=True, slots=True)
class Certified:
    """The problem bounds how far its errors move: every crossing is seen to the step."""

    def __str__(self) -> str:
        return "certified"


@dataclass(frozen=True, slots=True)
class Grid:
    """The errors are looked at on a grid of steps, and a crossing lies between two of them.

    Attributes:
        dense: every step is looked at up to this one, at least 0.
        every: the steps that are looked at afterwards are its multiples; 0: they go by `ratio`.
        ratio: of one look's step to the last one's, above 1.
        exact: a crossing of a study's threshold is resolved by taking the steps between the two looks again, see
            `trainers.replay`; those of the ladder's rungs stay brackets.

    Raises:
        ValueError: a value out of its range.
    """

    dense: int = 100
    every: int = 0
    ratio: float = 1.01
    exact: bool = True

    def __post_init__(self) -> None:
        if self.dense < 0 or self.every < 0 or not 1 < self.ratio < math.inf:
            raise ValueError(f"{self!r}: accepted are dense >= 0, every >= 0 and a ratio above 1")

    def __str__(self) -> str:
        return f"every {self.every}" if self.every else f"ratio {self.ratio:g}"

    def after(self, step: int) -> int:
        """Return the first step after `step` >= 0 that is looked at: the same whichever looks came before."""
        if step < self.dense:
            return step + 1
        if self.every:
            return (step // self.every + 1) * self.every
        begin = max(self.dense, 1)
        # looks are begin + k until those of the ratio are further apart
        k = max(0, min(step - begin, int(math.log(max(step, 1) / begin) / math.log(self.ratio)) - 1))
        while (look := max(begin + k, int(begin * self.ratio**k))) <= step:
            k += 1
        return look


# -- the whole --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Description:
    """A task family.

    Attributes:
        kind: its word in the specification.
        version: raised whenever equal specifications give other numbers.
        title: of its type in the JSON Schema.
        says: what it is.
        source: where it is defined.
        fields: of its section.
        regularizers, optimizers: that it takes.
        rules: between them.
        theory: its predictions.
        curves: columns recorded along a run, beside the step.
        measures: kept beside an error, at the steps where one is kept.
        coordinates: whether the iterate can be recorded.
        settles: whether the test error comes to rest.
        one_kind: trials that are advanced together share their regulariser and their optimiser.
        error: what its train and test error are.
        thresholds: of the train and the test error, by default.
        rungs: of the ladder of thresholds.
        looks: how its errors are watched.
        leaps: engines that take no steps.
        foretold: the sizes up to which theory answers within seconds, by field.
        rate: the product of fields that a trial's speed is proportional to, the strength of the regulariser last; the
            default x of a law is its inverse.
        deterministic: given the draw, nothing scatters but rounding.
        implementation: `package.module:Class` of the `Task`. What names draws and predicts needs no torch: the module
            imports it where tensors are made.
    """

    kind: str
    version: int
    title: str
    says: str
    source: str
    fields: tuple[Field, ...]
    regularizers: tuple[Section, ...]
    optimizers: tuple[Section, ...]
    error: str
    implementation: str
    rules: tuple[Rule, ...] = ()
    theory: tuple[Column, ...] = ()
    curves: tuple[Quantity, ...] = ()
    measures: tuple[Quantity, ...] = ()
    coordinates: bool = True
    settles: bool = True
    one_kind: bool = True
    thresholds: tuple[float, float] = (1e-2, 1e-2)
    rungs: tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
    looks: Certified | Grid = Certified()
    leaps: tuple[Leap, ...] = ()
    foretold: tuple[tuple[str, int], ...] = ()
    rate: str = "alpha*beta"
    deterministic: bool = True

    def leap(self, engine: str) -> Leap | None:
        """Return the engine of this name that takes no steps, None where the task has none."""
        return next((one for one in self.leaps if one.engine == engine), None)

    def every_field(self) -> Iterator[Field]:
        """Yield the fields of the task's section and of all its regularisers and optimisers, each name once."""
        seen: set[str] = set()
        for one in (*self.fields, *(each for s in (*self.regularizers, *self.optimizers) for each in s.fields)):
            if one.name not in seen:
                seen.add(one.name)
                yield one

    def predicting(self, response: str) -> Column | None:
        """Return the first prediction of a response, None where there is none."""
        return next((column for column in self.theory if column.predicts == response), None)

    @property
    def rate_fields(self) -> tuple[str, ...]:
        """The factors of the rate."""
        return tuple(self.rate.split("*"))

    def slowness(self) -> Callable[[Mapping[str, Any]], float]:
        """Return what gives 1/rate of a configuration: what its times are proportional to, all else equal; inf at 0.

        A factor that a configuration lacks is that of the field which stands for it, and is left out where none does.
        """
        standing = {one.stands_for: one.name for one in self.every_field() if one.stands_for}
        factors = [(name, standing.get(name, "")) for name in self.rate_fields]

        def of(config: Mapping[str, Any]) -> float:
            rate = math.prod(config.get(name, config.get(other, 1.0)) for name, other in factors)
            return 1 / rate if rate else math.inf

        return of

    def measure(self, name: str) -> Quantity | None:
        """Return the measure of this name, None where the task has none."""
        return next((one for one in self.measures if one.name == name), None)

    @property
    def watches_measures(self) -> bool:
        """Whether a study's threshold may be one of a measure: bounds and leaps know of the errors alone."""
        return bool(self.measures) and isinstance(self.looks, Grid) and not self.leaps

    @property
    def data_fields(self) -> tuple[str, ...]:
        """Configuration fields which, with the seed, identify the data of a draw."""
        return tuple(one.name for one in self.every_field() if one.role == "data")

    @property
    def pack_fields(self) -> tuple[str, ...]:
        """Configuration fields in which the trials of a pack agree."""
        kinds = ("regularizer", "optimizer") if self.one_kind else ()
        return (*(one.name for one in self.every_field() if one.packs), *kinds)
