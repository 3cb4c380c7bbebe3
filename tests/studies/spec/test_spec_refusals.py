"""What is refused, by its exact pointer, with what would be accepted."""

from __future__ import annotations

import json
import math
import tracemalloc
from typing import Any

import pytest

from grokscale.studies.spec import SpecError, StudySpec, load, parse
from tests.studies.spec.spec_samples import ABSENT, BASE, changed, refused

SYNTHETIC = {"kind": "synthetic"}

# (the field that is changed, its new value, the pointer answered, a part of the message)
FAULTS: list[tuple[str, Any, str, str]] = [
    # numbers are strict
    (
        "/optimizer/alpha",
        "0.1",
        "/optimizer/alpha",
        "'0.1' is refused; accepted: a number from 1e-50 to 1e+50, a list of such, or {",
    ),
    ("/optimizer/alpha", True, "/optimizer/alpha", "true is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/optimizer/alpha", None, "/optimizer/alpha", "null is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/optimizer/alpha", 0, "/optimizer/alpha", "0 is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/optimizer/alpha", -0.1, "/optimizer/alpha", "-0.1 is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/optimizer/alpha", 10**400, "/optimizer/alpha", "an integer of 1329 bits is refused"),
    ("/optimizer/alpha", math.nan, "/optimizer/alpha", "nan is refused; accepted: finite numbers"),
    ("/optimizer/alpha", [0.1, math.inf], "/optimizer/alpha/1", "inf is refused; accepted: finite numbers"),
    ("/task/N", 30.5, "/task/N", "30.5 is refused; accepted: a whole number from 1"),
    ("/task/N", 0, "/task/N", "0 is refused; accepted: a whole number from 1"),
    ("/task/n", "100", "/task/n", "'100' is refused; accepted: a whole number"),
    ("/task/s", False, "/task/s", "false is refused; accepted: a whole number"),
    ("/task/tau", 1.5, "/task/tau", "1.5 is refused; accepted: a number from 0 to 1"),
    ("/task/snr", 0, "/task/snr", "accepted: a number from 1e-50 to 1e+50 or null (noise-free)"),
    ("/task/snr", "inf", "/task/snr", "accepted: a number from 1e-50 to 1e+50 or null (noise-free)"),
    ("/task/init_scale", -1, "/task/init_scale", "accepted: a number from 0"),
    ("/task/design_variance", 0, "/task/design_variance", "accepted: a number from 1e-50 to 1e+50 or null (1/N)"),
    ("/task/design_variance", [1, 2], "/task/design_variance", "a list of 2 members is refused; accepted: a number"),
    ("/regularizer/beta", 0, "/regularizer/beta", "0 is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/seed", -1, "/seed", "accepted: a whole number from 0 to 4294967295"),
    ("/seed", 2**32, "/seed", "accepted: a whole number from 0 to 4294967295"),
    ("/budget/train_threshold", 0, "/budget/train_threshold", "accepted: a number above 0 and below 1"),
    ("/budget/test_threshold", 1, "/budget/test_threshold", "accepted: a number above 0 and below 1"),
    ("/budget/max_steps", 0, "/budget/max_steps", "accepted: a whole number from 1 to 1000000000000"),
    ("/budget/max_steps", 1e13, "/budget/max_steps", "accepted: a whole number from 1 to 1000000000000"),
    ("/budget/max_seconds", 0, "/budget/max_seconds", "accepted: a number above 0 or null (no limit)"),
    ("/budget/plateau_every", 10**7, "/budget/plateau_every", "accepted: a whole number from 1 to 1000000"),
    ("/resources/cpus", 0, "/resources/cpus", "accepted: a whole number from 1"),
    ("/resources/gpus", 2, "/resources/gpus", "accepted: a whole number from 0 to 1"),
    ("/resources/max_packs", 0, "/resources/max_packs", "or null (as many as the cluster takes)"),
    ("/priority", 1e6, "/priority", "accepted: a whole number from -1000 to 1000"),
    # words, and words of later versions
    ("/engine", "stepwise", "/engine", "'stepwise' is refused; accepted: auto, step, fast_forward, surrogate"),
    ("/task/stream", "new", "/task/stream", "'new' is refused; accepted: spawned, legacy"),
    ("/task/init", ["ones"], "/task/init", "accepted: ones, random, least_squares"),
    ("/task/signal", None, "/task/signal", "null is refused; accepted: normal, uniform"),
    ("/budget/stop", "never", "/budget/stop", "'never' is refused; accepted: auto, after_t2, settled, max_steps"),
    ("/budget/record", "all", "/budget/record", "'all' is refused; accepted: curves, coordinates"),
    # kinds
    ("/task/kind", "matrix_sensing", "/task/kind", "is refused; accepted: sparse_recovery"),
    ("/task/kind", "chess", "/task/kind", "'chess' is refused; accepted: sparse_recovery, diagonal_network"),
    (
        "/task/kind",
        ABSENT,
        "/task/kind",
        "missing; accepted: sparse_recovery, diagonal_network, matrix_completion, synthetic",
    ),
    ("/task/kind", {"a": 1}, "/task/kind", "an object is refused; accepted: sparse_recovery, diagonal_network"),
    ("/regularizer/kind", "lasso", "/regularizer/kind", "is refused; accepted: none, l1, l2"),
    ("/optimizer/kind", "adamw", "/optimizer/kind", "is refused; accepted: subgradient"),
    ("/search/kind", "hyperband", "/search/kind", "is refused; accepted: grid, random, sobol, tpe, cmaes, gp"),
    ("/search/kind", ABSENT, "/search/kind", "missing; accepted: grid, random, sobol"),
    # names, tags, seeds
    ("/name", ABSENT, "/name", "missing; accepted: 1 to 200 printable characters"),
    ("/name", "", "/name", "'' is refused; accepted: 1 to 200 printable characters"),
    ("/name", "x" * 201, "/name", "accepted: 1 to 200 printable characters"),
    ("/name", "two\nlines", "/name", "accepted: 1 to 200 printable characters"),
    ("/name", "half a \ud800 pair", "/name", "accepted: 1 to 200 printable characters"),
    ("/name", "   ", "/name", "not only spaces"),
    ("/name", 7, "/name", "7 is refused; accepted: 1 to 200 printable characters"),
    ("/tags", "a", "/tags", "'a' is refused; accepted: a list of 0 to 50 members"),
    ("/tags", ["a", 3], "/tags/1", "3 is refused; accepted: 1 to 200 printable characters"),
    ("/tags", ["a", "a"], "/tags/1", "'a' stands at 0 already"),
    ("/seeds", 0, "/seeds", "0 is refused; accepted: a whole number from 1"),
    ("/seeds", True, "/seeds", "true is refused; accepted: a whole number from 1"),
    ("/seeds", ABSENT, "/seeds", "missing; accepted: a whole number from 1"),
    ("/seeds", [], "/seeds", "a list of 0 members is refused; accepted: a list of 1 to"),
    ("/seeds", [0, -1], "/seeds/1", "accepted: a whole number from 0 to 4294967295"),
    ("/seeds", [0, 2**32], "/seeds/1", "accepted: a whole number from 0 to 4294967295"),
    ("/seeds", [5, 5.0], "/seeds/1", "5.0 stands at 0 already; accepted: members that differ"),
    # sweeps
    ("/optimizer/alpha", [], "/optimizer/alpha", "a list of 0 members is refused"),
    ("/optimizer/alpha", [0.02, 0.1, 0.02], "/optimizer/alpha/2", "0.02 stands at 0 already"),
    ("/optimizer/alpha", [0.02, "x"], "/optimizer/alpha/1", "'x' is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/task/snr", [1, None], "/task/snr/1", "null is refused; accepted: a number from 1e-50 to 1e+50"),
    ("/task/s", [1, 1.0], "/task/s/1", "1.0 stands at 0 already"),
    ("/regularizer/beta/num", 1, "/regularizer/beta/num", "1 is refused; accepted: a whole number from 2"),
    ("/regularizer/beta/num", 10**30, "/regularizer/beta/num", "accepted: a whole number from 2 to 100000"),
    ("/regularizer/beta/num", ABSENT, "/regularizer/beta/num", "missing; accepted under grid search: a whole number"),
    ("/regularizer/beta/base", 2, "/regularizer/beta/base", "unknown field 'base'; accepted: log or linear, num"),
    ("/regularizer/beta/linear", [1, 2], "/regularizer/beta/linear", "2 scales; accepted: one of log"),
    ("/regularizer/beta", {"num": 3}, "/regularizer/beta", "0 scales; accepted: one of log"),
    (
        "/regularizer/beta/log",
        [1e-4, 1e-6],
        "/regularizer/beta/log/1",
        "1e-06 is not above 0.0001; accepted: low < high",
    ),
    ("/regularizer/beta/log", [1e-4], "/regularizer/beta/log", "a list of 1 members is refused; accepted: [low, high]"),
    (
        "/regularizer/beta/log",
        [0, 1],
        "/regularizer/beta/log/0",
        "0 is refused; accepted: a number from 1e-50 to 1e+50",
    ),
    ("/task/tau", {"log": [0, 1], "num": 3}, "/task/tau/log/0", "accepted on a log scale: a number above 0"),
    ("/task/N", {"linear": [1, 3], "num": 4}, "/task/N/num", "4 values are not distinct between 1 and 3"),
    ("/task/N", {"log": [1, 100], "num": 60}, "/task/N/num", "60 values are not distinct between 1 and 100"),
    ("/task/N", {"log": [1.5, 9], "num": 2}, "/task/N/log/0", "1.5 is refused; accepted: a whole number"),
    ("/optimizer/alpha", {"linear": [1, 1.00000000001], "num": 99}, "/optimizer/alpha/num", "are not distinct between"),
    # parts
    (
        "/task",
        ABSENT,
        "/task",
        "missing; accepted: an object with kind sparse_recovery, diagonal_network, matrix_completion, synthetic",
    ),
    ("/task", [], "/task", "a list of 0 members is refused; accepted: an object with kind sparse_recovery"),
    ("/optimizer", 3, "/optimizer", "3 is refused; accepted: an object with kind subgradient"),
    ("/optimizer/alpha", ABSENT, "/optimizer/alpha", "missing; accepted: a number from 1e-50 to 1e+50"),
    ("/budget", None, "/budget", "null is refused; accepted: an object with max_steps"),
    ("/resources", "big", "/resources", "'big' is refused; accepted: an object with cpus, gpus, max_packs"),
    # fields that do not belong
    ("/depth", 3, "/depth", "a specification has no field 'depth'; accepted: name, tags"),
    ("/budget/epochs", 3, "/budget/epochs", "budget has no field 'epochs'; accepted: max_steps"),
    ("/regularizer/beta1", 3, "/regularizer/beta1", "l1 has no field 'beta1'; accepted: kind, beta"),
    ("/task/sigma", 3, "/task/sigma", "sparse_recovery has no field 'sigma'; accepted: kind, n, s"),
    ("/task/sparse_recovery", 3, "/task/sparse_recovery", "sparse_recovery has no field 'sparse_recovery'"),
    ("/search/num_configs", 3, "/search/num_configs", "grid has no field 'num_configs'; accepted: kind"),
    ("/task/a~1b~0c", 3, "/task/a~1b~0c", "sparse_recovery has no field 'a/b~c'"),
    ("/search", {"kind": "random"}, "/search/num_configs", "missing; accepted: a whole number from 1"),
    ("/search", {"kind": "sobol", "num_configs": 0}, "/search/num_configs", "0 is refused"),
    # several fields together
    ("/optimizer/kind", "gd", "/optimizer/kind", "gd does not take the non-smooth regularizer l1"),
    ("/task/s", 101, "/task/s", "s = 101 is above n = 100"),
    ("/task/s", [5, 101, 7], "/task/s/1", "s = 101 is above n = 100"),
    ("/task/s", {"linear": [5, 105], "num": 3}, "/task/s/linear/1", "s = 105 is above n = 100"),
    ("/task/n", [100, 4], "/task/s", "s = 5 is above n = 4"),
    ("/regularizer", {"kind": "none", "beta": 1}, "/regularizer/beta", "none has no field 'beta'; accepted: kind"),
    ("/task", SYNTHETIC | {"N": 30}, "/task/N", "synthetic has no field 'N'; accepted: kind, prefactor"),
    ("/task", SYNTHETIC | {"seconds": 1}, "/task/seconds", "accepted without GROKSCALE_TEST_TASKS=1: 0"),
    ("/task", SYNTHETIC | {"faults": {"hang": [1]}}, "/task/faults", "accepted without GROKSCALE_TEST_TASKS=1: null"),
    ("/task", SYNTHETIC | {"faults": {"sleep": [1]}}, "/task/faults/sleep", "faults has no field 'sleep'"),
]


