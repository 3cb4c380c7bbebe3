"""The charts that are made from plain rows: phases, theory, Pareto front."""

from __future__ import annotations

from typing import Any

import pytest

from grokscale.studies.charts.pareto import pareto
from grokscale.studies.charts.phases import phases
from grokscale.studies.charts.theory import theory
from tests.studies.charts.documents import check, heading, kind, layers, rows

CELLS: list[dict[str, Any]] = [
    {"x": N, "y": s, "n": 0 if (N, s) == (40, 6) else 10, "fraction": None if (N, s) == (40, 6) else N / 100 / s}
    for N in (20, 30, 40)
    for s in (2, 6)
]
CONTOUR = [{"x": 25.0, "y": 2, "low": None, "high": 28.0}, {"x": 35.0, "y": 6, "low": 30.0, "high": None}]


def test_each_cell_reaches_half_way_to_its_neighbours() -> None:
    document = phases(CELLS, "N", "s", "a study")
    check(document)
    found = {(row["x"], row["y"]): row for row in rows(document, "rect", "x1")}
    assert len(found) == 6
    assert (found[30, 2]["x1"], found[30, 2]["x2"]) == (25, 35)
    assert (found[20, 6]["x1"], found[20, 6]["y1"], found[20, 6]["y2"]) == (15, 4, 8)
    assert {key: row["fraction"] for key, row in found.items()} == {(c["x"], c["y"]): c["fraction"] for c in CELLS}


def test_cells_over_decades_have_logarithmic_edges() -> None:
    cells = [{"x": x, "y": y, "n": 4, "fraction": 0.5} for x in (1e-6, 1e-4, 1e-2) for y in (1, 2)]
    document = phases(cells, "beta", "s", "a study")
    check(document)
    [middle] = [row for row in rows(document, "rect", "x1") if row["x"] == 1e-4 and row["y"] == 1]
    assert [middle["x1"], middle["x2"]] == pytest.approx([1e-5, 1e-3])


def test_the_contour_has_a_band_that_goes_to_the_frame_where_it_has_no_end() -> None:
    document = phases(CELLS, "N", "s", "a study", contour=CONTOUR)
    check(document)
    assert rows(document, "area", "low") == [{"y": 2, "low": 15, "high": 28.0}, {"y": 6, "low": 30.0, "high": 45}]
    assert "half of the trials" in heading(document)
    assert "half of the trials" not in heading(phases(CELLS, "N", "s", "a study"))


def test_cells_without_trials_are_said() -> None:
    assert "50 trials in 6 cells, 1 of them without a trial that has ended" in heading(
        phases(CELLS, "N", "s", "a study", outcome="stalled")
    )


def test_one_row_of_cells_is_a_diagram() -> None:
    check(phases([{"x": 20, "y": 5, "n": 3, "fraction": 1.0}], "N", "s", "a study"))


PAIRS = [
    {"trial": i, "seed": 0, "quantity": quantity, "predicted": p, "measured": p * r, "ratio": r}
    for quantity in ("t1", "t2", "floor")
    for i, (p, r) in enumerate([(10.0, 1.0), (1e4, 1.01), (3e5, 0.99)])
]


def test_theory_has_a_column_a_quantity_with_all_its_pairs() -> None:
    document = theory(PAIRS, "a study")
    check(document)
    assert len(document["hconcat"]) == 3
    drawn = rows(document["hconcat"][1] | {"datasets": document["datasets"]}, "point", "ratio")
    assert drawn == 2 * [row for row in PAIRS if row["quantity"] == "t2"]  # measured above, ratio below


def test_theory_counts_what_has_no_pair() -> None:
    missing = {"trial": 9, "seed": 0, "quantity": "t1", "predicted": None, "measured": 3.0, "ratio": None}
    document = theory([*PAIRS, missing], "a study")
    assert "not drawn: 1 pair without a prediction or a measurement" in heading(document)
    assert len(rows(document, "point", "ratio")) == 2 * len(PAIRS)


def test_theory_with_nothing_to_compare_is_a_chart_that_says_so() -> None:
    document = theory([], "a study")
    check(document)
    assert "nothing to compare" in heading(document)


def test_ratios_that_lie_far_apart_are_on_a_logarithmic_axis() -> None:
    def scale(ratio: float) -> str | None:
        far = [{**PAIRS[0], "ratio": ratio, "measured": 10 * ratio}, PAIRS[0]]
        below = theory(far, "a study")["hconcat"][0]["vconcat"][1]
        return next(layer["encoding"]["y"]["scale"].get("type") for layer in layers(below) if kind(layer) == "point")

    assert (scale(1.2), scale(100.0)) == (None, "log")


POINTS = [
    {"trial": "a", "t2": 100, "error_settled": 1e-1, "front": True, "alpha": 0.1, "beta": 1e-3},
    {"trial": "b", "t2": 1000, "error_settled": 1e-2, "front": True, "alpha": 0.1, "beta": 1e-4},
    {"trial": "c", "t2": 2000, "error_settled": 1e-1, "front": False, "alpha": 0.01, "beta": 1e-4},
    {"trial": "d", "t2": None, "error_settled": 1e-1, "front": False, "alpha": 0.01, "beta": 1e-5},
]


def test_the_front_is_a_step_line_in_order() -> None:
    document = pareto(POINTS[::-1], "a study", colour="beta")
    check(document)
    assert [row["trial"] for row in rows(document, "line", "trial")] == ["a", "b"]
    [step] = [layer["mark"]["interpolate"] for layer in layers(document) if kind(layer) == "line"]
    assert step == "step-after"
    assert {row["trial"] for row in rows(document, "circle", "trial")} == {"a", "b", "c"}
    assert "not drawn: 1 point without both responses" in heading(document)


def test_the_front_is_whole_whatever_is_thinned() -> None:
    many = [POINTS[0], *({**POINTS[2], "trial": str(i)} for i in range(6000)), POINTS[1]]
    document = pareto(many, "a study", colour="beta")
    assert [row["trial"] for row in rows(document, "line", "trial")] == ["a", "b"]
    assert "5,000 of 6,000" in heading(document)


def test_no_point_at_all_is_a_chart() -> None:
    check(pareto(POINTS[3:], "a study", colour="beta"))


def test_points_without_a_field_to_colour_them_are_of_one_colour() -> None:
    document = pareto([{**point, "beta": None} for point in POINTS], "a study", colour="beta")
    check(document)
    fills = [layer["encoding"]["fill"] for layer in layers(document) if kind(layer) == "circle"]
    assert fills == 2 * [{"value": "#0072b2"}]
