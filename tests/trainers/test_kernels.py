"""Everything that packs call compiled is in the list, with the types that they call it with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grokscale.trainers import levels
from grokscale.trainers.compiled import Dispatcher
from grokscale.trainers.linear import looks as linear_looks
from grokscale.trainers.linear import loop as linear_loop
from grokscale.trainers.tasks.registry import kernels
from grokscale.trainers.tasks.sparse_recovery.fast_forward import (
    decomposition,
    events,
    looks,
    modes,
    path,
    rank_one,
    segment,
)

MODULES = (decomposition, events, looks, modes, path, rank_one, segment, levels, linear_looks, linear_loop)

TRAINED = """
import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from numba.core import event
from tests.trainers.packs import outcomes, pack, sparse, synthetic
from grokscale.trainers.tasks.registry import kernels
from grokscale.trainers.preparing import prepare

prepare(kernels())

class Compiled(event.Listener):
    def on_start(self, event):
        names[event.data["dispatcher"].py_func.__qualname__] += 1
    def on_end(self, event):
        pass

names = Counter()
event.register("numba:compile", Compiled())

ELASTIC = {"regularizer": "elastic", "beta1": 1e-3, "beta2": 1e-3}
SHAPES = [{}, {"N": 60}, {"stream": "legacy"}, {"snr": 10.0}, {"n": 8, "N": 1, "s": 1}]
STEPPED = [
    *product(["proximal", "subgradient"], [{}, {"regularizer": "l2"}, ELASTIC]),
    ("projected", {}),
    ("gd", {"regularizer": "none"}),
    ("gd", {"regularizer": "l2"}),
]
LEAPT = [*product(["proximal"], [{}, {"regularizer": "l2"}, ELASTIC]), ("gd", {"regularizer": "none"})]
STOPS = ["after_t2", "settled", "max_steps"]
ended = 0
for engine, kinds in {"step": STEPPED, "fast_forward": LEAPT, "surrogate": [("subgradient", {})]}.items():
    for case, ((optimizer, fields), shape) in enumerate(product(kinds, SHAPES)):
        trials = [sparse(i, i % 2, optimizer=optimizer, **{"alpha": 0.05, **fields, **shape}) for i in range(3)]
        stop, record = STOPS[case % 3], "coordinates" if case % 2 else "curves"
        of = pack(trials, max_steps=1100, stop=stop, record=record)
        ended += len(outcomes(replace(of, engine=engine)))
ended += len(outcomes(pack([synthetic(i, i) for i in range(3)], task="synthetic")))
print(ended, sum(names.values()), *names)
"""


def test_no_pack_of_any_kind_compiles_anything_after_they_have_been_prepared() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", TRAINED], cwd=root, capture_output=True, text=True, check=True)
    ended, compiled, *names = done.stdout.split()
    assert int(ended) == 3 * (5 * (9 + 4 + 1) + 1)
    assert int(compiled) == 0, names


def test_every_function_that_python_may_call_is_listed() -> None:
    found = {one.py_func for of in MODULES for one in vars(of).values() if type(one) is Dispatcher}
    assert found <= {one.dispatcher.py_func for one in kernels()}


def test_what_only_compiled_code_can_call_says_so() -> None:
    with pytest.raises(TypeError, match="update can be called by compiled code alone"):
        rank_one.update(None, None, None, True)  # type: ignore[arg-type]
