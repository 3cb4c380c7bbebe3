"""Errors, clients and studies cross from one process into another."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import grokscale
from grokscale import Client
from grokscale.studies.documents import FieldProblem, SpecError
from grokscale.studies.laws import errors as laws
from grokscale.studies.laws.likelihood.no_maximum import NoMaximum
from grokscale.studies.lifecycle import ImpossibleTransition
from grokscale.studies.phases import errors as phases
from grokscale.studies.spec.numbers import Refused
from grokscale.studies.store import errors as store
from tests.service.conftest import SPEC

SECONDS = 60
DOCUMENT = {
    "type": "urn:grokscale:problem:x",
    "title": "No",
    "status": 409,
    "detail": "because",
    "errors": [{"in": "body", "pointer": "/seeds", "detail": "0"}],
    "request_id": "r",
    "counts": {"rows": 0},
}
CLASSES = [value for value in vars(grokscale).values() if isinstance(value, type) and issubclass(value, Exception)]
OF_THE_CLIENT = [cls(DOCUMENT if issubclass(cls, grokscale.ProblemError) else "because") for cls in CLASSES]
OF_STUDIES = [
    laws.TooLittle("nothing", {"rows": 0}),
    laws.BadExpression("what", 3, "1/(", "x"),
    laws.UnknownName("colour", ["alpha"], "terms"),
    laws.NotApplicable("no", "by"),
    phases.UnknownField("colour", ["N"], "x"),
    phases.NotApplicable("no", "y"),
    store.SchemaOutdated("0001", "0002"),
    store.NotFound("study", "x"),
    store.LeaseLost("x", 3),
    store.InvalidFilter("sort", "no", ["t2"]),
    SpecError([FieldProblem("/seeds", "0 is refused")]),
    Refused((("a",), "b")),
    ImpossibleTransition("completed", "cancel"),
    NoMaximum(),
]


@pytest.mark.parametrize("error", [*OF_THE_CLIENT, *OF_STUDIES], ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_and_copying(error: Exception) -> None:
    error.add_note("in trial 3")
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert (str(other), other.args, vars(other)) == (str(error), error.args, vars(error))


def test_a_client_and_its_studies_survive_pickling(url: str) -> None:
    with Client(url) as client:
        study = pickle.loads(pickle.dumps(client.submit(SPEC)))
    assert study.refresh().state == "queued"
    assert study.cancel().state == "cancelled"


POOL = """\
import json, multiprocessing, sys
from grokscale.service.client import Client, Invalid  # as of grokscale, which imports all laws

url, spec = sys.argv[1], json.loads(sys.argv[2])
client = Client(url)

def submit(seeds):
    return client.submit(spec | {"seeds": seeds})

def read(study):
    return study.refresh().id == study.id == client.study(study.id).id

if __name__ == "__main__":
    study = client.submit(spec)  # over a connection that the children inherit
    with multiprocessing.get_context("fork").Pool(2) as pool:
        try:
            pool.map_async(submit, [0]).get(30)
        except Invalid as error:
            print(error.faults[0]["pointer"])
        studies = pool.map_async(submit, range(1, 7)).get(30)
        print([one.progress["total"] for one in studies])
        print(all(pool.map_async(read, studies * 10).get(30)))
    print(study.refresh().state)
"""


def test_a_pool_of_processes_shares_a_client(url: str, tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    spec: dict[str, Any] = SPEC | {"optimizer": {"kind": "proximal", "alpha": 0.1}}
    root = Path(grokscale.__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, str(script), url, json.dumps(spec)],
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.stdout.splitlines() == ["/seeds", "[3, 6, 9, 12, 15, 18]", "True", "queued"], ended.stderr
