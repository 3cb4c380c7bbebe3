"""Kernels are compiled once a machine: by whoever comes first, and whatever becomes of it.

Every process here is one of its own, with a directory of machine code that is empty at first. The kernel is the one
that takes least: what holds of it holds of all.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import grokscale
from tests.trainers.copies import copied

ROOT = Path(grokscale.__file__).parents[1]
TESTS = Path(__file__).parents[2]
BEGIN = """
import json, os, sys, time
from grokscale.trainers import preparing
from grokscale.trainers.kernels import LOOKS, PLAN, missing
"""
PREPARE = """
before = len(missing(LOOKS))
preparing.prepare(LOOKS)
stats = PLAN.dispatcher.stats
print(json.dumps({
    "before": before,
    "compiled": sum(stats.cache_misses.values()),
    "loaded": sum(stats.cache_hits.values()),
    "works": PLAN.loaded,
    "directory": PLAN.dispatcher.directory and str(PLAN.dispatcher.directory),
}))
"""
HOLD = """
with preparing._alone(PLAN) as alone:
    print(json.dumps(alone), flush=True)
    sys.stdin.read()
"""
TRAIN = """
from tests.trainers.packs import pack, synthetic
from grokscale.trainers.pack import train
begun = time.monotonic()
reports = []
for report in train(pack([synthetic()], task="synthetic"), report_seconds=0.05):
    print(json.dumps(report.preparing), flush=True)
    reports.append(report)
    if report.preparing is not None:
        prepared = time.monotonic() - begun
outcome, = [outcome for report in reports for outcome in report.outcomes]
print(json.dumps({"seconds": outcome.seconds, "prepared": prepared}))
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A directory for machine code, empty."""
    return tmp_path / "kept"


def start(program: str, kept: Path, root: Path = ROOT, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + program],
        cwd=root,
        env={**os.environ, "NUMBA_CACHE_DIR": str(kept), "PYTHONPATH": str(TESTS), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> Iterator[Any]:
    """What a process says until it ends in order."""
    assert process.stdout is not None
    yield from map(json.loads, process.stdout)
    assert process.wait(60) == 0


def prepared(kept: Path, root: Path = ROOT, **environment: str) -> dict[str, Any]:
    (answer,) = said(start(PREPARE, kept, root, **environment))
    assert answer["works"]
    return answer


def hold(kept: Path) -> subprocess.Popen[str]:
    """A process that is at the kernel, and never finishes."""
    process = start(HOLD, kept)
    assert process.stdout is not None
    kept.mkdir(exist_ok=True)
    assert json.loads(process.stdout.readline()) is True
    return process


def test_of_several_processes_one_compiles_and_the_others_take_what_it_made(kept: Path) -> None:
    answers = [next(said(process)) for process in [start(PREPARE, kept) for _ in range(3)]]
    assert all(answer["works"] for answer in answers)
    assert sum(answer["compiled"] for answer in answers) == 1
    again = prepared(kept)
    assert (again["before"], again["compiled"], again["loaded"]) == (0, 0, 1)


def test_who_needs_a_kernel_waits_for_its_compiler_and_goes_on_when_that_is_killed(kept: Path) -> None:
    compiler = hold(kept)
    asked = "print(json.dumps([left for left, _ in zip(preparing.prepared(LOOKS, 0.05), range(3))]), flush=True)"
    waiting = start(asked + PREPARE, kept)
    answers = said(waiting)
    assert all(left > 0 for left in next(answers)), "three times it was still waited for"
    compiler.send_signal(signal.SIGKILL)
    compiler.wait()
    answer = next(answers)
    assert (answer["works"], answer["compiled"]) == (True, 1)
    waiting.communicate()


def test_a_compiler_that_is_frozen_is_not_waited_for_for_ever(kept: Path) -> None:
    compiler = hold(kept)
    (answer,) = said(start("preparing._PATIENCE_SECONDS = 0.3" + PREPARE, kept))
    assert (answer["works"], answer["compiled"]) == (True, 1)
    compiler.communicate()


def test_no_trial_is_charged_with_compiling(kept: Path) -> None:
    *reports, end = said(start(TRAIN, kept))
    assert reports[0] is not None
    assert reports[-1] is None
    assert end["seconds"] < end["prepared"]


def test_no_trial_is_charged_with_waiting_for_another_compiler(kept: Path) -> None:
    compiler = hold(kept)
    reports = said(start(TRAIN, kept))
    waited = [next(reports) for _ in range(40)]
    assert all(left is not None for left in waited)
    compiler.communicate()
    *_, end = reports
    assert end["seconds"] < end["prepared"] / 2


# -- where the code is kept -------------------------------------------------------------------------------------------


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A copy of the package beside whose modules nothing can be written, whoever asks."""
    package = copied(tmp_path)
    for folder in (package, *(path for path in package.rglob("*") if path.is_dir())):
        (folder / "__pycache__").write_text("a file")
    return tmp_path


