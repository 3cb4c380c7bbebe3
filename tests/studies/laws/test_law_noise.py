"""Log-probabilities of normal noise against integrals and differences of them, in the middle and far out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from studies.laws import noise

ENDS = [-30.0, -5.0, -0.3, 0.0, 2.0, 30.0, 900.0, 1100.0]
BRACKETS = [(0.0, 2.0), (1.5, 0.1), (-4.0, 8.5), (-7.0, 1.0), (7.0, 1e-2), (0.3, 9e-4), (0.3, 1.1e-3), (-30.0, 2.0)]


def difference(f: noise.Curve | noise.Surface, g: noise.Curve | noise.Surface, part: str, h: float) -> float:
    return float((getattr(g, part)[0] - getattr(f, part)[0]) / (2 * h))


@pytest.mark.parametrize("z", ENDS)
def test_a_right_censored_end_has_the_log_survival(z: float) -> None:
    assert noise.above(np.array([z])).value[0] == pytest.approx(stats.norm.logsf(z), rel=1e-12)


@pytest.mark.parametrize("curve", [noise.at, noise.above, noise.below])
@pytest.mark.parametrize("z", ENDS)
def test_slope_and_bend_of_an_end_are_derivatives(curve: type, z: float) -> None:
    h = 1e-4 * max(1.0, abs(z))
    here, left, right = (curve(np.array([z + step])) for step in (0.0, -h, h))
    assert here.slope[0] == pytest.approx(difference(left, right, "value", h), rel=1e-6, abs=1e-9)
    assert here.bend[0] == pytest.approx(difference(left, right, "slope", h), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("middle", "width"), BRACKETS)
def test_a_bracket_has_the_log_of_the_integral_over_it(middle: float, width: float) -> None:
    at_middle = stats.norm.logpdf(middle)
    mass, _ = integrate.quad(
        lambda z: np.exp(stats.norm.logpdf(z) - at_middle), middle - width / 2, middle + width / 2, epsrel=1e-12
    )
    found = noise.between(np.array([middle]), np.array([width])).value[0]
    assert found == pytest.approx(at_middle + np.log(mass), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("middle", "width"), BRACKETS)
def test_derivatives_of_a_bracket(middle: float, width: float) -> None:
    def at(dm: float, dw: float) -> noise.Surface:
        return noise.between(np.array([middle + dm]), np.array([width + dw]))

    here, h, k = at(0, 0), 1e-3, width * 1e-3
    by_middle, by_width = (at(-h, 0), at(h, 0)), (at(0, -k), at(0, k))
    assert here.m[0] == pytest.approx(difference(*by_middle, "value", h), rel=1e-5, abs=1e-6)
    assert here.w[0] == pytest.approx(difference(*by_width, "value", k), rel=1e-5, abs=1e-6)
    assert here.mm[0] == pytest.approx(difference(*by_middle, "m", h), rel=1e-5, abs=1e-6)
    assert here.mw[0] == pytest.approx(difference(*by_middle, "w", h), rel=1e-5, abs=1e-5)
    assert here.ww[0] == pytest.approx(difference(*by_width, "w", k), rel=1e-4, abs=1e-6)


def test_the_two_formulas_of_a_bracket_meet() -> None:
    below, above = noise.between(np.array([0.7, 0.7]), np.array([1e-3 * (1 - 1e-9), 1e-3])).mm
    assert below == pytest.approx(above, rel=1e-8)


def test_far_out_nothing_overflows() -> None:
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        far = noise.between(np.array([1e6, -1e6, 0.0]), np.array([1.0, 1.0, 1e6]))
    assert all(np.isfinite(getattr(far, part)).all() for part in noise.Surface.__slots__)
