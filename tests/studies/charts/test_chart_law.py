"""The chart of a law: its rows are the table's, its band the law's own interval, and nothing is left out unsaid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from grokscale.studies.charts.law import law as chart
from grokscale.studies.charts.sizes import Size
from grokscale.studies.laws import TooLittle, fitted_line, law
from tests.studies.charts.documents import check, heading, kind, layers, rows
from tests.studies.laws.tables import censor, crossing, grid, log_x, power_law, table, times

EXACT = power_law(grid(seeds=5))
MIXED = [
    *censor(EXACT, 10_000_000),
    {"seed": 0, "alpha": 0.02, "beta": 1e-5, **crossing("t2", "interval", lower=300_000, upper=600_000)},
    {"seed": 1, "alpha": 0.02, "beta": 1e-5, **crossing("t2", "left")},
    {"seed": 1, "alpha": 0.02, "beta": 2e-5, **crossing("t2", "stalled"), "outcome": "stalled"},
]


def drawn(data: list[dict[str, Any]], **question: Any) -> dict[str, Any]:
    made = table(data)
    return chart(made, fitted_line(made, **question), "a study")


def test_every_trial_is_a_point_at_its_own_place() -> None:
    points = rows(drawn(EXACT), "circle", "word")
    assert [point["t"] for point in points] == pytest.approx(times(EXACT), rel=1e-12)
    assert [point["x"] for point in points] == pytest.approx(np.exp(log_x(EXACT)), rel=1e-12)
    assert [point["draw"] for point in points] == [str(row["seed"]) for row in EXACT]
    assert [point["index"] for point in points] == list(range(len(EXACT)))


def test_censored_trials_stand_at_the_end_that_is_known() -> None:
    document = drawn(MIXED)
    check(document)
    others = {row["word"]: row for row in rows(document, "point", "word")}
    assert set(others) == {"interval", "left", "right"}
    assert others["right"]["t"] == pytest.approx(10_000_000)
    assert others["right"]["low"] is None
    assert others["left"]["t"] == pytest.approx(1)
    assert others["interval"]["t"] == pytest.approx(math.sqrt(300_000 * 600_000))
    bars = rows(document, "rule", "low")
    assert [(bar["low"], bar["high"]) for bar in bars] == [(pytest.approx(300_000), pytest.approx(600_000))]
    [shapes] = [layer["encoding"]["shape"] for layer in layers(document) if "shape" in layer["encoding"]]
    named = dict(zip(shapes["scale"]["domain"], shapes["scale"]["range"], strict=True))
    assert named == {"interval": "diamond", "right": "triangle-up", "left": "triangle-down"}


@pytest.mark.parametrize("data", [EXACT, MIXED], ids=["exact", "censored"])
@pytest.mark.parametrize("effect", ["draw", "none"])
def test_the_band_is_the_interval_of_the_prefactor_of_a_law_in_x_over_its_place(
    data: list[dict[str, Any]], effect: str
) -> None:
    band = rows(drawn(data, effect=effect), "area", "band_low")
    for row in (band[0], band[20], band[-1]):
        prefactor = law(table(data), "t2", x=f"1/({row['x']!r}*alpha*beta)", effect=effect)["prefactor"]
        assert row["t"] == pytest.approx(prefactor["value"], rel=1e-9)
        assert [row["band_low"], row["band_high"]] == pytest.approx(prefactor["ci95"], rel=1e-9)


def test_the_pooled_band_is_that_of_least_squares_by_hand() -> None:
    x, y = log_x(EXACT), np.log(times(EXACT))
    slope = ((x - x.mean()) * y).sum() / ((x - x.mean()) ** 2).sum()
    residual = y - y.mean() - slope * (x - x.mean())
    df = len(x) - 2
    variance = (residual**2).sum() / df
    for row in rows(drawn(EXACT, effect="none"), "area", "band_low"):
        away = math.log(row["x"]) - x.mean()
        se = math.sqrt(variance * (1 / len(x) + away**2 / ((x - x.mean()) ** 2).sum()))
        middle, half = y.mean() + slope * away, float(stats.t.ppf(0.975, df)) * se
        assert math.log(row["t"]) == pytest.approx(middle, rel=1e-9)
        assert math.log(row["band_low"]) == pytest.approx(middle - half, rel=1e-9)
        assert math.log(row["band_high"]) == pytest.approx(middle + half, rel=1e-9)


def test_the_line_is_the_law_s_power() -> None:
    fitted = law(table(EXACT), "t2")
    for row in rows(drawn(EXACT), "line", "band_low"):
        expected = fitted["prefactor"]["value"] * row["x"] ** fitted["exponent"]["value"]
        assert row["t"] == pytest.approx(expected, rel=1e-9)


STARS = {0: 0.1, 1: 0.2, 2: 0.4, 3: 0.5, 4: 0.9}
MEAN = float(np.exp(np.mean(np.log([*STARS.values()]))))


def theory(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in rows(document, "line", "line") if row["line"].startswith("theory")]


def test_the_line_of_theory_is_the_geometric_mean_over_the_draws_of_the_fit() -> None:
    data = [row | {"T_star": STARS[row["seed"]]} for row in EXACT]
    assert [row["t"] / row["x"] for row in theory(drawn(data))] == pytest.approx([MEAN, MEAN])
    squared = theory(drawn(data, x="2/(alpha*beta)^2"))
    assert [row["t"] / math.sqrt(row["x"] / 2) for row in squared] == pytest.approx([MEAN, MEAN])


def exact_theory(unbalanced: bool = False, scatter: float = 0.0) -> list[dict[str, Any]]:
    """Times that theory foretells to the step, or with a scatter that moves neither level nor slope of a draw."""
    cells = grid((0.013, 0.031, 0.11), (1e-9, 7e-9, 5e-8), seeds=1)
    design = np.column_stack([np.ones(9), log_x(cells)])
    noise = np.random.default_rng(0).normal(size=9)
    off = scatter * (noise - design @ np.linalg.lstsq(design, noise, rcond=None)[0])
    found = []
    for seed, star in STARS.items():
        for row, e in zip(cells, off, strict=True):
            t = math.ceil(star / (row["alpha"] * row["beta"]) * math.exp(e))
            found.append(row | {"seed": seed, "T_star": star} | crossing("t2", "exact", t))
    return [row for row in found if not unbalanced or row["seed"] < 3 or row["configuration"] % 3 == 0]


@pytest.mark.parametrize(
    ("effect", "data"),
    [("draw", exact_theory()), ("draw", exact_theory(unbalanced=True)), ("random", exact_theory(scatter=0.05))],
    ids=["fixed", "unbalanced", "random"],
)
def test_where_theory_is_exact_its_line_is_the_fitted_one(effect: str, data: list[dict[str, Any]]) -> None:
    document = drawn(data, effect=effect)
    fitted, predicted = rows(document, "line", "band_low"), theory(document)
    assert [row["x"] for row in predicted] == pytest.approx([fitted[0]["x"], fitted[-1]["x"]])
    # to the rounding up to whole steps
    assert [row["t"] for row in predicted] == pytest.approx([fitted[0]["t"], fitted[-1]["t"]], rel=1e-6)


def test_pooled_the_two_lines_meet_in_the_middle_of_the_rows() -> None:
    data = exact_theory(unbalanced=True)
    document = drawn(data, effect="none")
    predicted = theory(document)[0]
    middle = np.exp(log_x(data).mean())
    found = law(table(data), "t2", effect="none")
    there = found["prefactor"]["value"] * middle ** found["exponent"]["value"]
    assert predicted["t"] / predicted["x"] * middle == pytest.approx(there, rel=1e-6)


def test_a_draw_without_a_prediction_leaves_no_line_to_compare_and_it_is_said() -> None:
    data = [row | {"T_star": None if row["seed"] == 3 else STARS[row["seed"]]} for row in EXACT]
    document = drawn(data)
    assert not theory(document)
    assert "no line of theory: T* is not known in 1 of 5 draws" in heading(document)
    assert "no line of theory" not in heading(drawn(exact_theory()))


def test_a_draw_outside_the_fit_is_outside_the_line_of_theory() -> None:
    never = crossing("t2", "infeasible", lower=100) | {"outcome": "infeasible", "T_star": 1e6}
    data = [row | {"T_star": STARS[row["seed"]]} | (never if row["seed"] == 4 else {}) for row in EXACT]
    kept = float(np.exp(np.mean(np.log([STARS[seed] for seed in range(4)]))))
    assert [row["t"] / row["x"] for row in theory(drawn(data))] == pytest.approx([kept, kept])


@pytest.mark.parametrize("question", [{"response": "t1"}, {"x": "1/alpha"}])
def test_theory_has_no_line_where_it_says_nothing(question: dict[str, Any]) -> None:
    data = [row | {"T_star": 0.1} for row in power_law(EXACT, response="t1", seed=1)]
    assert not [row for row in rows(drawn(data, **question), "line", "line") if "theory" in row["line"]]


def test_the_heading_states_the_law() -> None:
    document = drawn(EXACT)
    fitted = law(table(EXACT), "t2")
    low, high = fitted["exponent"]["ci95"]
    assert f"t2 against 1/(αβ): exponent {fitted['exponent']['value']:.4f} [{low:.4f}, {high:.4f}]" in heading(document)
    assert "a study" in heading(document)
    assert "45 trials of 5 draws" in heading(document)
    assert document["description"] == fitted["text"]


def test_what_is_not_drawn_is_counted() -> None:
    assert "not drawn: 1 stalled" in heading(drawn(MIXED))
    assert "of them censored" in heading(drawn(MIXED))


@pytest.mark.parametrize("x", ["(alpha*beta)^60", "1/(alpha*beta)^60", "1e300*alpha", "1e-300/alpha"])
def test_an_x_beyond_what_an_axis_can_show_is_counted(x: str) -> None:
    document = drawn([row | {"T_star": 0.1} for row in EXACT], x=x)
    check(document)
    shown = len(rows(document, "circle", "word"))
    assert shown < len(EXACT)
    assert f"not drawn: {len(EXACT) - shown} without an x that an axis can show" in heading(document)


def test_many_points_are_thinned_and_it_is_said() -> None:
    many = power_law(grid(alphas=np.geomspace(0.01, 0.1, 24).tolist(), betas=np.geomspace(1e-6, 1e-4, 24).tolist()))
    document = drawn(many)
    points = rows(document, "circle", "word")
    assert len(points) == 5000
    assert "5,000 of 5,760 points are drawn" in heading(document)
    assert {point["draw"] for point in points} == {str(seed) for seed in range(10)}


def test_an_exponent_that_cannot_be_told_leaves_the_points() -> None:
    data = power_law(grid(alphas=[0.1], betas=[1e-5], seeds=4))
    document = drawn(data, effect="none")
    assert "no exponent is identifiable" in heading(document)
    assert len(rows(document, "circle", "word")) == 4
    assert not rows(document, "area", "band_low")
    check(document)


def test_a_law_that_is_refused_has_no_chart() -> None:
    with pytest.raises(TooLittle):
        drawn(censor(EXACT, 1))


def test_draws_are_told_apart_by_a_palette_while_they_are_few() -> None:
    def colour(seeds: int) -> dict[str, Any]:
        document = drawn(power_law(grid(seeds=seeds)))
        return next(layer["encoding"]["color"] for layer in layers(document) if kind(layer) == "circle")

    assert len(set(colour(8)["scale"]["range"])) == 8
    assert colour(9)["scale"] == {"scheme": "viridis"}
    assert colour(9)["legend"] is None


def test_a_draw_is_named_by_what_changes_its_data() -> None:
    data = power_law([*grid(seeds=2, N=30), *grid(seeds=2, N=50)])
    assert {p["draw"] for p in rows(drawn(data), "circle", "word")} == {"0, N 30", "1, N 30", "0, N 50", "1, N 50"}


def test_the_size_is_that_of_the_whole() -> None:
    made = table(EXACT)
    document = chart(made, fitted_line(made), "a study", Size(500, 300))
    assert (document["width"], document["height"]) == (500, 300)
    assert document["autosize"] == {"type": "fit", "contains": "padding"}


def test_the_same_study_has_the_same_chart() -> None:
    assert drawn(EXACT) == drawn(EXACT)
