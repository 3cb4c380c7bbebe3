"""The short way to a task: a class whose instances are trials, and which says all else of itself."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from grokscale.trainers.simple.describing import DTYPE, check, dtype_of, optimizer_of, regularizer_of
from grokscale.trainers.simple.fields import fields_of
from grokscale.trainers.task import Streams, Theory
from grokscale.trainers.tasks.description import Description, Grid, OneOf, Quantity, Section, Whole
from grokscale.trainers.trial import Budget, Identity, Trial, Value

if TYPE_CHECKING:
    import torch

    from grokscale.trainers.kernels import Kernel
    from grokscale.trainers.simple.costs import Cost
    from grokscale.trainers.task import Leaps, Problem


@dataclass(frozen=True)
class Draw:
    """The random numbers of a draw: `draw("data")` is a generator on the CPU, at the start of the stream "data"."""

    streams: Streams

    def __call__(self, name: str) -> torch.Generator:
        """Return a fresh generator: the same for all trials of a draw, whatever else they differ in."""
        import torch

        return torch.Generator().manual_seed(int(self.streams.generator(name).integers(2**63)))


class SimpleTask:
    """A task of one's own.

    ```python
    class Diagonal(SimpleTask, kind="diagonal"):
        '''Sparse recovery by a = u*u - v*v.'''
        n: int = field(60, "coordinates", data=True)
        state = ("u", "v")
        measures = ("l2",)
        def start(self, draw, device): ...
        def step(self, k): ...
        def measure(self): ...
    ```

    An instance is one trial; its fields, those of the two methods too, are attributes. Class keywords:

    * `kind`: its word in specifications; `version`: raised whenever equal specifications give other numbers.
    * `alpha`, `beta`: other names of the step size and the strength, such as `lr` and `weight_decay`.
    * `optimizer`, `regularizer`: other kinds of the two sections, which are `{kind: own, alpha}` and
      `{kind: own, beta}`; or a `Section` with fields of its own.
    * `rate`: the product of fields that speed is proportional to, `alpha*beta`; the default x of laws is its inverse.
    * `thresholds`: of train and test error; `looks`: a `Grid`; `error`: what the errors are, in words.
    * `dtype`: of tensors that are made without one, unless a study states another: it is a field of every simple task.

    Attributes:
        state: names of the attributes that steps change: tensors, modules, optimisers, random generators, plain values.
            They are the checkpoint. A tensor is loaded in place, so that its optimiser goes on with it.
        measures: names of what `measure` gives beside the two errors. They are stated, as whoever reads a
            specification knows the columns of its tables, and runs nothing.
        rises: those of the measures that are better the larger they are, as an accuracy: a threshold on one of them,
            `train_threshold: {train_accuracy: 0.99}` in a study's budget, is met from below.
        description: made when the class is.
        dtype: of the trial's tensors that are made without one.

    Forecasts take some steps to know what they cost. A task whose `start` takes seconds says it instead, by methods
    `memory` and `seconds_per_step` of its own.

    Many trials at once: `stack(trials, draws, device)` returns a `Problem` (see `grokscale.trainers.task`), in place of
    `start`, `step`, `measure` and `state`.
    """

    description: Description
    state: ClassVar[Sequence[str]] = ()
    measures: ClassVar[Sequence[str]] = ()
    rises: ClassVar[Sequence[str]] = ()
    dtype: str = "float64"
    leaps: Leaps | None = None
    stack: Any = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...  # its fields

    def __init_subclass__(
        cls,
        *,
        kind: str = "",
        version: int = 1,
        alpha: str = "alpha",
        beta: str = "beta",
        optimizer: str | Section = "own",
        regularizer: str | Section = "own",
        rate: str = "",
        thresholds: tuple[float, float] = (1e-2, 1e-2),
        looks: Grid | None = None,
        error: str = "what `measure` gives",
        dtype: str = "float64",
        **others: Any,
    ) -> None:
        """Make the description. TypeError: something is missing; the message names class and member."""
        super().__init_subclass__(**others)
        if not kind:
            raise TypeError(f'{cls.__name__} has no kind; accepted: class {cls.__name__}(SimpleTask, kind="...")')
        inherited = cls.description.fields if hasattr(cls, "description") else ()
        own = fields_of(cls)
        names = {one.name for one in own}
        check(cls, SimpleTask, (*names, alpha, beta), dtype)
        cls.dtype = dtype
        said = inspect.cleandoc(cls.__dict__.get("__doc__") or cls.__name__)
        cls.description = Description(
            kind=kind,
            version=version,
            title=cls.__name__,
            says=said,
            source="",
            fields=(*(one for one in inherited if one.name not in {*names, DTYPE}), *own, dtype_of(dtype)),
            regularizers=(regularizer_of(cls.__name__, regularizer, beta),),
            optimizers=(optimizer_of(cls.__name__, optimizer, alpha),),
            curves=tuple(
                Quantity(name, "1", f"{name.replace('_', ' ')}, as the task measures it")
                for name in ("train_error", "test_error", *cls.measures)
            ),
            measures=tuple(
                Quantity(name, "1", "as the task measures it", rises=name in cls.rises) for name in cls.measures
            ),
            coordinates=False,
            settles=False,
            error=error,
            thresholds=thresholds,
            looks=looks or Grid(),
            rate=rate or f"{alpha}*{beta}",
            implementation=f"{cls.__module__}:{cls.__name__}",
        )

    # -- what a task of one's own does ------------------------------------------------------------------------------

    def start(self, draw: Draw, device: torch.device) -> None:
        """Make data and parameters.

        Args:
            draw: `draw("data")` is a `torch.Generator` on the CPU; each name is a stream of its own, and all trials of
                a draw have the same.
            device: where tensors belong.
        """
        raise NotImplementedError

    def step(self, k: int) -> None:
        """Take `k >= 1` steps."""
        raise NotImplementedError

    def measure(self) -> Mapping[str, Any]:
        """Return `train_error`, `test_error` and what `measures` lists, one number each, finite or not."""
        raise NotImplementedError

    # -- what the engine asks of it ---------------------------------------------------------------------------------

    def kernels(self) -> tuple[Kernel, ...]:
        """Nothing is compiled."""
        return ()

    def draw(self, config: Mapping[str, Value], streams: Streams) -> Draw:
        """Return the random numbers of a seed; trials make the data of them."""
        return Draw(streams)

    def identity(self, config: Mapping[str, Value], streams: Streams) -> Identity:
        """Name the data."""
        return Identity(f"{self.description.kind}:{streams.name}", streams.name)

    def refusal(self, draw: Draw, trial: Trial) -> None:
        """Every trial trains."""

    def problem(self, draws: Sequence[Draw], trials: Sequence[Trial], budget: Budget, device: torch.device) -> Problem:
        """Stack trials, or advance them one after another."""
        from grokscale.trainers.simple.columns import Columns, dtype_in, numbers_of

        if self.stack is None:
            return Columns(type(self), draws, trials, device)
        with numbers_of(dtype_in(type(self), trials[0])):
            return self.stack(trials, draws, device)

    def theory(self, draw: Draw, trial: Trial, budget: Budget) -> Theory:
        """Nothing is predicted."""
        return Theory({}, {})

    def patience(self, draw: Draw, trial: Trial, budget: Budget) -> float:
        """Nobody is given up."""
        return float("inf")

    def expected_steps(self, draw: Draw, trial: Trial, budget: Budget) -> int | None:
        """Return what the budget says: the task knows no times."""
        return budget.steps(None)

    def memory(self, config: Mapping[str, Value], columns: int, draws: int) -> int:
        """Return about how many bytes a pack takes: those of the tensors of one trial, for each."""
        return columns * self._cost(config).memory

    def seconds_per_step(self, config: Mapping[str, Value], columns: int, draws: int) -> float:
        """Return about how long one step of a pack takes: that of one trial, for each."""
        return columns * self._cost(config).seconds

    def _cost(self, config: Mapping[str, Value]) -> Cost:
        """Return what one trial costs, measured once for each of the values that sizes and ways are chosen by."""
        from grokscale.trainers.simple.costs import measured

        known: dict[tuple[Any, ...], Cost] = self.__dict__.setdefault("_costs", {})
        sizes = [one.name for one in self.description.every_field() if isinstance(one.accepts, Whole | OneOf)]
        key = tuple(config.get(name) for name in sizes)
        if key not in known:
            known[key] = measured(self, config)
        return known[key]