def named(value: Any) -> str:
    return "absent" if value is ABSENT else repr(value)


@pytest.mark.parametrize(
    ("field", "value", "pointer", "message"), FAULTS, ids=[f"{f[0]}={named(f[1]):.30}" for f in FAULTS]
)
def test_a_faulty_field_is_named_with_what_would_be_accepted(
    field: str, value: Any, pointer: str, message: str
) -> None:
    problems = refused(changed(field, value))
    assert pointer in problems
    assert message in problems[pointer]
    assert set(problems) <= {pointer, "/task/faults"}


def test_the_sample_that_the_others_break_is_accepted() -> None:
    assert isinstance(parse(BASE), StudySpec)


def test_all_faulty_fields_are_named_at_once() -> None:
    data = changed("/task", {"kind": "sparse_recovery", "n": "x", "s": [1, 200], "N": 0})
    data = changed("/optimizer/kind", "gd", data) | {"seeds": -1, "colour": "red", "search": {"kind": "bayes"}}
    assert set(refused(data)) == {"/task/n", "/task/N", "/optimizer/kind", "/seeds", "/colour", "/search/kind"}


def test_rules_over_several_fields_are_told_beside_faults_elsewhere() -> None:
    data = changed("/task/s", 200, changed("/name", ""))
    assert set(refused(data)) == {"/name", "/task/s"}


