"""Studies of tasks from outside: what is kept of them, when they go on with other code, and what cannot be known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from grokscale.studies import tasks
from grokscale.studies.lifecycle import ImpossibleTransition
from grokscale.studies.plan import Resources, forecast, plan
from grokscale.studies.spec import SpecError, parse
from grokscale.studies.spec.catalogue import catalogue
from grokscale.studies.store import NotFound, Store
from grokscale.trainers.plugins.apart import TaskFailed
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.plugins.reading import read
from grokscale.trainers.plugins.sources import Source
from grokscale.trainers.tasks.documents import digest
from grokscale.trainers.tasks.registry import BUILT_IN
from tests.plugins.offering import offered
from tests.trainers.plugins.sources import write

SPEC: dict[str, Any] = {
    "name": "plain",
    "task": {"kind": "plain", "gain": [0.1, 0.2]},
    "regularizer": {"kind": "none"},
    "optimizer": {"kind": "plain_steps"},
    "seeds": 3,
}


def described(folder: Path, name: str = "plain", **changes: str) -> Plugin:
    (plugin,) = read([Source(write(folder, name, **changes))], BUILT_IN).plugins
    return plugin


def added(store: Store) -> str:
    spec = parse(SPEC)
    return store.add_study(spec, plan(spec, Resources(1)), versions=tasks.versions_of("plain")).id


def test_a_specification_of_it_is_read_as_any_other(tmp_path: Path) -> None:
    with offered(described(tmp_path)):
        spec = parse(SPEC)
        assert spec.canonical()["task"] == {"kind": "plain", "gain": [0.1, 0.2]}
        with pytest.raises(SpecError, match=r"2 is refused; accepted: a number from 0 to 1"):
            parse(SPEC | {"task": {"kind": "plain", "gain": 2}})
        (item,) = [item for item in catalogue()["tasks"] if item["kind"] == "plain"]
        assert item["code"]["source"]
    with pytest.raises(SpecError, match="'plain' is refused"):
        parse(SPEC)


def test_methods_of_other_tasks_are_refused_by_name(tmp_path: Path) -> None:
    sparse = {"kind": "sparse_recovery", "n": 20, "s": 2, "N": 10}
    with offered(described(tmp_path)):
        with pytest.raises(SpecError, match="sparse_recovery does not take plain_steps; accepted: subgradient"):
            parse(SPEC | {"task": sparse})
        with pytest.raises(SpecError, match="plain does not take gd; accepted: plain_steps"):
            parse(SPEC | {"optimizer": {"kind": "gd", "alpha": 0.1}})


ADAMW = 'Section("adamw", "AdamW", "Of {kind}.", (Field("{field}", Real(0, 1), "its own", sweeps=True),))'


def test_two_tasks_may_have_an_optimizer_of_one_name_each_with_fields_of_its_own(tmp_path: Path) -> None:
    plugins = [
        described(tmp_path, kind=kind, optimizer=ADAMW.format(kind=kind, field=field), name=kind)
        for kind, field in (("one", "lr"), ("two", "speed"))
    ]
    of_one = SPEC | {"task": {"kind": "one"}, "optimizer": {"kind": "adamw", "lr": [0.1, 0.2]}}
    of_two = SPEC | {"task": {"kind": "two"}, "optimizer": {"kind": "adamw", "speed": 0.3}}
    with offered(*plugins):
        for stated, config in ((of_one, {"lr": 0.1}), (of_two, {"speed": 0.3})):
            spec = parse(stated)
            assert parse(spec.canonical()) == spec
            trial = plan(spec, Resources(1)).trials[0]
            assert {name: trial.config.get(name) for name in config} == config
        with pytest.raises(SpecError, match=r"/optimizer/lr: adamw has no field 'lr'; accepted: kind, speed"):
            parse(of_two | {"optimizer": {"kind": "adamw", "speed": 0.3, "lr": 0.1}})
        with pytest.raises(SpecError, match=r"/optimizer/speed: 7 is refused; accepted: a number from 0 to 1"):
            parse(of_two | {"optimizer": {"kind": "adamw", "speed": 7}})
        shown = [item for item in catalogue()["optimizers"] if item["kind"] == "adamw"]
        assert [(item["tasks"], sorted(item["schema"]["properties"])) for item in shown] == [
            (["one"], ["kind", "lr"]),
            (["two"], ["kind", "speed"]),
        ]
        schema = catalogue()["schema"]
        for stated in (of_one, of_two):
            jsonschema.validate(stated, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(of_two | {"optimizer": {"kind": "adamw", "momentum": 0.3}}, schema)


def test_what_it_cannot_predict_is_null_with_the_reason(tmp_path: Path) -> None:
    with offered(described(tmp_path, theory="raise ValueError('no idea')", memory="raise KeyError('size')")):
        spec = parse(SPEC)
        found = forecast(spec, plan(spec, Resources(1)), Resources(1)).to_json()
    assert (found["trials"], found["predicted"]["seconds"], found["predicted"]["memory_bytes"]) == (6, None, None)
    failed = "the task plain could not predict (theory): ValueError: no idea"
    assert found["looked_at"]["limits"] == [failed]
    assert [cell["t2_predicted"] for cell in found["cells"]] == [None, None]
    (unknown,) = [one for one in found["warnings"] if one.get("pointer") == "/task/kind"]
    assert unknown["message"] == (
        "the task plain could not say what a pack takes (memory): KeyError: 'size': time and memory are not known"
    )


def test_draws_that_it_cannot_name_are_no_plan(tmp_path: Path) -> None:
    plugin = described(tmp_path, kind="plain")
    with open(plugin.code.module, "a") as file:
        file.write("\nTask.identity = lambda *_: 1 / 0\n")
    with offered(described_again(plugin)):
        spec = parse(SPEC)
        with pytest.raises(TaskFailed, match="the task plain could not name its draws: ZeroDivisionError"):
            plan(spec, Resources(1))


def described_again(plugin: Plugin) -> Plugin:
    (again,) = read([Source(plugin.code.module)], BUILT_IN).plugins
    return again


def test_a_study_keeps_what_its_task_said_when_that_is_gone(store: Store, tmp_path: Path) -> None:
    plugin = described(tmp_path)
    with offered(plugin):
        study_id, other = added(store), added(store)
    assert store.description(study_id) == store.description(other) == plugin.description
    with store._database.read() as connection:
        assert connection.exec_driver_sql("SELECT hash FROM gs_description").scalars().all() == [
            digest(plugin.description)
        ]
    assert store.table(study_id).column("gain").to_pylist() == [0.1] * 3 + [0.2] * 3
    with pytest.raises(NotFound):
        store.description("none")


def test_a_process_without_its_very_code_says_what_it_lacks(tmp_path: Path) -> None:
    plugin = described(tmp_path)
    versions = {"task": plugin.code.to_json()}
    with offered(plugin):
        assert tasks.differs("plain", plugin.description, versions) is None
    with offered():
        told = tasks.differs("plain", plugin.description, versions)
        assert told == f"the task plain of {plugin.code} is not offered here"
        assert tasks.differs("synthetic", BUILT_IN[1], {}) is None
        told = tasks.differs("synthetic", replace(BUILT_IN[1], version=7), {})
        assert told is not None
        assert told.startswith("the task synthetic is another one here, version 1 of it: `:retry`")
    moved = replace(plugin, code=replace(plugin.code, module="/elsewhere/plain.py"))
    with offered(moved):
        assert tasks.differs("plain", plugin.description, versions) is None


def test_a_study_goes_on_with_another_version_that_draws_the_same(store: Store, tmp_path: Path) -> None:
    with offered(described(tmp_path)) as _:
        study_id = added(store)
        before = store.study(study_id)
    newer = described(tmp_path, memory="'a comment'")
    with offered(newer):
        assert tasks.differs("plain", store.description(study_id), before.versions) is not None
        tasks.adopt(store, study_id)
        after = store.study(study_id)
        assert after.versions["task"] == newer.code.to_json()
        assert after.versions["task_before"] == [before.versions["task"]]
        assert tasks.differs("plain", store.description(study_id), after.versions) is None
        tasks.adopt(store, study_id)
        assert store.study(study_id) == after


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "other"}, "the task plain is not offered here"),
        ({"field": "loss"}, "does not take the study's specification, in task.plain.gain"),
    ],
)
def test_nor_with_one_that_is_not_the_same_study(store: Store, tmp_path: Path, changes: Any, said: str) -> None:
    with offered(described(tmp_path)):
        study_id = added(store)
        before = store.study(study_id)
    with offered(described(tmp_path, **changes)), pytest.raises(tasks.NotAdopted, match=said):
        tasks.adopt(store, study_id)
    assert store.study(study_id) == before


def test_nor_with_one_that_draws_other_data(store: Store, tmp_path: Path) -> None:
    plugin = described(tmp_path)
    with offered(plugin):
        study_id = added(store)
    path = Path(plugin.code.module)
    path.write_text(path.read_text().replace("streams.name, streams.name", '"b" + streams.name, streams.name'))
    with (
        offered(described_again(plugin)),
        pytest.raises(tasks.NotAdopted, match="draws other data for 6 of 6 trials, trial 0 the first"),
    ):
        tasks.adopt(store, study_id)


def test_nor_while_a_runner_has_it(store: Store, tmp_path: Path) -> None:
    with offered(described(tmp_path)):
        study_id = added(store)
    assert store.claim("runner", 60) is not None
    with offered(described(tmp_path, memory="'a comment'")), pytest.raises(ImpossibleTransition, match="running"):
        tasks.adopt(store, study_id)
