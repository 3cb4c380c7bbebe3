"""What laws take for the configuration and for the data is what the store and the tasks say."""

from __future__ import annotations

from pathlib import Path

from studies.laws import columns
from studies.plan import Resources, plan
from studies.spec import parse
from studies.store import open_store

BODY = {
    "name": "columns",
    "task": {"kind": "sparse_recovery", "n": 20, "s": 2, "N": [8, 10]},
    "regularizer": {"kind": "l1", "beta": [1e-4, 1e-3]},
    "optimizer": {"kind": "proximal", "alpha": 0.1},
    "seeds": 2,
}


def test_the_fields_of_a_stores_table_are_those_of_the_configurations(tmp_path: Path) -> None:
    spec = parse(BODY)
    planned = plan(spec, Resources(cpus=1))
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    store.migrate()
    data = store.table(store.add_study(spec, planned, versions={}).id)
    store.close()
    assert set(columns.fields(data)) == set(planned.trials[0].config)
    assert sorted(set(columns.draws(data).tolist())) == [0, 1, 2, 3]