def test_each_end_of_a_range_is_named() -> None:
    assert set(refused(changed("/task/tau", {"linear": [-1, 2], "num": 0, "x": 1}))) == {
        "/task/tau/linear/0",
        "/task/tau/linear/1",
        "/task/tau/num",
        "/task/tau/x",
    }


@pytest.mark.parametrize("kind", ["none", "elastic"])
def test_the_synthetic_law_needs_one_beta(kind: str) -> None:
    fields = {"kind": kind} | ({"beta1": 1, "beta2": 1} if kind == "elastic" else {})
    problems = refused(BASE | {"task": SYNTHETIC, "regularizer": fields})
    assert problems == {"/regularizer/kind": f"the synthetic law needs one beta, not {kind}; accepted: l1, l2"}


def test_a_search_needs_a_swept_field() -> None:
    data = BASE | {"search": {"kind": "sobol", "num_configs": 4}, "regularizer": {"kind": "l1", "beta": 1}}
    problems = refused(changed("/optimizer/alpha", 0.1, data))
    assert problems == {"/search/kind": "sobol has no swept field to draw from; accepted: grid"}


@pytest.mark.parametrize("data", [None, 3, "x", [], [BASE], True])
def test_what_is_no_object_is_refused_as_a_whole(data: Any) -> None:
    assert set(refused(data)) == {""}


