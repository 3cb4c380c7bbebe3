"""Charts over HTTP: what they show is tested where they are made; here, what they come as, and what is refused."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from grokscale.service.charts.builders import CHARTS
from grokscale.studies.charts.rendering import RENDERER, RendererGone
from grokscale.studies.store import Lease, Store
from tests.studies.charts.documents import check, rows


def draw(http: TestClient, study_id: str, chart: str, **parameters: Any) -> Any:
    return http.get(f"/v1/studies/{study_id}/charts/{chart}", params=parameters)


@pytest.mark.parametrize("chart", sorted(CHARTS))
@pytest.mark.parametrize(
    ("format", "media"),
    [
        ("json", "application/json"),
        ("svg", "image/svg+xml"),
        ("png", "image/png"),
        ("html", "text/html; charset=utf-8"),
    ],
)
def test_every_chart_comes_in_every_format(
    http: TestClient, finished: str, chart: str, format: str, media: str
) -> None:
    fields = {"phases": {"x": "alpha", "y": "beta"}, "pareto": {"x": "t1", "y": "t2"}}
    answer = draw(http, finished, f"{chart}.{format}", **fields.get(chart, {}))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    if format == "svg":
        assert "a known law" in " ".join(ElementTree.fromstring(answer.content).itertext())
    if format == "html":
        assert not re.findall(r"(?:src|href)\s*=\s*[\"']?https?:", answer.text)


def test_the_points_of_a_law_are_the_study_s_trials(http: TestClient, store: Store, finished: str) -> None:
    document = draw(http, finished, "law.json").json()
    check(document)
    points = rows(document, "circle", "word")
    table = store.table(finished)
    assert [point["index"] for point in points] == table["index"].to_pylist()
    assert [round(point["t"]) for point in points] == table["t2_step"].to_pylist()


def test_a_law_s_chart_takes_the_law_s_parameters(http: TestClient, finished: str) -> None:
    asked = {"response": "t1", "x": "1/alpha", "effect": "none", "threshold": "1e-2"}
    title = draw(http, finished, "law.json", **asked).json()["title"]
    assert title["text"][0].startswith("t1 against 1/α: exponent 1.0")
    assert "draws pooled" in " ".join(title["subtitle"])


def test_a_law_that_is_refused_is_refused_as_a_chart(http: TestClient, submit: Callable[..., str]) -> None:
    study_id = submit()
    law = http.get(f"/v1/studies/{study_id}/laws/t2").json()
    answer = draw(http, study_id, "law.svg")
    assert answer.status_code == 409
    own = ("instance", "request_id")
    assert {k: v for k, v in answer.json().items() if k not in own} == {k: v for k, v in law.items() if k not in own}


def test_curves_are_of_the_trials_that_were_named(http: TestClient, store: Store, finished: str) -> None:
    id = store.table(finished)["id"][7].as_py()
    document = draw(http, finished, "curves.json", trial=["3", id, "3"]).json()
    assert [panel["title"]["text"] for panel in document["concat"]] == ["trial 3", "trial 7"]
    assert {row["text"] for row in rows(document, "text", "text")} >= {
        f"t2 = {store.trial(id).t2.step:,}"  # type: ignore[union-attr]
    }


def test_curves_are_of_a_few_trials_spread_over_the_study(http: TestClient, finished: str) -> None:
    document = draw(http, finished, "curves.json").json()
    labels = [panel["title"]["text"] for panel in document["concat"]]
    assert labels == [f"trial {index}" for index in (0, 5, 9, 14, 18, 23)]


def test_curves_need_a_trial_that_has_ended(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    answer = draw(http, study_id, "curves.svg")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:grokscale:problem:nothing-to-draw")
    run(1)
    assert draw(http, study_id, "curves.json").status_code == 200
    refused = draw(http, study_id, "curves.json", trial="20")
    assert refused.status_code == 409
    assert "has not ended" in refused.json()["detail"]


def test_a_png_has_the_size_that_was_asked_for(http: TestClient, finished: str) -> None:
    png = draw(http, finished, "law.png", width=400, height=300, scale=2).content
    assert struct.unpack(">II", png[16:24]) == (800, 600)


def test_panels_come_near_the_size_that_was_asked_for(http: TestClient, finished: str) -> None:
    for trials in (["0"], ["0", "1", "2", "3"]):
        png = draw(http, finished, "curves.png", trial=trials, width=900, height=600).content
        width, height = struct.unpack(">II", png[16:24])
        assert abs(width - 900) < 40
        assert abs(height - 600) < 40


def test_a_chart_that_the_caller_has_is_not_sent_again(http: TestClient, finished: str) -> None:
    first = draw(http, finished, "law.svg")
    path = f"/v1/studies/{finished}/charts/law"
    again = http.get(f"{path}.svg", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = http.get(f"{path}.json", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


def test_a_chart_that_there_is_not_is_said_with_those_that_there_are(http: TestClient, finished: str) -> None:
    answer = draw(http, finished, "colour.svg")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:grokscale:problem:chart-not-found"
    assert answer.json()["known"] == list(CHARTS)


@pytest.mark.parametrize("format", ["pdf", "SVG", "gif"])
def test_a_format_that_there_is_not_is_said(http: TestClient, finished: str, format: str) -> None:
    answer = draw(http, finished, f"law.{format}")
    assert answer.status_code == 404
    assert answer.json()["known"] == ["json", "svg", "png", "html"]


@pytest.mark.parametrize("path", ["no-such/charts/law.svg", "no-such/charts/curves.svg"])
def test_a_study_that_there_is_not_has_no_chart(http: TestClient, path: str) -> None:
    answer = http.get(f"/v1/studies/{path}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:grokscale:problem:study-not-found")


def test_a_trial_of_another_study_is_none_of_this_one(
    http: TestClient, store: Store, finished: str, submit: Callable[..., str]
) -> None:
    other = store.table(submit())["id"][0].as_py()
    answer = draw(http, finished, "curves.svg", trial=other)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:grokscale:problem:trial-not-found")


@pytest.mark.parametrize(
    ("chart", "parameters", "pointer"),
    [
        ("law.svg", {"x": "1/(alpha*colour)"}, "/x"),
        ("law.svg", {"effect": "guess"}, "/effect"),
        ("law.svg", {"threshold": "0.33"}, "/threshold"),
        ("law.svg", {"response": "colour"}, "/response"),
        ("law.svg", {"trial": "1"}, "/trial"),
        ("law.svg", {"scale": "2"}, "/scale"),
        ("law.svg", {"width": "100"}, "/width"),
        ("law.svg", {"height": "2001"}, "/height"),
        ("law.png", {"scale": "5"}, "/scale"),
        ("law.png", {"scale": "4", "width": "2000", "height": "2000"}, "/scale"),
        ("law.png", {"scale": "nan"}, "/scale"),
        ("curves.svg", {"x": "1/alpha"}, "/x"),
        ("curves.svg", {"trial": list("0123456")}, "/trial"),
        ("curves.svg", {"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_parameter_is_named(
    http: TestClient, finished: str, chart: str, parameters: dict[str, Any], pointer: str
) -> None:
    answer = draw(http, finished, chart, **parameters)
    assert answer.status_code == 422, answer.text
    assert [(fault["in"], fault["pointer"]) for fault in answer.json()["errors"]] == [("query", pointer)]


def test_a_name_that_is_a_script_stays_a_name(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(name="</script><script>alert(1)</script>")
    run()
    assert "alert(1)</script>" not in draw(http, study_id, "law.html").text
    assert b"<script" not in draw(http, study_id, "law.svg").content


def test_drawing_that_broke_off_may_be_tried_again(
    http: TestClient, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> bytes:
        raise RendererGone("it ended")

    monkeypatch.setattr(RENDERER, "render", gone)
    answer = draw(http, finished, "law.svg")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_json_is_as_small_as_it_can_be(http: TestClient, finished: str) -> None:
    answer = draw(http, finished, "law.json")
    assert json.dumps(answer.json(), ensure_ascii=False, separators=(",", ":")) == answer.text
