"""Configurations: the grid against itertools, random and Sobol against what they promise."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from grokscale.studies.search import configurations, fields, swept
from grokscale.studies.spec import parse
from grokscale.studies.spec.sweeps import Range
from tests.studies.spec.spec_samples import BASE, changed, specs

BETA = {"log": [1e-6, 1e-2]}


def searched(kind: str, num: int, **fields: Any) -> list[dict[str, Any]]:
    data = BASE | {"search": {"kind": kind, "num_configs": num}} | fields
    return configurations(parse(changed("/regularizer/beta", BETA, data)))


def values(value: Any) -> list[Any]:
    """The values of a canonical field, by numpy and not by the product."""
    if isinstance(value, dict):
        (scale, (low, high)), num = next((k, v) for k, v in value.items() if k != "num"), value["num"]
        inner = (np.geomspace if scale == "log" else np.linspace)(low, high, num)[1:-1]
        return [low, *inner, high]
    return value if isinstance(value, list) else [value]


@given(specs())
@settings(max_examples=60, deadline=None)
def test_a_grid_is_every_combination_with_the_last_field_fastest(data: dict[str, Any]) -> None:
    spec = parse(data)
    if spec.search.kind != "grid":
        return
    form = spec.canonical()
    order = {**form["task"], "regularizer": "", **form["regularizer"], "optimizer": "", **form["optimizer"]}
    columns = {name: values(value) for name, value in order.items() if name not in ("kind", "faults")}
    columns |= {"regularizer": [spec.regularizer.kind], "optimizer": [spec.optimizer.kind]}
    expected = [dict(zip(columns, point, strict=True)) for point in itertools.product(*columns.values())]
    found = configurations(spec)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert {k: v for k, v in one.items() if k != "faults"} == {
            k: v if isinstance(v, str) or v is None else pytest.approx(v, rel=1e-11) for k, v in other.items()
        }


def test_the_fields_of_a_configuration_are_flat() -> None:
    assert fields(parse(BASE)) == {
        "n": 100,
        "s": 5,
        "N": 30,
        "tau": 0.0,
        "snr": None,
        "stream": "spawned",
        "init": "ones",
        "init_scale": 1e-6,
        "design_variance": None,
        "signal": "normal",
        "regularizer": "l1",
        "beta": Range("log", 1e-6, 1e-4, 8),
        "optimizer": "proximal",
        "alpha": (0.02, 0.05, 0.1),
    }


def test_faults_travel_as_the_object_that_was_written() -> None:
    task = {"kind": "synthetic", "faults": {"raise": [3]}}
    [config, *_] = configurations(parse(BASE | {"task": task}, test_tasks=True))
    nothing: dict[str, Any] = {"diverge": [], "hang": [], "exit": [], "hold": [], "until": "never"}
    assert config["faults"] == nothing | {"raise": [3]}


def test_nothing_swept_is_one_configuration() -> None:
    data = changed("/optimizer/alpha", 0.1, changed("/regularizer/beta", 1e-5))
    assert len(configurations(parse(data))) == 1


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_the_same_seed_gives_the_same_points_and_another_seed_others(kind: str) -> None:
    assert searched(kind, 20) == searched(kind, 20)
    assert searched(kind, 20) != searched(kind, 20, seed=1)


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_more_points_begin_with_the_same_points(kind: str) -> None:
    assert searched(kind, 37)[:20] == searched(kind, 20)


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_points_fill_a_distribution_and_the_values_of_a_list(kind: str) -> None:
    found = searched(kind, 1024)
    carried = [np.log(config["beta"] / 1e-6) / np.log(1e4) for config in found]
    assert stats.kstest(carried, "uniform").pvalue > 0.01
    assert stats.chisquare([sum(c["alpha"] == a for c in found) for a in (0.02, 0.05, 0.1)]).pvalue > 0.01


def test_sobol_points_are_spread_more_evenly_than_random_ones() -> None:
    def largest_gap(kind: str) -> float:
        carried = sorted(np.log(config["beta"] / 1e-6) / np.log(1e4) for config in searched(kind, 256))
        return max(np.diff([0, *carried, 1]))

    assert largest_gap("sobol") < 2 / 256 < largest_gap("random")


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_a_point_drawn_twice_is_kept_once(kind: str) -> None:
    data = BASE | {"search": {"kind": kind, "num_configs": 200}}
    found = configurations(parse(changed("/regularizer/beta", [1e-5, 1e-4], data)))
    assert sorted((config["beta"], config["alpha"]) for config in found) == [
        (beta, alpha) for beta in (1e-5, 1e-4) for alpha in (0.02, 0.05, 0.1)
    ]


@given(specs())
@settings(max_examples=60, deadline=None)
def test_every_point_lies_within_its_fields(data: dict[str, Any]) -> None:
    spec = parse(data)
    found = configurations(spec)
    assert len(found) >= 1
    assert len({tuple(config[name] for name in swept(spec)) for config in found}) == len(found)
    for name, field in swept(spec).items():
        low, high = (field.low, field.high) if isinstance(field, Range) else (min(field), max(field))
        assert all(low <= config[name] <= high for config in found)
