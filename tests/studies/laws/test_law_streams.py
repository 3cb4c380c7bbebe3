"""Exponents between data sets where one stream of random numbers draws several: by stream, and they cover."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from grokscale.studies.laws import Request, fit_family, law
from grokscale.studies.laws.inference.clusters import Clusters, degrees_of_freedom, robust_covariance
from tests.studies.laws.legacy import LEVELS, TRUE, apart, pooled_by_stream, study
from tests.studies.laws.tables import Row, censor, table, times

TERMS = ("alpha", "beta", "N")


def of_N(rows: Sequence[Row], **asked: Any) -> dict[str, Any]:
    return law(table(rows), "t2", **({"terms": TERMS} | asked))["exponents"]["N"]


def flat(estimate: dict[str, Any]) -> list[float]:
    return [estimate["value"], estimate["se"], *estimate["ci95"]]


def slopes_by_stream(rows: Sequence[Row]) -> np.ndarray:
    """Each stream's own least squares of log(alpha beta t2) on log N."""
    found = []
    for stream in dict.fromkeys(row["stream_id"] for row in rows):
        mine = [row for row in rows if row["stream_id"] == stream]
        y = times(mine) * [row["alpha"] * row["beta"] for row in mine]
        found.append(np.polyfit(np.log([row["N"] for row in mine]), np.log(y), 1)[0])
    return np.array(found)


@pytest.mark.parametrize("streams", [2, 4, 10])
def test_where_streams_have_the_same_design_it_is_the_mean_of_their_slopes(streams: int) -> None:
    rows = study(3, streams=streams)
    slopes = slopes_by_stream(rows)
    se = slopes.std(ddof=1) / math.sqrt(streams)
    half = stats.t.ppf(0.975, streams - 1) * se
    found = of_N(rows)
    assert found["value"] == pytest.approx(slopes.mean(), rel=1e-6)
    assert found["se"] == pytest.approx(se, rel=1e-6)
    assert found["ci95"] == pytest.approx([slopes.mean() - half, slopes.mean() + half], rel=1e-6)


@pytest.mark.parametrize("streams", [4, 10])
def test_one_row_a_draw_is_the_same_with_one_intercept_for_all(streams: int) -> None:
    rows = study(5, streams=streams, alphas=(0.1,), betas=(1e-5,))
    slopes = slopes_by_stream(rows)
    half = stats.t.ppf(0.975, streams - 1) * slopes.std(ddof=1) / math.sqrt(streams)
    found = of_N(rows, terms=("N",), effect="none")
    assert found["ci95"] == pytest.approx([slopes.mean() - half, slopes.mean() + half], rel=1e-6)


def test_exponents_within_draws_are_those_of_the_rows_as_ever() -> None:
    rows = study(3)
    here, there = (law(table(some), "t2", terms=TERMS) for some in (rows, apart(rows)))
    for name in ("alpha", "beta"):
        assert flat(here["exponents"][name]) == pytest.approx(flat(there["exponents"][name]))
    assert (here["draws"], here["streams"], there["streams"]) == (50, 10, 50)
    assert any("50 draws are made of 10 streams" in warning for warning in here["warnings"])
    assert not any("stream" in warning for warning in there["warnings"])


def test_the_prefactor_has_the_scatter_between_streams() -> None:
    rows = study(3)
    logs = np.log(times(rows) * [row["alpha"] * row["beta"] for row in rows])
    by_stream = np.array([logs[[row["seed"] == s for row in rows]].mean() for s in range(10)])
    half = stats.t.ppf(0.975, 9) * by_stream.std(ddof=1) / math.sqrt(10)
    # where log(alpha beta) and log N are those of the middle of the grid, the line passes the mean of the rows
    answer = law(table(rows), "t2", x="1/(alpha*beta)", effect="random")
    low, high = (math.log(end) for end in answer["prefactor"]["ci95"])
    # the exponent's own error is next to nothing beside it
    assert high - low == pytest.approx(2 * half, rel=0.02)


HOLDS: dict[str, Callable[[int], list[Row]]] = {
    "the same N in every stream": study,
    "5 streams": lambda seed: study(seed, streams=5),
    "other N in each stream": lambda seed: study(seed, kept=0.6),
    "a fifth censored": lambda seed: short_of(study(seed), 0.2),
}


def short_of(rows: list[Row], share: float) -> list[Row]:
    return censor(rows, int(np.quantile(times(rows), 1 - share)))


