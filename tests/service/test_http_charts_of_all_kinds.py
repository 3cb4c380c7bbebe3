"""Every chart over HTTP, of a study whose results are known: what is drawn is what the other routes answer."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from grokscale.service.charts.builders import CHARTS


def rows(document: Any) -> list[dict[str, Any]]:
    """All objects that a Vega-Lite document holds, its data's rows among them."""
    if isinstance(document, dict):
        return [document, *(row for value in document.values() for row in rows(value))]
    return [row for value in document for row in rows(value)] if isinstance(document, list) else []


def chart(http: TestClient, study_id: str, name: str, **query: Any) -> Any:
    return http.get(f"/v1/studies/{study_id}/charts/{name}.json", params=query)


def test_phases_draw_the_fractions_of_the_phases_route(http: TestClient, finished: str) -> None:
    asked = {"x": "alpha", "y": "beta"}
    known = http.get(f"/v1/studies/{finished}/phases", params=asked).json()["cells"]
    drawn = [
        row for row in rows(chart(http, finished, "phases", **asked).json()) if isinstance(row.get("fraction"), float)
    ]
    cells = {(row["x"], row["y"], row["n"], row["fraction"]) for row in drawn}
    assert {(cell["x"], cell["y"], cell["n"], cell["fractions"]["generalised"]["value"]) for cell in known} == cells


def test_phases_want_two_fields(http: TestClient, finished: str) -> None:
    refused = chart(http, finished, "phases", x="alpha")
    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/y"]


def test_the_front_is_that_of_the_pareto_route(http: TestClient, finished: str) -> None:
    asked = {"x": "t1", "y": "t2"}
    known = http.get(f"/v1/studies/{finished}/pareto", params=asked).json()["points"]
    drawn = [row for row in rows(chart(http, finished, "pareto", **asked).json()) if isinstance(row.get("front"), bool)]
    front = {point["configuration"] for point in known if point["on_front"]}
    assert {row["trial"] for row in drawn if row["front"]} == front


def test_theory_draws_the_predictions_of_the_table(http: TestClient, finished: str) -> None:
    drawn = [
        row for row in rows(chart(http, finished, "theory").json()) if {"predicted", "measured", "ratio"} <= set(row)
    ]
    drawn = [row for row in drawn if isinstance(row["ratio"], float)]
    assert drawn
    assert all(row["measured"] == pytest.approx(row["ratio"] * row["predicted"]) for row in drawn)


def test_the_charts_are_those_of_the_interface() -> None:
    assert set(CHARTS) == {"law", "curves", "phases", "theory", "pareto"}


@pytest.mark.parametrize("query", [{"z": "1"}, {"trial": "0"}])
def test_a_foreign_parameter_is_named(http: TestClient, finished: str, query: dict[str, str]) -> None:
    refused = chart(http, finished, "pareto", **query)
    assert refused.status_code == 422
