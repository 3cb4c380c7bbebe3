"""Places in a cluster: all are used, those that wait get the next, and what was begun goes first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grokscale.studies.store import PackRecord
from tests.studies.runner.bench import PATIENCE, Bench, Gate, idle_share, slow, synthetic, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

SEEDS = 24
"""Of 16 configurations each: 384 trials of one shape, at least as many packs as places."""


@pytest.fixture
def gates(tmp_path: Path) -> list[Gate]:
    return [Gate(tmp_path / str(i)) for i in range(3)]


def held(bench: Bench, name: str, gate: Gate) -> str:
    """Submit a study of several packs each of which waits at the gate."""
    return bench.submit(synthetic(name, seeds=SEEDS, faults=gate.before(*range(16 * SEEDS))))


def running(bench: Bench, *studies: str) -> list[int]:
    """How many packs of each study run."""
    return [sum(pack.state == "running" for pack in bench.store.packs(study)) for study in studies]


def cancel(bench: Bench, *studies: str) -> None:
    for study in studies:
        bench.store.transition(study, "cancel")
    for study in studies:
        bench.wait(study, "cancelled")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A runner on a machine with three places."""
    made = Bench(tmp_path_factory.mktemp("three"), cpus=3).start()
    yield made
    made.close()


def test_two_studies_on_three_places_use_all_three(three: Bench, gates: list[Gate]) -> None:
    first, second = held(three, "first", gates[0]), held(three, "second", gates[1])
    wait_until(lambda: sum(running(three, first, second)) == 3, PATIENCE, "three packs run")
    wait_until(lambda: sorted(running(three, first, second)) == [1, 2], PATIENCE, "each has its share")
    cancel(three, first, second)


@pytest.mark.slow
def test_a_study_of_one_shape_keeps_all_places_busy(three: Bench) -> None:
    study = three.submit(synthetic("busy", seeds=36, seconds=0.4))  # nine packs of 64 trials, half a minute each
    three.wait(study, "completed", 300)
    packs = three.store.packs(study)
    assert len(packs) == 9
    assert idle_share(packs, places=3) <= 0.05


def test_a_third_study_on_two_places_gets_the_next_one(bench: Bench, gates: list[Gate]) -> None:
    first = held(bench, "first", gates[0])
    wait_until(lambda: running(bench, first) == [2], PATIENCE, "the first study has both places")
    second = held(bench, "second", gates[1])
    wait_until(lambda: running(bench, first, second) == [1, 1], PATIENCE, "two studies share them")
    third = held(bench, "third", gates[2])
    wait_until(lambda: bench.study(third).state == "running", PATIENCE, "the third study is claimed")
    gates[0].open()  # the pack of the first study that runs comes to its end
    wait_until(lambda: running(bench, third) == [1], PATIENCE, "the third study has a place")
    assert running(bench, first, second) == [0, 1]
    attempts = lambda: sum(pack.attempt for pack in bench.store.packs(first))  # noqa: E731
    before = attempts()
    gates[1].open()
    # its gate is open: a pack that begins may have ended before it is seen to run
    wait_until(lambda: attempts() > before, PATIENCE, "the first study is served again")
    cancel(bench, first, second, third)


def test_halves_of_a_failed_pack_run_before_packs_that_nobody_has_begun(bench: Bench, gates: list[Gate]) -> None:
    spec = synthetic("retried", seeds=SEEDS)
    slowest = slow(spec, 2.2e-6)  # some of each of the two packs that are first in line
    (raises, *_) = set(slow(spec, 5e-6)) - set(slowest)  # before the others of its pack come to the gate
    faults = gates[0].before(*slowest) | {"raise": [raises]}
    study = bench.submit(synthetic("retried", seeds=SEEDS, faults=faults))
    wait_until(lambda: any(pack.parent for pack in bench.store.packs(study)), PATIENCE, "a pack is halved")

    seen: list[PackRecord] = []  # all at one moment: a half of which no trial is held ends within the next

    def two_run() -> bool:
        seen[:] = bench.store.packs(study)
        return sum(pack.state == "running" for pack in seen) == 2

    wait_until(two_run, PATIENCE, "two packs run")
    waiting = [pack for pack in seen if pack.state == "waiting" and not pack.parent]
    assert waiting, "others wait"
    assert any(pack.parent for pack in seen if pack.state == "running")
    assert all(pack.attempt == 0 for pack in waiting)
    cancel(bench, study)
