"""Limits: sizes are computed, nothing is expanded."""

from __future__ import annotations

import time
from typing import Any

import pytest

from grokscale.studies.settings import Settings
from grokscale.studies.spec import Limits, parse
from tests.studies.spec.spec_samples import BASE, changed, refused

WIDE = {"log": [1e-9, 1], "num": 100_000}
HUGE: dict[str, Any] = {
    "task": {
        "kind": "sparse_recovery",
        "n": {"linear": [1000, 5000], "num": 1000},
        "N": {"linear": [1, 5000], "num": 4000},
        "s": {"linear": [1, 1000], "num": 1000},
        "tau": {"linear": [0, 1], "num": 100_000},
        "snr": WIDE,
        "init_scale": WIDE,
    },
    "regularizer": {"kind": "elastic", "beta1": WIDE, "beta2": WIDE},
    "optimizer": {"kind": "proximal", "alpha": WIDE},
    "seeds": 2**32,
}


def fastest(data: Any) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        refused(data)
        times.append(time.perf_counter() - started)
    return min(times)


def test_a_study_of_1e49_trials_is_refused_at_once() -> None:
    problems = refused(BASE | HUGE)
    total = 1000 * 4000 * 1000 * 100_000**6 * 2**32
    assert list(problems) == ["/seeds"]
    assert f"= {total} trials is above this server's limit; accepted: up to 100000 trials" in problems["/seeds"]
    assert fastest(BASE | HUGE) < 0.02


def test_a_number_of_seeds_beyond_all_counting_is_refused_at_once() -> None:
    assert list(refused(BASE | {"seeds": 10**30})) == ["/seeds"]
    assert fastest(BASE | {"seeds": 10**30}) < 0.01


def test_the_limit_is_on_configurations_times_seeds() -> None:
    limits = Limits(max_trials=240)
    assert parse(BASE, limits).seeds == 10
    problems = refused(BASE | {"seeds": 11}, limits=limits)
    assert problems == {
        "/seeds": "8 (regularizer.beta) x 3 (optimizer.alpha) x 11 (seeds) = 264 trials is above this server's limit; "
        "accepted: up to 240 trials"
    }


def test_the_largest_factor_is_the_one_to_blame() -> None:
    assert list(refused(BASE, limits=Limits(max_trials=100))) == ["/seeds"]
    assert list(refused(BASE | {"seeds": 4}, limits=Limits(max_trials=90))) == ["/regularizer/beta"]


def test_under_random_search_the_points_drawn_count() -> None:
    data = BASE | {"search": {"kind": "random", "num_configs": 100}, "seeds": 3}
    assert parse(data, Limits(max_trials=300)).seeds == 3
    assert list(refused(data, limits=Limits(max_trials=299))) == ["/search/num_configs"]


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("/task/n", 201, "/task/n"),
        ("/task/N", [30, 201], "/task/N/1"),
        ("/task/n", {"log": [100, 400], "num": 3}, "/task/n/log/1"),
        ("/budget/max_steps", 1001, "/budget/max_steps"),
    ],
)
def test_sizes_above_the_servers_limit_are_refused(field: str, value: Any, pointer: str) -> None:
    limits = Limits(max_n=200, max_steps=1000)
    data = changed("/budget/max_steps", 1000)
    assert parse(data, limits).budget.max_steps == 1000
    problems = refused(changed(field, value, data), limits=limits)
    assert list(problems) == [pointer]
    assert "is above this server's limit; accepted: up to" in problems[pointer]


def test_limits_come_from_the_settings() -> None:
    settings = Settings(max_trials=7, max_n=8, max_steps=9, max_body_bytes=10)
    assert Limits.of(settings) == Limits(max_trials=7, max_n=8, max_steps=9, max_bytes=10)
