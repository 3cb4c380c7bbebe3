"""`grokscale tasks`, `train` and `doctor`: what needs no server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grokscale.studies.packs import pack
from grokscale.studies.plan import Resources, plan
from grokscale.studies.spec import parse
from grokscale.trainers.tasks.registry import BUILT_IN
from tests.plugins.installing import NETWORK, PACKAGE
from tests.trainers.plugins.sources import text, write

SPEC = {
    "name": "one trial",
    "task": {"kind": "synthetic", "prefactor": 0.5},
    "regularizer": {"kind": "l1", "beta": [1e-3, 1e-2]},
    "optimizer": {"kind": "proximal", "alpha": 0.1},
    "seeds": 2,
}
MODULE = PACKAGE / NETWORK / "__init__.py"


def grokscale(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("GROKSCALE_")}
    command = [sys.executable, "-P", "-m", "grokscale.service.cli", *arguments]
    return subprocess.run(
        command, env=given | environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def test_list_shows_what_is_offered_and_what_is_not(tmp_path: Path) -> None:
    one, other = write(tmp_path, "one", kind="one"), text(tmp_path, "other", "raise RuntimeError('no luck')")
    ended = grokscale(tmp_path, "tasks", "list", GROKSCALE_TASKS=f"{one},{other}")
    assert ended.returncode == 0
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert [row[:2] for row in rows if row][2:] == [*([one.kind, "1"] for one in BUILT_IN), ["one", "1"]]
    assert ended.stderr == f"grokscale: not offered: {other}: its import failed: RuntimeError: no luck\n"
    assert not (tmp_path / ".grokscale").exists()


def test_check_says_what_is_kept_and_what_is_not(tmp_path: Path) -> None:
    kept = grokscale(tmp_path, "tasks", "check", str(MODULE), "--set", "lr=0.01")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert [line.partition(": ok: ")[0] for line in kept.stdout.splitlines()] == ["adamw_network"] * 8
    content = MODULE.read_text()
    broken = text(tmp_path, "broken", content.replace("optimizer.load_state_dict", "dict"))
    ended = grokscale(tmp_path, "tasks", "check", "broken.py", "--set", "lr=0.01")
    assert ended.returncode == 1
    assert broken
    (failed,) = [line for line in ended.stdout.splitlines() if "FAILED" in line]
    assert failed.startswith("adamw_network: FAILED: A state that was written as a checkpoint and loaded")


def test_new_writes_a_module_that_can_be_checked_and_overwrites_nothing(tmp_path: Path) -> None:
    made = grokscale(tmp_path, "tasks", "new", "two_layers")
    assert made.returncode == 0
    assert made.stdout == "two_layers.py\n"
    content = (tmp_path / "two_layers.py").read_text()
    assert 'class TwoLayers(SimpleTask, kind="two_layers"):' in content
    checked = grokscale(tmp_path, "tasks", "check", "two_layers.py", "--set", "alpha=0.1", "--set", "beta=0.001")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert [line.partition(": ok: ")[0] for line in checked.stdout.splitlines()] == ["two_layers"] * 8
    (tmp_path / "two_layers.py").write_text("mine")
    again = grokscale(tmp_path, "tasks", "new", "two_layers")
    assert again.returncode == 1
    assert again.stderr == "grokscale: two_layers.py is there already; accepted: another name\n"
    assert (tmp_path / "two_layers.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["two-layers", "2layers", "a/b", "class", "sparse_recovery"])
def test_new_refuses_what_names_no_task(tmp_path: Path, name: str) -> None:
    ended = grokscale(tmp_path, "tasks", "new", name)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"grokscale: {name!r} is refused; accepted: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import os; os._exit(3)", "its process ended (exit code 3)"),
        ("", "describes no task"),
    ],
)
def test_check_says_in_a_line_why_nothing_can_be_checked(tmp_path: Path, content: str, said: str) -> None:
    text(tmp_path, "mine", content)
    ended = grokscale(tmp_path, "tasks", "check", "mine.py")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_train_runs_one_trial_of_a_specification_or_of_a_pack(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    spec = parse(SPEC)
    whole = pack(spec, plan(spec, Resources(1)).trials, "a pack")
    (tmp_path / "pack.json").write_text(json.dumps(whole.to_json()))
    told = [
        grokscale(tmp_path, "train", file, "--trial", "2").stdout.splitlines() for file in ("spec.json", "pack.json")
    ]
    for lines in told:
        assert json.loads(lines[0])["beta"] == 1e-2
        assert json.loads(lines[0])["seed"] == 0
        # 0.5/(0.1 0.01) steps
        assert "t2: (499, 500] exact" in lines
        assert lines[-1].startswith("generalised after 1500 steps")
    curves = [[line for line in lines[1:-1] if not line.startswith("step ")] for lines in told]
    assert curves[0] == curves[1]
    missed = grokscale(tmp_path, "train", "spec.json", "--trial", "4")
    assert (missed.returncode, missed.stderr) == (1, "grokscale: no trial 4; accepted: 0 to 3\n")


def test_train_of_a_task_from_outside_shows_what_its_code_raises(tmp_path: Path) -> None:
    module = write(tmp_path, "mine", kind="mine")
    spec = {"task": {"kind": "mine"}, "regularizer": {"kind": "none"}, "optimizer": {"kind": "plain_steps"}}
    (tmp_path / "spec.json").write_text(json.dumps(SPEC | spec))
    ended = grokscale(tmp_path, "train", "spec.json", GROKSCALE_TASKS=module)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("AttributeError: 'Task' object has no attribute")


def test_doctor_says_what_is_wrong_a_line_each(tmp_path: Path) -> None:
    module = text(tmp_path, "mine", "raise RuntimeError('no luck')")
    ended = grokscale(tmp_path, "doctor", "--data-dir", "data", GROKSCALE_TASKS=module)
    assert ended.returncode == 1
    assert ended.stdout.splitlines() == [
        f"data directory {tmp_path / 'data'}: ok",
        f"task of {module}: its import failed: RuntimeError: no luck",
    ]
    well = grokscale(tmp_path, "doctor", "--data-dir", "data")
    assert (well.returncode, well.stderr) == (0, "")


def test_a_setting_that_names_no_module_starts_no_server(tmp_path: Path) -> None:
    ended = grokscale(tmp_path, "serve", "--data-dir", "data", GROKSCALE_TASKS="tasks.py")
    assert ended.returncode == 1
    assert "GROKSCALE_TASKS: " in ended.stderr
    assert "accepted: package.module, or an absolute path that ends in .py" in ended.stderr