@pytest.mark.parametrize("value", [{1: 2}, {"x": {1, 2}}, {"x": b"y"}, {"x": object()}])
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    assert all("accepted: " in message for message in refused(changed("/task", value)).values())


def test_a_hundred_problems_are_enough() -> None:
    with pytest.raises(SpecError) as error:
        parse(BASE | {f"field{i}": 0 for i in range(250)})
    assert len(error.value.problems) == 101
    assert error.value.problems[-1].message == "and more problems"


def test_fast_forward_is_refused_where_it_would_not_be_exact() -> None:
    problems = refused(BASE | {"engine": "fast_forward", "optimizer": {"kind": "subgradient", "alpha": 0.1}})
    assert set(problems) == {"/engine"}
    assert "accepted: auto, step" in problems["/engine"]
    large = changed("/task/n", 1200, BASE | {"engine": "fast_forward"})
    assert refused(large) == {"/task/n": "1200 is refused; accepted with engine fast_forward: up to 1000"}
    assert parse(BASE | {"engine": "fast_forward"}).engine == "fast_forward"


def test_only_the_subgradient_method_has_a_surrogate() -> None:
    problems = refused(BASE | {"engine": "surrogate"})
    assert set(problems) == {"/engine"}
    assert "subgradient steps with regularizer l1 or elastic; accepted: auto, step" in problems["/engine"]
    subgradient = BASE | {"engine": "surrogate", "optimizer": {"kind": "subgradient", "alpha": 0.1}}
    assert parse(subgradient).engine == "surrogate"
    assert refused(changed("/task/n", 1200, subgradient)) == {
        "/task/n": "1200 is refused; accepted with engine surrogate: up to 1000"
    }


