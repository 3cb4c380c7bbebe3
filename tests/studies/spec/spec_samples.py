"""Specifications for tests: one that is valid, ways to change it, and a strategy for all that are valid."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from grokscale.studies.spec import SpecError, parse

BASE: dict[str, Any] = {
    "name": "sparse-recovery-t2",
    "tags": [],
    "seed": 0,
    "task": {"kind": "sparse_recovery", "n": 100, "s": 5, "N": 30, "tau": 0.0, "snr": None, "stream": "spawned"},
    "regularizer": {"kind": "l1", "beta": {"log": [1e-6, 1e-4], "num": 8}},
    "optimizer": {"kind": "proximal", "alpha": [0.02, 0.05, 0.1]},
    "seeds": 10,
    "search": {"kind": "grid"},
    "budget": {
        "max_steps": 10_000_000,
        "max_seconds": None,
        "stop": "auto",
        "record": "curves",
        "train_threshold": 1e-2,
        "test_threshold": 1e-2,
    },
    "engine": "auto",
    "resources": {"cpus": 1, "gpus": 0, "max_packs": None},
    "priority": 0,
}

ABSENT = object()


def changed(pointer: str, value: Any, data: dict[str, Any] = BASE) -> dict[str, Any]:
    """Return the data with one field set, or left out where the value is ABSENT."""
    data = copy.deepcopy(data)
    *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/"))
    place: Any = data
    for part in parents:
        place = place[part]
    if value is ABSENT:
        del place[last]
    else:
        place[last] = value
    return data


def refused(data: Any, **door: Any) -> dict[str, str]:
    """Return the problems of data that must be refused, message by pointer."""
    try:
        parse(data, **door)
    except SpecError as error:
        return {problem.pointer: problem.message for problem in error.problems}
    raise AssertionError("accepted")


TINY = 1e-50
"""Smallest strength, step size or scale."""


def ranges(low: float, high: float, whole: bool = False, *, num: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Ranges within (low, high), of so few values that whole ones stay apart; without `num`: distributions too."""
    ends = st.integers(int(low), int(high)) if whole else st.floats(low, high, exclude_min=True)
    pairs = st.lists(ends, min_size=2, max_size=2, unique=True).map(sorted).filter(lambda p: p[1] > p[0] * 1.01)
    numbers = st.just(2) if whole else st.integers(2, 5)
    fields: dict[str, Any] = {"scale": st.sampled_from(["log", "linear"]), "ends": pairs, "num": numbers}
    if not num:
        fields["num"] = st.none() | numbers
    return st.fixed_dictionaries(fields).map(
        lambda f: {f["scale"]: f["ends"]} | ({} if f["num"] is None else {"num": f["num"]})
    )


def sweeps(low: float, high: float, whole: bool = False, *, num: bool = True) -> st.SearchStrategy[Any]:
    """A value, a list or a range within (low, high)."""
    value = st.integers(int(low), int(high)) if whole else st.floats(low, high, exclude_min=True)
    written = st.one_of(value, value.map(float)) if whole else value
    return st.one_of(written, st.lists(value, min_size=1, max_size=3, unique=True), ranges(low, high, whole, num=num))


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """All sorts of valid specifications, as a user would write them: fields with a default may be left out."""
    search = draw(
        st.none()
        | st.just({"kind": "grid"})
        | st.fixed_dictionaries({"kind": st.sampled_from(["random", "sobol"]), "num_configs": st.integers(1, 9)})
    )
    num = search is None or search["kind"] == "grid"
    sparse = st.fixed_dictionaries(
        {"kind": st.just("sparse_recovery")},
        optional={
            "n": sweeps(20, 60, whole=True, num=num),
            "s": sweeps(1, 20, whole=True, num=num),
            "N": sweeps(1, 60, whole=True, num=num),
            "tau": sweeps(0, 1, num=num),
            "snr": st.none() | sweeps(TINY, 1e9, num=num),
            "stream": st.sampled_from(["spawned", "legacy"]),
            "init": st.sampled_from(["ones", "random", "least_squares"]),
            "init_scale": sweeps(0, 10, num=num),
            "design_variance": st.none() | st.floats(1e-3, 1),
            "signal": st.sampled_from(["normal", "uniform"]),
        },
    )
    synthetic = st.fixed_dictionaries(
        {"kind": st.just("synthetic")},
        optional={"prefactor": sweeps(TINY, 10, num=num), "exponent": st.floats(-2, 2), "sigma": sweeps(0, 1, num=num)},
    )
    task = draw(sparse | synthetic)
    beta = sweeps(TINY, 1, num=num)
    penalised = [
        st.fixed_dictionaries({"kind": st.just("l1"), "beta": beta}),
        st.fixed_dictionaries({"kind": st.just("l2"), "beta": beta}),
    ]
    others = [
        st.just({"kind": "none"}),
        st.fixed_dictionaries({"kind": st.just("elastic"), "beta1": beta, "beta2": beta}),
    ]
    regularizer = draw(st.one_of(penalised if task["kind"] == "synthetic" else penalised + others))
    smooth = regularizer["kind"] in ("none", "l2")
    optimizer = {
        "kind": draw(st.sampled_from(["subgradient", "proximal", "projected"] + ["gd"] * smooth)),
        "alpha": draw(sweeps(TINY, 1, num=num) if num else st.just([0.1, 0.2])),
    }
    optional: dict[str, Any] = {
        "tags": st.lists(st.sampled_from(["a", "b", "c"]), unique=True),
        "seed": st.integers(0, 2**32 - 1),
        "budget": st.fixed_dictionaries({}, optional={"max_steps": st.integers(1, 10**12), "stop": st.just("settled")}),
        "engine": st.sampled_from(["auto", "step"]),
        "resources": st.fixed_dictionaries({}, optional={"cpus": st.integers(1, 8), "max_packs": st.integers(1, 9)}),
        "priority": st.integers(-1000, 1000),
    }
    spec = {"name": draw(st.sampled_from(["x", "Größe × β"])), "task": task, "regularizer": regularizer}
    spec |= {"optimizer": optimizer, "seeds": draw(st.integers(1, 4) | st.just([7, 3]))}
    spec |= draw(st.fixed_dictionaries({}, optional=optional))
    return spec if search is None else spec | {"search": search}
