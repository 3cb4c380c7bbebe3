"""What a task says of itself: plain data of the standard library, from which everything above the trainers derives.

Nothing here draws, trains or predicts; the class named by `implementation` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Scalar = float | int | str | None


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
    """A field that is never above another, over all combinations of swept values."""

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
        limits: the field of which it is the largest value that trains.
    """

    name: str
    unit: str
    says: str
    predicts: Literal["t1", "t2", "error_settled"] | None = None
    explains_draws: bool = False
    limits: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column of the curves, or a measure kept with each error."""

    name: str
    unit: str
    says: str


@dataclass(frozen=True, slots=True)
class Certified:
    """The problem bounds how far its errors move: every crossing is seen to the step."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The errors are looked at on a grid of steps, and a crossing lies between two of them.

    Attributes:
        dense: every step is looked at up to this one.
        every: steps between two looks afterwards; 0: by `ratio`.
        ratio: of one look's step to the last one's.
        exact: what was crossed is resolved by taking the steps between the two looks again.
    """

    dense: int = 100
    every: int = 0
    ratio: float = 1.01
    exact: bool = True


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
        rate: a monomial of fields; the default x of a law is its inverse.
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

    @property
    def data_fields(self) -> tuple[str, ...]:
        """Configuration fields which, with the seed, identify the data of a draw."""
        return tuple(one.name for one in self.every_field() if one.role == "data")

    @property
    def pack_fields(self) -> tuple[str, ...]:
        """Configuration fields in which the trials of a pack agree."""
        kinds = ("regularizer", "optimizer") if self.one_kind else ()
        return (*(one.name for one in self.every_field() if one.packs), *kinds)