def test_faults_on_purpose_are_accepted_where_the_server_allows_them() -> None:
    task = SYNTHETIC | {"seconds": 0.5, "faults": {"raise": [1], "exit": [2, 3]}}
    spec = parse(BASE | {"task": task}, test_tasks=True)
    nothing = {"diverge": [], "hang": [], "hold": [], "until": "never"}
    assert spec.canonical()["task"]["faults"] == nothing | {"raise": [1], "exit": [2, 3]}


@pytest.mark.parametrize(("regularizer", "optimizers"), [
    ({"kind": "none"}, ("subgradient", "proximal", "projected", "gd")),
    ({"kind": "l2", "beta": 1e-3}, ("subgradient", "proximal", "projected", "gd")),
    ({"kind": "l1", "beta": 1e-3}, ("subgradient", "proximal", "projected")),
    ({"kind": "elastic", "beta1": 1e-3, "beta2": 1e-3}, ("subgradient", "proximal", "projected")),
])  # fmt: skip
def test_the_methods_that_suit_a_regulariser_are_accepted(regularizer: Any, optimizers: tuple[str, ...]) -> None:
    for kind in optimizers:
        spec = parse(BASE | {"regularizer": regularizer, "optimizer": {"kind": kind, "alpha": 0.1}})
        assert spec.optimizer.kind == kind


@pytest.mark.parametrize(
    ("pointer", "list_of"), [("/optimizer/alpha", 0.01), ("/optimizer/alpha", "x"), ("/seeds", 1), ("/tags", 7)]
)
def test_a_list_of_faults_costs_no_more_than_a_list(pointer: str, list_of: object) -> None:
    text = json.dumps(changed(pointer, [list_of] * 20_000))
    tracemalloc.start()
    with pytest.raises(SpecError) as error:
        load(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(error.value.problems) <= 101
    assert peak < 500 * 20_000  # some 260 bytes a value; with a fault kept of each, five times as much


@pytest.mark.parametrize("pointer", ["", "/task", "/optimizer/alpha"])
def test_an_object_of_thousands_of_fields_is_refused_as_one(pointer: str) -> None:
    fields = {f"field{i}": 0 for i in range(5000)}
    data = BASE | fields if not pointer else changed(pointer, fields)
    (message,) = refused(data).values()
    assert "accepted: up to 1000" in message
