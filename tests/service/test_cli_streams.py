"""What the commands write where: standard output has the answer alone, and a failure is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.service.forked import grokscale
from tests.service.scripted import Answer, scripted
from tests.service.test_cli import STUDY

PROGRESS = {"total": 12, "ended": 12, "by_outcome": {"generalised": 12}, "eta_seconds": None}
ENDED = {"id": "an-id", "name": "n", "state": "completed", "progress": PROGRESS}
LAW = {"text": "It is so.", "warnings": [], "groups": None}
FIT = {"id": "f", "result": {"text": "It is so.", "models": {}, "likelihood_ratios": {}, "weights": {}}}
FIT["result"] |= {"response": "t2", "noise": "log-normal", "intercepts": "fixed"}
PHASES = {"text": "It is so.", "x": {"name": "N"}, "y": None, "groups": None, "cells": [], "contour": None}
THEORY = {"text": "It is so.", "comparisons": {}}
PARETO = {"text": "It is so.", "points": [], "best": None}
NOWHERE = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["law", "ID", "--json"], LAW),
        (["fit", "ID", "--json"], FIT),
        (["phases", "ID", "-x", "N", "--json"], PHASES),
        (["theory", "ID", "--json"], THEORY),
        (["pareto", "ID", "--json"], PARETO),
    ],
)
@pytest.mark.parametrize("first", [Answer(503), Answer(429, {}, {"Retry-After": "1"}), "hangs up"])
def test_a_server_that_stumbles_leaves_the_answer_as_it_is(
    arguments: list[str], answer: object, first: Answer | str
) -> None:
    with scripted(first, Answer(200, answer)) as server:
        ended = grokscale(*arguments, GROKSCALE_URL=server.url)
    assert json.loads(ended.out) == answer
    (notice,) = ended.err.splitlines()
    assert notice.startswith(f"grokscale: {server.url} ")
    assert "asking again in" in notice
    assert ended.code == 0


def test_submit_prints_the_id_alone_and_watch_the_outcome(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    with scripted(Answer(503), Answer(201, ENDED), Answer(503), Answer(200, {"warnings": []})) as server:
        assert grokscale("submit", str(path), GROKSCALE_URL=server.url).out == "an-id\n"
    with scripted(Answer(503), Answer(200, ENDED)) as server:
        watched = grokscale("watch", "an-id", GROKSCALE_URL=server.url)
    assert watched.out == "completed: 12 of 12 trials, 12 generalised\n"


def test_a_study_is_in_although_its_warnings_cannot_be_had(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    with scripted(Answer(201, ENDED), Answer(500, {"title": "broken"})) as server:
        submitted = grokscale("submit", str(path), GROKSCALE_URL=server.url)
    assert (submitted.code, submitted.out) == (0, "an-id\n")
    assert submitted.err == "what will probably go wrong is not known: broken (500): \n"


def test_submit_prints_the_warnings_of_validation(url: str, tmp_path: Path) -> None:
    path = tmp_path / "study.json"
    task = {"kind": "sparse_recovery", "n": 30, "s": 2, "N": 15}
    spec = {"name": "fast", "task": task, "regularizer": {"kind": "l1", "beta": 1e-3}, "seeds": 1}
    path.write_text(json.dumps(spec | {"optimizer": {"kind": "proximal", "alpha": 90.0}}))
    submitted = grokscale("submit", str(path), GROKSCALE_URL=url)
    assert submitted.code == 0
    assert len(submitted.out.splitlines()) == 1
    assert submitted.err.startswith("warning: ")
    assert "alpha" in submitted.err
    validated = grokscale("validate", str(path), GROKSCALE_URL=url)
    assert (validated.code, validated.err) == (0, "")
    assert validated.out.startswith("1 trials: 1 configurations, 1 draws, 1 packs\npredicted: ")
    assert validated.out.endswith(submitted.err)


def test_validate_says_sizes_and_predictions_and_refuses_by_field(url: str, tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(STUDY)
    whole = json.loads(grokscale("validate", str(path), "--json", GROKSCALE_URL=url).out)
    assert (whole["trials"], whole["configurations"], whole["draws"]) == (12, 4, 3)
    said = grokscale("validate", str(path), GROKSCALE_URL=url).out.splitlines()
    assert said[0] == f"12 trials: 4 configurations, 3 draws, {whole['packs']} packs"
    assert f"{whole['predicted']['steps']:.3g} steps" in said[1]
    path.write_text(STUDY.replace("seeds: 3", "seeds: 0"))
    refused = grokscale("validate", str(path), GROKSCALE_URL=url)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines()[1].startswith("  /seeds: ")


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["law", "x"], {"GROKSCALE_URL": "http://127.0.0.1:abc"}, "GROKSCALE_URL"),
        (["law", "x"], {"GROKSCALE_URL": "localhost:8000"}, "http://"),
        (["watch", "x"], {"GROKSCALE_URL": NOWHERE}, "grokscale serve"),
        (["submit", "/dev/null"], {"GROKSCALE_URL": NOWHERE}, "grokscale serve"),
        (["law", "\udcff"], {"GROKSCALE_URL": NOWHERE}, "grokscale serve"),
        (["law", "x", "--by", "\udcff"], {"GROKSCALE_URL": NOWHERE}, "cannot be sent"),
        (["law", "x", "--x", "a" * 70_000], {"GROKSCALE_URL": NOWHERE}, "cannot be sent"),
        (["law", "x"], {"GROKSCALE_API_KEY": "é"}, "GROKSCALE_API_KEY"),
        (["law", "x"], {"GROKSCALE_URL": "http://no.invalid", "ALL_PROXY": "socks5://127.0.0.1:9"}, "socksio"),
        (["law", "x"], {"GROKSCALE_URL": "http://no.invalid", "HTTP_PROXY": "what://127.0.0.1:9"}, "HTTP_PROXY"),
        (["law", "x"], {"GROKSCALE_URL": "http://no.invalid", "HTTP_PROXY": "http://127.0.0.1:abc"}, "HTTP_PROXY"),
        (["law", "x"], {"GROKSCALE_URL": "https://no.invalid", "SSL_CERT_FILE": "/no/such"}, "SSL_CERT_FILE"),
        (["serve", "--log-level", "trace"], {}, "GROKSCALE_LOG_LEVEL"),
        (["runner"], {"GROKSCALE_LOG_LEVEL": "verbose"}, "'debug', 'info', 'warning' or 'error'"),
        (["serve", "--port", "99999999"], {}, "GROKSCALE_PORT"),
        (["serve", "--port", "high"], {}, "--port"),
        (["law"], {}, "'ID' (see `grokscale law --help`)"),
        (["law", "x", "--threshold", "small"], {}, "--threshold"),
        (["law", "x", "--colour", "red"], {}, "--colour"),
        (["lawn"], {}, "'lawn'"),
        (["db", "downgrade"], {}, "'downgrade'"),
        (["chart", "x", "law"], {}, "--output"),
    ],
)
def test_a_failure_is_one_line(arguments: list[str], environment: dict[str, str], words: str, tmp_path: Path) -> None:
    failed = grokscale(*arguments, **{"GROKSCALE_DATA_DIR": str(tmp_path)} | environment)
    assert failed.out == ""
    (line,) = failed.err.splitlines()
    assert line.startswith("grokscale: ")
    assert words in line
    assert failed.code in {1, 2}


def test_an_answer_that_cannot_be_written_is_a_failure_in_one_line() -> None:
    with scripted(Answer(200, LAW)) as server:
        failed = grokscale("law", "ID", "--json", stdout="/dev/full", GROKSCALE_URL=server.url)
    assert failed.err == "grokscale: [Errno 28] No space left on device\n"
    assert failed.code == 1
