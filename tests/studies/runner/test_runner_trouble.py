"""A runner that can run nothing says so, and its studies wait for it; none of them fails for it."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from grokscale.service.health.readiness import Health
from grokscale.service.studies.waiting import explained
from grokscale.studies.runner import environment
from grokscale.studies.runner.cluster import OwnCluster
from grokscale.studies.runner.compilers import Compilers
from grokscale.studies.runner.drivers import Drivers
from grokscale.studies.runner.streak import MOST
from grokscale.studies.settings import Settings
from tests.studies.runner.bench import Bench, Gate, processes, synthetic, wait_until

DRIVER_THAT_MAY_FAIL = """
import runpy, sys, pathlib
sys.argv = [sys.argv[0]]
if not pathlib.Path({mended!r}).exists():
    import torch_of_another_version
runpy.run_module("grokscale.studies.runner.driver", run_name="__main__")
"""
TROUBLE_SECONDS = 60.0


def trouble(bench: Bench) -> str:
    """What the runner says is wrong; empty: nothing."""
    runners = bench.store.runners()
    return (runners[0].news.trouble if runners else None) or ""


def assert_says_so(bench: Bench, study: str, words: str) -> None:
    """Readiness and the study itself name the trouble."""
    health = Health(bench.store, bench.settings, expects_runner=True)

    def unready() -> bool:
        health.look()
        said = health.readiness()
        return (said.status, said.reason) == ("unready", f"the runner takes no study: {trouble(bench)}")

    wait_until(unready, 30, "/readyz says so too")
    (record,) = explained([bench.study(study)], bench.store, bench.settings)
    assert (record.state, record.progress.ended) == ("queued", 0)
    assert record.reason is not None
    assert words in record.reason


def minded(drivers: Drivers | Compilers) -> str | None:
    drivers.mind()
    return drivers.trouble


def test_drivers_that_cannot_import_are_a_trouble_until_one_can(tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    script = tmp_path / "driver.py"
    script.write_text(
        f"import pathlib, sys\nif not pathlib.Path({str(mended)!r}).exists():\n    import torch_of_another_version\n"
        "print('{\"ready\": true}', flush=True)\nsys.stdin.read()\n"
    )
    cluster = OwnCluster(Settings(data_dir=tmp_path), tmp_path / "ray")
    drivers = Drivers((sys.executable, str(script)), cluster)
    for count in range(MOST):
        assert minded(drivers) is None, f"after {count} ends"
        child = drivers.take()
        assert child is not None
        wait_until(lambda child=child: child.code is not None, 20, "it ends")
    assert minded(drivers) == (
        "its drivers end before they can begin, 5 times in a row; the last time: "
        "exit code 1: ModuleNotFoundError: No module named 'torch_of_another_version'"
    )
    mended.touch()
    child = drivers.take()
    assert child is not None
    wait_until(lambda: minded(drivers) is None, 20, "the trouble is over")
    drivers.kill(child)


def test_a_driver_that_the_runner_ends_before_it_could_begin_is_no_trouble(tmp_path: Path) -> None:
    cluster = OwnCluster(Settings(data_dir=tmp_path), tmp_path / "ray")
    drivers = Drivers((sys.executable, "-c", "import time; time.sleep(600)"), cluster)
    for _ in range(MOST + 1):
        child = drivers.take()
        assert child is not None
        drivers.kill(child)
        assert minded(drivers) is None


def test_a_driver_that_cannot_be_started_at_all_is_counted_too(tmp_path: Path) -> None:
    cluster = OwnCluster(Settings(data_dir=tmp_path), tmp_path / "ray")
    drivers = Drivers((str(tmp_path / "nothing"),), cluster)
    assert [drivers.take() for _ in range(MOST)] == [None] * MOST
    said = minded(drivers)
    assert said is not None
    assert "No such file or directory" in said


def test_compilers_that_end_again_and_again_are_a_trouble() -> None:
    compilers = Compilers((sys.executable, "-c", "import sys; sys.exit('no room for machine code')"))
    compilers.start(None)
    wait_until(lambda: minded(compilers) is not None, TROUBLE_SECONDS, "a trouble")
    assert compilers.trouble == (
        "its compilers end before they are done, 5 times in a row; the last time: exit code 1: no room for machine code"
    )
    compilers.end()


def test_what_python_is_told_about_one_program_is_not_told_to_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")  # Ray's agents do not start without docstrings
    monkeypatch.setenv("PYTHONINSPECT", "1")
    for surroundings in (environment.of_ray(None), environment.of_driver(None)):
        assert not {"PYTHONOPTIMIZE", "PYTHONINSPECT"} & surroundings.keys()


def test_a_cluster_that_does_not_start_leaves_studies_queued_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "packages" / "ray"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libray.so is of another machine')\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(broken.parent), os.environ.get("PYTHONPATH", "")]))
    bench = Bench(tmp_path / "data", cpus=1, lease_seconds=6.0)
    study = bench.submit(synthetic("waits"))
    bench.start()
    try:
        why = "the runner's Ray cluster does not start: ImportError: libray.so is of another machine"
        wait_until(lambda: trouble(bench) == why, TROUBLE_SECONDS, why)
        assert_says_so(bench, study, f"waits for its runner: {why}")
    finally:
        bench.close()


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_study_waits_for_drivers_that_can_begin_and_then_completes(tmp_path: Path) -> None:
    mended, script = tmp_path / "mended", tmp_path / "driver.py"
    script.write_text(DRIVER_THAT_MAY_FAIL.format(mended=str(mended)))
    bench = Bench(tmp_path / "data", driver_command=(sys.executable, "-P", str(script)), cpus=1, lease_seconds=6.0)
    study = bench.submit(synthetic("waits"))
    bench.start()
    try:
        wait_until(lambda: "its drivers end" in trouble(bench), TROUBLE_SECONDS, "a trouble")
        assert_says_so(bench, study, "No module named 'torch_of_another_version'")
        mended.touch()
        record = bench.wait(study, "completed")
        assert record.progress.by_outcome == {"generalised": 16}
        assert record.reason is None
        assert trouble(bench) == ""
    finally:
        bench.close()


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_that_ends_again_and_again_is_a_trouble_until_it_lasts(tmp_path: Path, gate: Gate) -> None:
    bench = Bench(tmp_path / "data", cpus=1, lease_seconds=6.0)
    study = bench.submit(synthetic("waits", alphas=[0.1], betas=[1e-4], faults=gate.before(0)))
    bench.start()
    try:
        for _ in range(MOST):
            wait_until(lambda: bench.study(study).state == "running", 120, "its cluster is up")
            raylets = [pid for pid, name in processes(tmp_path / "data").items() if "raylet/raylet" in name]
            for pid in raylets:
                os.kill(pid, 9)
            wait_until(lambda: bench.study(study).state == "queued", 60, "the loss is known")
        again = f"its Ray cluster ends again and again, {MOST} times in a row"
        wait_until(lambda: again in trouble(bench), 60, again)
        assert_says_so(bench, study, again)
        gate.open()
        record = bench.wait(study, "completed")
        assert trouble(bench) == ""
        assert record.progress.by_outcome == {"generalised": 1}
        assert Counter(bench.trial_events(study)) == {0: 1}
        assert [pack.failures for pack in bench.store.packs(study)] == [0]
    finally:
        bench.close()