NOWHERE: dict[str, str] = {"NUMBA_CACHE_DIR": "", "HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache"}


def test_a_user_without_a_home_keeps_code_among_temporary_files(foreign: Path, kept: Path) -> None:
    (foreign / "tmp").mkdir()
    environment = {**NOWHERE, "TMPDIR": str(foreign / "tmp")}
    first, second = (prepared(kept, foreign, **environment) for _ in range(2))
    assert (first["compiled"], second["compiled"], second["loaded"]) == (1, 0, 1)
    (private,) = (foreign / "tmp").glob("grokscale-kernels-*")
    assert private.stat().st_mode & 0o777 == 0o700
    assert second["directory"].startswith(str(private))


def test_code_is_taken_from_no_directory_that_others_may_write_to(foreign: Path, kept: Path) -> None:
    taken = foreign / "tmp" / f"grokscale-kernels-{os.geteuid()}"
    taken.mkdir(parents=True)
    taken.chmod(0o777)
    first, second = (prepared(kept, foreign, **NOWHERE, TMPDIR=str(foreign / "tmp")) for _ in range(2))
    assert (first["compiled"], second["compiled"], second["loaded"]) == (1, 0, 1)
    assert not list(taken.iterdir())
    fresh = taken.with_name(f"{taken.name}-1")
    assert fresh.stat().st_mode & 0o777 == 0o700
    assert second["directory"].startswith(str(fresh))


def test_code_is_this_users_alone_wherever_it_is_kept(kept: Path) -> None:
    before = os.umask(0)
    try:
        prepared(kept)
    finally:
        os.umask(before)
    (private,) = kept.iterdir()
    assert private.stat().st_mode & 0o777 == 0o700
    files = [path for path in private.rglob("*") if path.suffix in (".nbi", ".nbc")]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


class Runs:
    """A pickle of it makes a file when it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize(("mode", "runs"), [(0o666, False), (0o620, False), (0o600, True)])
def test_code_that_others_could_have_written_is_not_read(mode: int, runs: bool, kept: Path, tmp_path: Path) -> None:
    prepared(kept)
    for file in [*kept.rglob("*.nbi"), *kept.rglob("*.nbc")]:
        file.write_bytes(pickle.dumps(Runs(tmp_path / "ran")))
        file.chmod(mode)
    assert prepared(kept)["compiled"] == 1
    assert (tmp_path / "ran").exists() == runs, "what a user's own files say is run"


def test_a_file_that_is_torn_is_made_anew(kept: Path) -> None:
    prepared(kept)
    for file in [*kept.rglob("*.plan_all-*.nbc"), *kept.rglob("*.plan-*.nbi")]:
        file.write_bytes(file.read_bytes()[:20])
    assert prepared(kept)["compiled"] == 1
    assert prepared(kept)["compiled"] == 0
