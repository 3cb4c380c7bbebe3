"""What a simple task's class says of itself, what its checkpoint holds, and what is said of mistakes."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import jsonschema
import numpy as np
import pytest
import torch

from grokscale.studies.spec import SpecError, StudySpec, parse
from grokscale.tasks import NONE, Field, Grid, Real, Section, SimpleTask, Trial, field
from grokscale.testing import task_contract
from grokscale.trainers.checkpoint import OUTCOME
from grokscale.trainers.encoding import Encoding
from grokscale.trainers.plugins.plugin import Code, Plugin
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.description import OneOf, Quantity, Whole
from grokscale.trainers.trial import Budget, Identity, Value
from tests.plugins.offering import offered

RATES: dict[str, Value] = {"alpha": 0.1, "beta": 0.01}


class Shrinks(SimpleTask, kind="shrinks"):
    """One number that goes to zero."""

    size: int = field(3, "numbers", data=True, high=10, size=True, packs=True)
    start_at: float = field(1.0, "start", low=0.1, high=2, unit="steps", letter="s")
    way: str = field("plain", "of stepping", choices=("plain", "twice"))
    state = ("w",)
    measures = ("l2",)

    def start(self, draw: Any, device: torch.device) -> None:
        self.w = self.start_at * torch.rand(self.size, generator=draw("data"))

    def step(self, k: int) -> None:
        for _ in range(k * (2 if self.way == "twice" else 1)):
            self.w = self.w * (1 - self.alpha * self.beta)

    def measure(self) -> dict[str, Any]:
        return {"train_error": self.w.abs().max(), "test_error": self.w.norm(), "l2": self.w.norm()}


def test_the_description_is_what_the_class_says() -> None:
    said = Shrinks.description
    assert (said.kind, said.version, said.title) == ("shrinks", 1, "Shrinks")
    assert said.says == "One number that goes to zero."
    assert said.fields == (
        Field("size", Whole(1, 10), "numbers", 3, sweeps=True, role="data", packs=True, size=True),
        Field("start_at", Real(0.1, 2), "start", 1.0, sweeps=True, unit="steps", letter="s"),
        Field("way", OneOf(("plain", "twice")), "of stepping", "plain"),
        Field(
            "dtype",
            OneOf(("float64", "float32", "float16", "bfloat16")),
            "type of tensors that the task makes without stating one",
            "float64",
            packs=True,
        ),
    )
    assert [section.kind for section in (*said.regularizers, *said.optimizers)] == ["own", "own"]
    assert [field.name for field in (*said.optimizers[0].fields, *said.regularizers[0].fields)] == ["alpha", "beta"]
    assert [curve.name for curve in said.curves] == ["train_error", "test_error", "l2"]
    assert said.measures == (Quantity("l2", "1", "as the task measures it"),)
    assert (said.rate, said.looks, said.thresholds) == ("alpha*beta", Grid(), (0.01, 0.01))
    assert said.implementation == f"{__name__}:Shrinks"
    task_contract(Shrinks(), RATES)


class Kept(
    SimpleTask,
    kind="kept",
    version=3,
    optimizer=Section("adamw", "AdamW", "AdamW.", (Field("lr", Real(0, 1), "step size", 1e-2, sweeps=True),)),
    regularizer=NONE,
    rate="lr",
    thresholds=(0.05, 0.3),
    looks=Grid(every=10),
    dtype="float32",
):
    """A network with noise, of which everything is in the state that can be."""

    state = ("net", "optimizer", "schedule", "noise", "order", "count", "ema", "u", "history")

    def start(self, draw: Any, device: torch.device) -> None:
        self.x = torch.randn(8, 3, generator=draw("data"), device=device)
        self.net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 1))
        for parameter in self.net.parameters():
            torch.nn.init.normal_(parameter, generator=draw("init"))
        self.u = torch.zeros(3, requires_grad=True)
        self.optimizer = torch.optim.AdamW([*self.net.parameters(), self.u], lr=self.lr)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.9)
        self.noise, self.order = draw("noise"), np.random.default_rng(0)
        self.count, self.history = 0, [torch.zeros(2)]
        self.ema = self.start_ema = torch.zeros(3)

    def step(self, k: int) -> None:
        for _ in range(k):
            self.optimizer.zero_grad()
            jitter = torch.randn(3, generator=self.noise) * self.order.random()
            (self.net(self.x + jitter + self.u).square().mean() + self.u.sum()).backward()
            self.optimizer.step()
            self.schedule.step()
            self.count += 1
            self.ema = 0.9 * self.ema + 0.1 * self.u.detach()
            self.history = [*self.history, self.ema[:2] + self.count][-2:]

    def measure(self) -> dict[str, Any]:
        whole = self.net(self.x).norm() + self.count + sum(h.norm() for h in self.history) + self.start_ema.norm()
        return {"test_error": (self.ema - self.u).norm(), "train_error": whole}


def problem(of: SimpleTask, config: Mapping[str, Value], seeds: tuple[int, ...] = (0, 1)) -> Any:
    streams = [Streams.of(0, seed, config, of.description.data_fields) for seed in seeds]
    trials = [Trial(i, i, seed, config) for i, seed in enumerate(seeds)]
    draws = [of.draw(config, one) for one in streams]
    return of.problem(draws, trials, Budget(100), torch.device("cpu"))


def test_a_checkpoint_holds_modules_optimisers_generators_and_values() -> None:
    task_contract(Kept(), {})
    encoding, config = Encoding(*OUTCOME), {"lr": 0.01}
    went_on, other = problem(Kept(), config), problem(Kept(), config)
    went_on.step(7)
    other.step(3)
    (state,) = encoding.decode(b"".join(encoding.encode([went_on.state()])))
    for _ in range(2):  # what was loaded does not change what it was loaded from
        other.load(state)
        np.testing.assert_array_equal(other.test_error(), went_on.test_error())
        other.step(5)
    went_on.step(5)
    assert encoding.encode(other.state()) == encoding.encode(went_on.state())
    np.testing.assert_array_equal(other.train_error(), went_on.train_error())
    assert {column.net[0].weight.dtype for column in other.columns} == {torch.float32}
    assert torch.get_default_dtype() == torch.float32


def test_a_class_may_name_its_fields_and_be_derived_from_another() -> None:
    class Faster(Shrinks, kind="faster", alpha="lr", beta="weight_decay"):
        factor: int = field(2, "of speed")

        def step(self, k: int) -> None:
            self.w = self.w * (1 - self.factor * self.lr * self.weight_decay) ** k

    said = Faster.description
    assert [one.name for one in said.every_field()] == [
        "size",
        "start_at",
        "way",
        "factor",
        "dtype",
        "weight_decay",
        "lr",
    ]
    assert said.rate == "lr*weight_decay"
    assert Shrinks.description.kind == "shrinks"
    config = {"size": 3, "start_at": 1.0, "way": "plain", "factor": 2, "lr": 0.1, "weight_decay": 0.01}
    trained = problem(Faster(), config)
    before = trained.test_error()
    trained.step(10)
    np.testing.assert_allclose(trained.test_error(), before * (1 - 2e-3) ** 10)


class Stacked(SimpleTask, kind="stacked"):
    """All trials at once."""

    def stack(self, trials: Any, draws: Any, device: torch.device) -> Any:
        return Stack(trials, torch.stack([torch.rand(3, generator=draw("data")) for draw in draws]).to(device))


class Stack:
    """Numbers of shape (columns, 3) that shrink by one product."""

    def __init__(self, trials: Any, w: torch.Tensor) -> None:
        self.trials, self.w = list(trials), w
        self.rates = torch.tensor([[trial.config["alpha"] * trial.config["beta"]] for trial in trials])

    def step(self, k: int) -> None:
        for _ in range(k):
            self.w = self.w * (1 - self.rates)

    def train_error(self) -> np.ndarray:
        return self.w.abs().amax(1).numpy()

    def test_error(self) -> np.ndarray:
        return self.w.norm(dim=1).numpy()

    def measures(self) -> dict[str, np.ndarray]:
        return {}

    def observe(self) -> dict[str, np.ndarray]:
        return {"train_error": self.train_error(), "test_error": self.test_error()}

    def keep(self, columns: np.ndarray) -> None:
        self.trials = [self.trials[i] for i in columns]
        self.w, self.rates = self.w[columns], self.rates[columns]

    def state(self) -> dict[str, Any]:
        return {"indices": [trial.index for trial in self.trials], "w": self.w.clone()}

    def load(self, state: Mapping[str, Any]) -> None:
        places = [list(state["indices"]).index(trial.index) for trial in self.trials]
        self.w = state["w"][places].clone()


def test_a_class_may_advance_many_trials_at_once() -> None:
    task_contract(Stacked(), RATES)
    stacked, one = problem(Stacked(), RATES), problem(Shrinks(), {**RATES, "size": 3, "start_at": 1.0, "way": "plain"})
    assert isinstance(stacked, Stack)
    assert stacked.w.dtype == torch.float64
    # their streams differ in the fields of the data: alike in law alone
    assert stacked.test_error().shape == one.test_error().shape
    assert Stacked().memory(RATES, 4, 2) == 4 * 8 * (3 + 1)


def test_random_numbers_are_those_of_the_draw_and_of_a_name() -> None:
    config: dict[str, Value] = {"size": 3, **RATES}
    draw = Shrinks().draw(config, Streams.of(0, 1, config, ("size",)))
    first = torch.rand(4, generator=draw("data"))
    assert torch.equal(first, torch.rand(4, generator=draw("data")))
    assert not torch.equal(first, torch.rand(4, generator=draw("init")))
    again = Shrinks().draw(config | {"alpha": 0.2}, Streams.of(0, 1, config | {"alpha": 0.2}, ("size",)))
    assert torch.equal(first, torch.rand(4, generator=again("data")))
    assert isinstance(Shrinks().identity(config, draw.streams), Identity)


def test_layers_start_from_the_random_numbers_of_the_draw() -> None:
    def start(self: Any, draw: Any, device: Any) -> None:
        self.net = torch.nn.Linear(3, 1)

    def measure(self: Any) -> dict[str, Any]:
        return {"train_error": self.net.weight.norm(), "test_error": self.net.bias.norm()}

    of = declared(start=start, measure=measure, step=lambda self, k: None, state=("net",))
    before = torch.get_rng_state()
    first, again = problem(of(), RATES), problem(of(), RATES)
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(first.train_error(), again.train_error())
    assert first.train_error()[0] != first.train_error()[1]


# -- specifications -----------------------------------------------------------------------------------------------

SPEC: dict[str, Any] = {"name": "a study", "seeds": 1}


def test_methods_that_leave_nothing_to_choose_may_be_left_out() -> None:
    plugins = [Plugin(Code("tests", "", "", ""), one.description) for one in (Kept, Shrinks)]
    with offered(*plugins):
        short = parse(SPEC | {"task": {"kind": "kept"}})
        long = parse(
            SPEC
            | {"task": {"kind": "kept"}, "regularizer": {"kind": "none"}, "optimizer": {"kind": "adamw", "lr": 0.01}}
        )
        assert short.canonical() == long.canonical()
        assert short.hash() == long.hash()
        assert short.optimizer.lr == 0.01
        with pytest.raises(SpecError) as refused:
            parse(SPEC | {"task": {"kind": "shrinks"}})
        assert [problem.pointer for problem in refused.value.problems] == ["/regularizer", "/optimizer"]


def test_the_json_schema_says_of_each_task_which_methods_may_be_left_out() -> None:
    sparse = {
        "task": {"kind": "sparse_recovery"},
        "regularizer": {"kind": "l1", "beta": 1e-3},
        "optimizer": {"kind": "proximal", "alpha": 0.1},
    }
    plugins = [Plugin(Code("tests", "", "", ""), one.description) for one in (Kept, Shrinks)]
    with offered(*plugins):
        check = jsonschema.Draft202012Validator(StudySpec.model_json_schema())
        for stated in ({"task": {"kind": "kept"}}, sparse):
            assert parse(SPEC | stated)
            check.validate(SPEC | stated)
        for kind, part in (("shrinks", "regularizer"), ("sparse_recovery", "optimizer"), ("kept", "task")):
            whole = SPEC | sparse | {"task": {"kind": kind}}
            (missing,) = [each for each in check.iter_errors(without(whole, part)) if each.validator == "required"]
            assert repr(part) in missing.message
    required = StudySpec.model_json_schema()["required"]
    assert required == ["name", "task", "regularizer", "optimizer", "seeds"]


def without(document: dict[str, Any], part: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != part}


def test_what_was_read_is_written_without_a_warning_when_other_tasks_have_come_and_gone() -> None:
    read = parse(
        SPEC
        | {
            "task": {"kind": "synthetic"},
            "regularizer": {"kind": "l1", "beta": 1e-3},
            "optimizer": {"kind": "proximal", "alpha": 0.1},
        }
    )
    before = read.canonical()
    with offered(Plugin(Code("tests", "", "", ""), Kept.description)), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read.canonical() == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read.canonical() == before


# -- mistakes -----------------------------------------------------------------------------------------------------

MEMBERS = {name: vars(Shrinks)[name] for name in ("start", "step", "measure", "state")}
"""Of a class without fields; `__annotations__` and fields are what each mistake adds."""


def declared(**members: Any) -> Any:
    """Make a class whose members are these; None leaves one out."""
    whole = {name: value for name, value in {**MEMBERS, **members}.items() if value is not None}
    return type(SimpleTask)("Wrong", (SimpleTask,), {"__module__": __name__, **whole}, kind="wrong")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"step": None}, "Wrong.step is missing; accepted: a method of that name"),
        ({"measure": None}, "Wrong.measure is missing"),
        ({"start": None}, "Wrong.start is missing"),
        ({"state": None}, "Wrong.state is missing; accepted: names of the attributes that steps change"),
        ({"state": "u"}, r"Wrong.state is 'u'; accepted: a tuple of names, such as \('u', 'v'\)"),
        ({"measures": (1,)}, r"Wrong.measures is \(1,\); accepted: a tuple of names"),
        ({"measures": ("test_error",)}, "Wrong.measures names 'test_error'; accepted: names of what comes beside"),
        ({"n": field(3)}, r"Wrong.n has no annotation; accepted: n: int = field"),
        ({"n": field(3), "__annotations__": {"n": "list"}}, "Wrong.n is annotated as list; accepted: int, float, str"),
        ({"n": field(0), "__annotations__": {"n": int}}, "Wrong.n: its default 0 is none of its values; accepted: Who"),
        ({"n": field("a"), "__annotations__": {"n": str}}, "Wrong.n has no choices; accepted: field"),
        (
            {"n": field("c", choices=("a", "b")), "__annotations__": {"n": "str"}},
            "Wrong.n: its default 'c' is none of its values",
        ),
        (
            {"memory": field(3), "__annotations__": {"memory": int}},
            "Wrong.memory is a member of every task; accepted: another name for the field",
        ),
        (
            {"dtype": field("x", choices=("x", "y")), "__annotations__": {"dtype": str}},
            "Wrong.dtype is a field of every simple task; accepted: the class keyword dtype=...",
        ),
        ({"rises": ("accuracy",)}, "Wrong.rises names 'accuracy'; accepted: nothing, its measures"),
    ],
)
def test_a_mistake_of_a_class_is_said_when_it_is_read(members: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        declared(**members)


def test_a_class_without_a_kind_is_refused() -> None:
    with pytest.raises(TypeError, match=r'Kindless has no kind; accepted: class Kindless\(SimpleTask, kind="..."\)'):

        class Kindless(SimpleTask):
            pass


def test_numbers_are_of_the_type_that_the_study_states() -> None:
    sized: dict[str, Value] = RATES | {"size": 3}
    for config, dtype in ((sized, torch.float64), (sized | {"dtype": "float32"}, torch.float32)):
        trained = problem(Shrinks(), config)
        trained.step(3)
        assert {column.w.dtype for column in trained.columns} == {dtype}
        assert {column.dtype for column in trained.columns} == {config.get("dtype", "float64")}


def test_a_type_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="Coarse: dtype 'int8' is refused; accepted: float64, float32"):

        class Coarse(Shrinks, kind="coarse", dtype="int8"):
            pass


def starts(**values: Any) -> Any:
    def start(self: Any, draw: Any, device: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    return start


def measures(value: Any) -> Any:
    return lambda self: value


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"state": ("w", "v"), "start": starts(w=1)}, "Wrong.state names 'v', and start has not made it"),
        (
            {"state": ("w",), "start": starts(w={1})},
            "Wrong.state names 'w': a value of type builtins.set cannot be written as data; accepted: tensors, modules",
        ),
        ({"start": starts(w=1, step=0)}, "Wrong.start sets self.step, which the class has already; accepted: another"),
        ({"measure": measures({"train_error": 1.0})}, "Wrong.measure gives train_error; accepted: a dict of train_e"),
        ({"measure": measures((1.0, 2.0))}, r"Wrong.measure gives \(1.0, 2.0\); accepted: a dict of train_error, test"),
        ({"measure": measures(None)}, "Wrong.measure gives None; accepted: a dict of train_error, test_error"),
        ({"measure": measures({"train_error": 1, "test_error": 2, "l2": 3})}, "is listed in `measures`"),
        (
            {"measure": measures({"train_error": 1, "test_error": torch.ones(2)})},
            r"Wrong.measure: test_error is tensor\(\[1., 1.\].*; accepted: one number",
        ),
    ],
)
def test_a_mistake_of_an_instance_is_said_where_it_is_met(members: dict[str, Any], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        problem(declared(**{"start": starts(w=1), "state": ("w",), **members})(), RATES).test_error()


def test_errors_that_are_not_finite_are_no_mistake() -> None:
    of = declared(start=starts(w=1), measure=measures({"train_error": torch.inf, "test_error": torch.nan}))
    assert np.isnan(problem(of(), RATES).test_error()).all()
