"""Adaptive searches of a specification: what is accepted, and what is refused by its exact pointer."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

from grokscale.studies.settings import Settings
from grokscale.studies.spec import Limits, parse
from grokscale.studies.spec.objective import Objective
from grokscale.studies.spec.searches import Tpe
from tests.studies.spec.spec_samples import BASE, changed, refused

BOUNDED = {"minimize": "t2", "subject_to": {"error_settled": {"max": 1e-3}}}
SEARCH: dict[str, Any] = {"kind": "tpe", "num_configs": 20, "objective": BOUNDED}
DATA = BASE | {
    "regularizer": {"kind": "l1", "beta": {"log": [1e-6, 1e-2]}},
    "optimizer": {"kind": "proximal", "alpha": {"log": [1e-3, 1]}},
    "search": SEARCH,
}


def searched(**fields: Any) -> dict[str, Any]:
    return DATA | {"search": SEARCH | fields}


def test_an_objective_under_a_bound_is_read() -> None:
    search = parse(DATA).search
    assert isinstance(search, Tpe)
    assert search.objective == Objective(("t2",), (("error_settled", 1e-3),))
    assert search.batch == 8


@pytest.mark.parametrize("objective", [BOUNDED, ["t2", "error_settled"], {"minimize": "delay", "subject_to": {}}])
def test_the_canonical_form_gives_the_same_specification_again(objective: Any) -> None:
    spec = parse(searched(objective=objective))
    assert spec.canonical()["search"]["objective"] == objective
    assert parse(spec.canonical()) == spec


@pytest.mark.parametrize(
    ("search", "pointer", "message"),
    [
        ({"objective": "t2"}, "/search/objective", "'t2' is refused; accepted: {minimize: response, subject_to:"),
        ({"objective": {}}, "/search/objective/minimize", "missing; accepted: t1, t1_gradient, t2"),
        ({"objective": {"minimize": "speed"}}, "/search/objective/minimize", "'speed' is refused; accepted: t1"),
        (
            {"objective": {"minimize": "t1", "maximize": "t2"}},
            "/search/objective/maximize",
            "accepted: minimize, subject_to",
        ),
        (
            {"objective": {"minimize": "t2", "subject_to": {"loss": {"max": 1}}}},
            "/search/objective/subject_to/loss",
            "unknown response 'loss'; accepted: t1",
        ),
        (
            {"objective": {"minimize": "t2", "subject_to": {"error_min": {"max": 0}}}},
            "/search/objective/subject_to/error_min/max",
            "0 is refused; accepted: a number above 0",
        ),
        (
            {"objective": {"minimize": "t2", "subject_to": {"error_min": {"min": 1, "max": 2}}}},
            "/search/objective/subject_to/error_min/min",
            "unknown field 'min'; accepted: max",
        ),
        (
            {"objective": {"minimize": "t2", "subject_to": {"error_min": 1e-3}}},
            "/search/objective/subject_to/error_min",
            "0.001 is refused; accepted: {max: number}",
        ),
        (
            {"objective": {"minimize": "t2", "subject_to": {"t2": {"max": 9}}}},
            "/search/objective/subject_to/t2",
            "t2 is what is minimised; accepted: another response",
        ),
        ({"objective": ["t2"]}, "/search/objective", "a list of 1 members is refused; accepted: a list of 2 to 2"),
        ({"objective": ["t2", "t2"]}, "/search/objective/1", "'t2' stands at 0 already"),
        ({"prune": 0.5}, "/search/prune", "0.5 is refused; accepted: a number from 1 or null (nothing is pruned)"),
        (
            {"prune": 3, "objective": ["t2", "error_settled"]},
            "/search/prune",
            "pruning goes by t2; accepted: null, or an objective that minimises t2 alone",
        ),
        ({"batch": 0}, "/search/batch", "0 is refused; accepted: a whole number from 1 to 1000"),
        ({"num_configs": 20_000}, "/search/num_configs", "trials is above this server's limit"),
        (
            {"kind": "cmaes", "objective": ["t2", "error_settled"]},
            "/search/objective",
            "cmaes minimises one response; accepted: {minimize: response, subject_to: ...}, or kind tpe or gp",
        ),
    ],
)
def test_a_faulty_search_is_named_with_what_would_be_accepted(
    search: dict[str, Any], pointer: str, message: str
) -> None:
    problems = refused(searched(**search))
    assert set(problems) == {pointer}
    assert message in problems[pointer]


@pytest.mark.parametrize(
    ("pointer", "value", "at", "message"),
    [
        ("/optimizer/alpha", [0.1, 0.2], "/optimizer/alpha", "a list is categorical, which cmaes does not take"),
        ("/optimizer/alpha", 0.1, "/search/kind", "cmaes needs two swept ranges; accepted for one: tpe, gp"),
    ],
)
def test_cmaes_takes_ranges_only(pointer: str, value: Any, at: str, message: str) -> None:
    problems = refused(changed(pointer, value, searched(kind="cmaes")))
    assert set(problems) == {at}
    assert message in problems[at]


def test_a_search_whose_library_the_server_lacks_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert parse(searched(kind="cmaes"), Limits.of(Settings()))
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "cmaes", raising=False)
    importlib.invalidate_caches()
    limits = Limits.of(Settings())
    monkeypatch.undo()
    assert refused(searched(kind="cmaes"), limits=limits) == {
        "/search/kind": "cmaes is not installed on this server (`pip install 'grokscale[search]'`); accepted: tpe, gp"
    }


def test_more_configurations_than_there_are_points_are_refused() -> None:
    data = changed("/regularizer/beta", {"log": [1e-6, 1e-4], "num": 3}, changed("/optimizer/alpha", [0.1, 0.2], DATA))
    assert refused(data) == {"/search/num_configs": "20 is above the 6 points there are; accepted: up to 6"}


def test_more_trials_at_once_than_one_transaction_writes_are_refused() -> None:
    assert parse(searched(batch=50) | {"seeds": 100})
    assert refused(searched(batch=51) | {"seeds": 100}) == {
        "/search/batch": "51 (search.batch) x 100 (seeds) = 5100 trials are proposed at once; accepted: up to 5000 "
        "trials, a batch of 50"
    }


def test_the_settled_error_is_refused_where_trials_end_before() -> None:
    assert "accepted: settled" in refused(changed("/budget/stop", "after_t2", DATA))["/budget/stop"]
    assert "auto is after_t2 here" in refused(DATA | {"engine": "step"})["/budget/stop"]
    assert parse(changed("/budget/stop", "settled", DATA | {"engine": "step"}))
    synthetic = DATA | {"task": {"kind": "synthetic"}}
    assert "never settles" in refused(synthetic)["/search/objective"]