def shares(make: Callable[[int], list[Row]], studies: int) -> tuple[float, float]:
    """How often the interval holds N's exponent, and how often that of one intercept a stream does (of 100 studies)."""
    own = [holds(make(seed)) for seed in range(studies)]
    one = [holds(pooled_by_stream(make(seed))) for seed in range(min(studies, 100))]
    return float(np.mean(own)), float(np.mean(one))


def holds(rows: list[Row]) -> bool:
    low, high = of_N(rows)["ci95"]
    return low <= TRUE <= high


def enough(studies: int) -> float:
    """.95 less three Monte-Carlo errors."""
    return 0.95 - 3 * math.sqrt(0.95 * 0.05 / studies)


def test_the_interval_covers_where_one_intercept_a_stream_does_not() -> None:
    own, one = shares(study, 60)
    assert own > enough(60)
    assert one < 0.65


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("design", HOLDS)
def test_intervals_of_a_thousand_studies_cover(design: str) -> None:
    own, one = shares(HOLDS[design], 1000)
    assert enough(1000) < own < 0.98
    assert one < 0.65


def test_degrees_of_freedom_are_those_of_bell_and_mccaffrey_written_in_rows() -> None:
    rng = np.random.default_rng(1)
    member = np.repeat(np.arange(7), [3, 9, 4, 4, 12, 2, 6])
    X = np.column_stack([np.ones(len(member)), rng.normal(size=len(member)), rng.normal(size=7)[member]])
    e = rng.normal(size=len(member))
    inverse = np.linalg.inv(X.T @ X)
    residual = np.eye(len(member)) - X @ inverse @ X.T
    e = residual @ e
    parts = Clusters(
        np.array([X[member == g].T @ e[member == g] for g in range(7)]),
        np.array([X[member == g].T @ X[member == g] for g in range(7)]),
        1,
    )
    middle = np.zeros((3, 3))
    for j in range(3):
        columns = []
        for g in range(7):
            mine = member == g
            values, vectors = np.linalg.eigh(residual[np.ix_(mine, mine)])
            whole = values > 1e-9
            half = (vectors[:, whole] / np.sqrt(values[whole])) @ vectors[:, whole].T
            columns.append(residual[:, mine] @ half @ X[mine] @ inverse[:, j])
            if j == 0:
                score = X[mine].T @ half @ e[mine]
                middle += np.outer(score, score)
        spectrum = np.linalg.eigvalsh(np.array(columns) @ np.array(columns).T)
        known = spectrum.sum() ** 2 / (spectrum**2).sum()
        assert degrees_of_freedom(parts, np.eye(3)[j]) == pytest.approx(known, rel=1e-9)
    assert robust_covariance(parts) == pytest.approx((inverse @ middle @ inverse)[1:, 1:], rel=1e-9)


ONE_STREAM = study(1, streams=1)
ONE_STREAM_TELLS = [row for row in study(1) if row["seed"] == 0 or row["N"] == 20]


@pytest.mark.parametrize("rows", [ONE_STREAM, ONE_STREAM_TELLS], ids=["one stream", "one stream has more than one N"])
def test_too_few_streams_fall_back_and_say_so(rows: list[Row]) -> None:
    answer = law(table(rows), "t2", terms=TERMS)
    assert flat(answer["exponents"]["N"]) == pytest.approx(flat(of_N(apart(rows))))
    assert any("too few to tell how streams differ" in warning for warning in answer["warnings"])


def test_a_fit_has_the_same_interval_and_its_profile_and_bootstrap_are_by_stream() -> None:
    rows = study(3)
    asked = Request(models=("M3",), terms=TERMS, intervals=("wald", "profile", "bootstrap"), covariance="draw")
    answer = fit_family(table(rows), asked).result
    assert (answer["draws"], answer["streams"]) == (50, 10)
    model = fit_family(table(rows), Request(models=("M3",), terms=TERMS)).result
    assert model["models"]["M3"]["parameters"]["N"]["ci95"] == pytest.approx(of_N(rows)["ci95"])
    assert any("50 draws are made of 10 streams" in warning for warning in model["warnings"])
    found = answer["models"]["M3"]["parameters"]["N"]
    assert found["se"] == pytest.approx(of_N(rows)["se"], rel=1e-6)  # CR2, of 10 clusters
    widths = {kind: np.ptp(ends) for kind, ends in found["intervals"].items()}
    assert 0.6 < widths["bootstrap"] / widths["wald"] < 1.6
    assert widths["profile"] == pytest.approx(np.ptp(of_N(rows)["ci95"]), rel=0.1)


def test_the_levels_of_N_are_those_of_the_design() -> None:
    assert {row["N"] for row in study(0)} == set(LEVELS)
