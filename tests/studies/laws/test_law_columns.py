"""What laws take for the configuration and for the data is what the store and the tasks say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from grokscale.studies.laws.rows import columns, identities
from grokscale.studies.plan import Plan, Resources, plan
from grokscale.studies.spec import parse
from grokscale.studies.store import open_store

BODY: dict[str, Any] = {
    "name": "columns",
    "task": {"kind": "sparse_recovery", "n": 20, "s": 2, "N": [8, 10]},
    "regularizer": {"kind": "l1", "beta": [1e-4, 1e-3]},
    "optimizer": {"kind": "proximal", "alpha": 0.1},
    "seeds": 2,
}


def planned(folder: Path, **task: Any) -> tuple[pa.Table, Plan]:
    """The table of a study that has not begun, and its plan."""
    spec = parse(BODY | {"task": BODY["task"] | task})
    laid_out = plan(spec, Resources(cpus=1))
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    store.migrate()
    data = store.table(store.add_study(spec, laid_out, versions={}).id)
    store.close()
    return data, laid_out


def test_the_fields_of_a_stores_table_are_those_of_the_configurations(tmp_path: Path) -> None:
    data, laid_out = planned(tmp_path)
    assert set(columns.fields(data)) == set(laid_out.trials[0].config)


@pytest.mark.parametrize(("stream", "streams"), [("spawned", 4), ("legacy", 2)])
def test_draws_and_streams_are_those_of_the_plan(tmp_path: Path, stream: str, streams: int) -> None:
    data, laid_out = planned(tmp_path, stream=stream)
    draw = identities.draws(data)
    assert laid_out.draws == len(np.unique(draw)) == 4
    assert len(np.unique(identities.streams(data))) == streams
    assert identities.data_vary(data)
    assert identities.varying_between(data, draw) == ["N"]
    assert set(identities.varying_within(data, draw)) == {"beta"}


def test_what_is_trained_otherwise_is_no_other_data(tmp_path: Path) -> None:
    data, laid_out = planned(tmp_path, N=8, init_scale=[1e-6, 1.0])
    assert laid_out.draws == len(np.unique(identities.draws(data))) == 2
    assert not identities.data_vary(data)
