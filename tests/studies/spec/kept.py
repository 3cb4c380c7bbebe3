"""What specifications were before tasks described themselves: documents, what became of each, and the JSON Schema.

`python -m tests.studies.spec.kept` wrote `kept.json.gz` with the code of that time. It is what the present code is held
against, so it is never written again.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grokscale.studies.spec import SpecError, StudySpec, parse
from grokscale.studies.spec.catalogue import catalogue
from tests.studies.spec.spec_samples import ABSENT, BASE, changed

KEPT = Path(__file__).with_name("kept.json.gz")

TASKS: tuple[dict[str, Any], ...] = (
    BASE["task"],
    {"kind": "sparse_recovery"},
    {"kind": "sparse_recovery", "init": "random", "signal": "uniform", "design_variance": 0.01, "stream": "legacy"},
    {"kind": "synthetic"},
    {"kind": "synthetic", "sigma": [0.1, 0.2], "draw_sigma": 0.3, "exponent": {"linear": [-1, 1], "num": 3}},
    {"kind": "synthetic", "seconds": 1.5, "faults": {"raise": [1], "hold": [2, 3], "until": "here"}},
    {"kind": "matrix_completion"},
    {"kind": "grokking"},
    {},
)
REGULARIZERS: tuple[Any, ...] = (
    {"kind": "none"},
    {"kind": "l1", "beta": 1e-4},
    {"kind": "l2", "beta": [1e-4, 1e-3]},
    {"kind": "elastic", "beta1": 1e-4, "beta2": {"log": [1e-5, 1e-3], "num": 3}},
    {"kind": "elastic", "beta": 1},
    {"kind": "nuclear", "beta": 1e-3},
    {"kind": "l1"},
    None,
)
OPTIMIZERS: tuple[Any, ...] = (
    {"kind": "subgradient", "alpha": 0.1},
    {"kind": "proximal", "alpha": {"log": [0.01, 0.1], "num": 4}},
    {"kind": "projected", "alpha": 0.5},
    {"kind": "gd", "alpha": 0.05},
    {"kind": "adamw", "lr": 1e-3},
    {"kind": "proximal", "alpha": 0},
    [],
)
ENGINES = ("auto", "step", "fast_forward", "surrogate", "leap")
SEARCHES: tuple[dict[str, Any], ...] = (
    {"kind": "grid"},
    {"kind": "random", "num_configs": 5},
    {"kind": "tpe", "num_configs": 5, "objective": {"minimize": "t2", "subject_to": {"error_settled": {"max": 0.1}}}},
    {"kind": "cmaes", "num_configs": 8, "objective": ["t2", "error_settled"]},
)
VALUES: tuple[Any, ...] = (
    *(None, True, "x", 0, 1, 5, 2.5, 30, -1, 1e-60, 1e60, 10**7, float("inf"), [], {}, [1, 2], [2, 2], [1, "a"]),
    *(
        {"log": [1, 10], "num": 3},
        {"log": [1, 10]},
        {"log": [0, 1], "num": 2},
        {"linear": [3, 1], "num": 2},
        {"num": 2},
    ),
    *("ones", "random", "legacy", "uniform", {"raise": [0]}, {"raise": [0, 0], "until": ""}, {"leap": 1}),
    ABSENT,
)
FIELDS = (
    *(f"/task/{name}" for name in ("n", "s", "N", "tau", "snr", "stream", "init", "init_scale", "design_variance")),
    *(f"/task/{name}" for name in ("signal", "kind", "prefactor", "exponent", "sigma", "draw_sigma", "t1_prefactor")),
    *("/task/seconds", "/task/faults", "/task/p", "/regularizer/beta", "/regularizer/kind", "/optimizer/alpha"),
    *("/optimizer/kind", "/engine", "/budget/record", "/budget/stop"),
)


def documents() -> Iterator[dict[str, Any]]:
    """Yield the documents: whole ones at random, and each field at each value."""
    choose = random.Random(20261128).choice
    for _ in range(400):
        parts = {"task": choose(TASKS), "regularizer": choose(REGULARIZERS), "optimizer": choose(OPTIMIZERS)}
        yield BASE | parts | {"engine": choose(ENGINES), "search": choose(SEARCHES)}
    synthetic = BASE | {"task": {"kind": "synthetic"}}
    for field in FIELDS:
        for value in VALUES:
            for whole in (BASE, synthetic):
                try:
                    yield changed(field, value, whole)
                except KeyError:  # nothing to leave out
                    continue


def outcome(data: dict[str, Any]) -> dict[str, Any]:
    """What becomes of a document: its canonical form and hash, or its problems; by a server for tests and another."""
    found: dict[str, Any] = {}
    for test_tasks in (False, True):
        try:
            spec = parse(data, test_tasks=test_tasks)
        except SpecError as error:
            found[f"{test_tasks}"] = [[problem.pointer, problem.message] for problem in error.problems]
        else:
            found[f"{test_tasks}"] = {"hash": spec.hash(), "canonical": spec.canonical()}
    return found if found["True"] != found["False"] else {"always": found["True"]}


def everything() -> dict[str, Any]:
    """All that is kept, as JSON."""
    outcomes = [outcome(data) for data in documents()]
    return {"outcomes": outcomes, "schema": StudySpec.model_json_schema(), "catalogue": catalogue()}


if __name__ == "__main__":
    KEPT.write_bytes(gzip.compress(json.dumps(everything(), sort_keys=True).encode(), mtime=0))
