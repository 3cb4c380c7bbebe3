"""Predictions of a task from outside: asked for in a process of their own, and never waited for without end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grokscale.trainers.plugins import loading
from grokscale.trainers.plugins.apart import Apart, TaskFailed
from grokscale.trainers.plugins.plugin import Plugin
from grokscale.trainers.plugins.reading import read
from grokscale.trainers.plugins.sources import Source, name_of
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks import registry
from grokscale.trainers.tasks.registry import BUILT_IN
from grokscale.trainers.trial import Budget, Identity, Trial
from tests.trainers.plugins.sources import write

CONFIG = {"gain": 0.5, "regularizer": "none", "optimizer": "plain_steps"}
TRIALS = [Trial(i, i // 2, i % 2, CONFIG | {"gain": 0.5 + i // 2}) for i in range(4)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Apart]]:
    """Makes tasks from outside, and ends their processes."""
    opened: list[Apart] = []

    def make(seconds: float = 30.0, **changes: str) -> Apart:
        opened.append(Apart(described(tmp_path, **changes), seconds))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def described(folder: Path, **changes: str) -> Plugin:
    (plugin,) = read([Source(write(folder, "plain", **changes))], BUILT_IN).plugins
    return plugin


def test_it_answers_as_the_task_itself_does(made: Callable[..., Apart]) -> None:
    apart = made()
    streams = [Streams.of(7, trial.seed, trial.config, ("gain",)) for trial in TRIALS]
    names = [Identity(f"plain:{one.name}", one.name) for one in streams]
    assert apart.identities(7, TRIALS) == names
    assert apart.identity(TRIALS[1].config, streams[1]) == names[1]
    for trial, one in zip(TRIALS, streams, strict=True):
        drawn = float(one.generator("data").standard_normal())
        theory = apart.theory(apart.draw(trial.config, one), trial, Budget(100))
        assert theory.values == {"guess": drawn}
        assert apart.refusal(one, trial) is None
        assert apart.expected_steps(one, trial, Budget(100)) == 10
    assert (apart.memory(CONFIG, 4, 1), apart.seconds_per_step(CONFIG, 4, 1)) == (8, 1e-3)


def test_one_that_raises_is_a_failure_by_name_and_the_next_question_is_answered(made: Callable[..., Apart]) -> None:
    apart = made(theory="raise ValueError('no idea')")
    streams = Streams.of(0, 0, CONFIG, ("gain",))
    with pytest.raises(TaskFailed, match=r"the task plain could not predict \(theory\): ValueError: no idea"):
        apart.theory(streams, TRIALS[0], Budget(100))
    assert apart.memory(CONFIG, 1, 1) == 8


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("import threading; threading.Event().wait()", "nothing came within 3 s"),
        ("import os; os._exit(2)", "exit code 2"),
    ],
)
def test_one_that_hangs_or_ends_fails_within_its_deadline_and_then_at_once(
    made: Callable[..., Apart], does: str, said: str
) -> None:
    apart = made(3.0, memory=does)
    assert apart.seconds_per_step(CONFIG, 1, 1) == 1e-3
    began = time.monotonic()
    with pytest.raises(TaskFailed, match=said):
        apart.memory(CONFIG, 1, 1)
    assert time.monotonic() - began < 10
    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(TaskFailed, match=said):
            apart.memory(CONFIG, 1, 1)
    assert time.monotonic() - began < 1


def test_other_code_than_was_told_of_is_not_run(tmp_path: Path) -> None:
    plugin = described(tmp_path)
    with open(plugin.code.module, "a") as file:
        file.write("\n# another\n")
    with pytest.raises(loading.Lacking, match=r"the task plain of .*plain\.py .* is another one here: .*plain\.py"):
        loading.check(plugin)
    Path(plugin.code.module).unlink()
    with pytest.raises(loading.Lacking, match=r"is not here: .*No such file"):
        loading.check(plugin)
    assert name_of(plugin.code.module) not in sys.modules


def test_what_cannot_be_imported_here_is_lacking(tmp_path: Path) -> None:
    plugin = described(tmp_path)
    module = Path(plugin.code.module)
    missing = module.with_name("missing.py")
    missing.write_text("import a_library_of_the_servers\n")
    code = loading.code(Source(str(missing)))
    with pytest.raises(
        loading.Lacking, match=r"cannot be imported here: ModuleNotFoundError: .*a_library_of_the_servers"
    ):
        loading.check(Plugin(code, plugin.description))


def test_a_process_that_is_told_of_tasks_offers_these_and_carries_out_what_it_is_to(tmp_path: Path) -> None:
    plugin = described(tmp_path)
    try:
        registry.offer([plugin])
        assert list(registry.described()) == [*(one.kind for one in registry.BUILT_IN), "plain"]
        assert isinstance(registry.task("plain"), Apart)
        registry.carry_out(plugin)
        assert type(registry.task("plain")).__module__ == name_of(plugin.code.module)
    finally:
        registry.offer(())
        sys.modules.pop(name_of(plugin.code.module), None)
    assert "plain" not in registry.described()
