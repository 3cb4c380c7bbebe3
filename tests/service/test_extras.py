"""What works with how little installed: each extra's distributions alone, as their metadata state them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pyarrow import parquet

import grokscale
from grokscale import law
from tests.service.conftest import SPEC
from tests.studies.laws.tables import grid, power_law, table

RANGES = SPEC | {
    "optimizer": {"kind": "proximal", "alpha": {"log": [0.01, 1]}},
    "regularizer": {"kind": "l1", "beta": {"log": [1e-6, 1e-2]}},
}
HEAVY = ("numba", "optuna", "ray", "scipy", "sqlalchemy", "torch")


def required(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """The distributions that one requires, and the extras of each."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
            yield canonicalize_name(requirement.name), frozenset(requirement.extras)


def closure(extras: frozenset[str]) -> list[Distribution]:
    """What `pip install grokscale[...]` installs beside grokscale itself."""
    seen: set[tuple[str, frozenset[str]]] = set()
    left = [("grokscale", extras), ("grokscale", frozenset[str]())]
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            try:
                left += required(*one)
            except PackageNotFoundError:
                continue  # of another platform or optional, and not installed here either
    return [distribution(name) for name in sorted({name for name, _ in seen} - {"grokscale"}) if _there(name)]


def _there(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def installed(folder: Path, *extras: str) -> Path:
    """A folder from which can be imported what an installation with these extras brings."""
    for one in closure(frozenset(extras)):
        for top in {file.parts[0] for file in one.files or () if ".." not in file.parts}:
            link = folder / top
            if not link.exists():
                link.symlink_to(Path(str(one.locate_file(top))))
    (folder / "grokscale").symlink_to(Path(grokscale.__file__).parent)
    return folder


def run(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -S: without the packages that are installed here
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GROKSCALE_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-S", "-P", *arguments],
        env=environment | {"PYTHONPATH": str(path)},
        cwd=path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def laws(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("laws"), "laws")


def test_a_client_is_imported_in_half_a_second_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; from grokscale import Client; "
        f"print(time.process_time(), *({{m.partition('.')[0] for m in sys.modules}} & {{*{HEAVY}, 'numpy'}}))"
    )
    best = min(
        (subprocess.check_output([sys.executable, "-P", "-c", code], text=True).split() for _ in range(3)),
        key=lambda said: float(said[0]),
    )
    assert best[1:] == []
    assert float(best[0]) < 0.5


def test_the_smallest_installation_talks_to_a_server(bare: Path, url: str, tmp_path: Path) -> None:
    spec = tmp_path / "study.yaml"
    spec.write_text("task: {kind: synthetic}\n")
    code = (
        "from grokscale import Client, Invalid\n"
        "import json, sys\n"
        "with Client(sys.argv[1]) as client:\n"
        "    print(client.validate(json.loads(sys.argv[3]))['trials'])\n"
        "    try:\n"
        "        client.submit(sys.argv[2])\n"
        "    except Invalid as refused:\n"
        "        print(refused.faults[0]['pointer'])\n"
    )
    done = run(bare, "-c", code, url, str(spec), json.dumps(SPEC))
    assert done.stdout.splitlines() == ["24", "/name"], done.stderr


@pytest.mark.parametrize(
    ("code", "lacks", "extra"),
    [
        ("from grokscale import law", "pyarrow", "laws"),
        ("from grokscale import StudySpec", "numpy", "laws"),
        ("import grokscale; grokscale.Client().trials('s')", "pyarrow", "laws"),
        ("import sys; sys.argv = ['grokscale', 'serve']; from grokscale.service.cli import main; main()", "", "server"),
    ],
)
def test_what_lacks_says_which_extra_brings_it(bare: Path, code: str, lacks: str, extra: str) -> None:
    done = run(bare, "-c", code)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert lacks in last
    assert f"is not installed, and is needed for this: `pip install 'grokscale[{extra}]'`" in last


def test_a_command_that_lacks_says_so_in_a_line(bare: Path) -> None:
    for command in ("serve", "runner", "quickstart", "db upgrade"):
        done = run(bare, "-m", "grokscale.service.cli", *command.split())
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "pip install 'grokscale[server]'" in done.stderr
    assert run(bare, "-m", "grokscale.service.cli", "--help").returncode == 0


def test_laws_of_a_table_need_no_server(laws: Path, tmp_path: Path) -> None:
    trials = table(power_law(grid(alphas=(0.01, 0.1), betas=(1e-5, 1e-4, 1e-3))))
    parquet.write_table(trials, tmp_path / "trials.parquet")
    code = (
        "import sys\n"
        "from pyarrow import parquet\n"
        "from grokscale import law, phases, theory\n"
        "print(law(parquet.read_table(sys.argv[1]), 't2')['text'])\n"
    )
    done = run(laws, "-c", code, str(tmp_path / "trials.parquet"))
    assert done.stdout.rstrip("\n") == law(trials, "t2")["text"], done.stderr


def test_a_server_without_the_search_extra_refuses_what_needs_it_and_does_the_rest(tmp_path: Path) -> None:
    server = installed(tmp_path, "server")
    code = (
        "import importlib.util, json\n"
        "print([name for name in ('cmaes', 'greenlet') if importlib.util.find_spec(name)])\n"
        "from grokscale.studies.search.samplers import Told, propose\n"
        "from grokscale.studies.settings import Settings\n"
        "from grokscale.studies.spec import Limits, SpecError, parse\n"
        "from grokscale.studies.spec.catalogue import catalogue\n"
        "told = [Told((beta, 0.1), (1 / beta,), {}) for beta in (1e-6, 1e-5, 1e-4, 1e-3)]\n"
        "for kind in ('cmaes', 'gp', 'tpe'):\n"
        "    search = {'kind': kind, 'num_configs': 9, 'objective': {'minimize': 't2'}}\n"
        f"    spec = {json.dumps(RANGES)} | {{'search': search}}\n"
        "    try:\n"
        "        print(kind, len(propose('s', parse(spec, Limits.of(Settings())), told, 2)))\n"
        "    except SpecError as refused:\n"
        "        print(refused)\n"
        "print(catalogue()['rules']['cmaes'])\n"
    )
    done = run(server, "-c", code)
    lacks = "not installed on this server (`pip install 'grokscale[search]'`)"
    assert done.stdout.splitlines() == [
        "[]",
        f"/search/kind: cmaes is {lacks}; accepted: tpe, gp",
        "gp 2",
        "tpe 2",
        lacks,
    ], done.stderr
