"""Log-probabilities of the noises against scipy's, integrals and differences of them, in the middle and far out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from grokscale.studies.laws.likelihood.noise import EXTREME, LOGISTIC, NORMAL, Curve, Noise, Surface

SCIPY = {NORMAL.name: stats.norm, LOGISTIC.name: stats.logistic, EXTREME.name: stats.gumbel_l}
every = pytest.mark.parametrize("noise", [NORMAL, LOGISTIC, EXTREME], ids=lambda noise: noise.name)
ENDS = [-30.0, -5.0, -0.3, 0.0, 2.0, 30.0, 900.0, 1100.0]
BRACKETS = [(0.0, 2.0), (1.5, 0.1), (-4.0, 8.5), (-7.0, 1.0), (7.0, 1e-2), (0.3, 9e-4), (0.3, 1.1e-3), (-30.0, 2.0)]


def difference(f: Curve | Surface, g: Curve | Surface, part: str, h: float) -> float:
    return float((getattr(g, part)[0] - getattr(f, part)[0]) / (2 * h))


def ends(noise: Noise) -> list[float]:
    """Those at which the noise has a density at all: the extreme value's ends like exp(-e^z)."""
    return [z for z in ENDS if noise is not EXTREME or z < 6]


@every
def test_ends_have_scipys_log_probabilities(noise: Noise) -> None:
    z = np.array(ends(noise))
    known = SCIPY[noise.name]
    np.testing.assert_allclose(noise.at(z).value, known.logpdf(z), rtol=1e-12)
    np.testing.assert_allclose(noise.above(z).value, known.logsf(z), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(noise.below(z).value, known.logcdf(z), rtol=1e-10, atol=1e-300)


@every
def test_moments_and_quantiles_are_scipys(noise: Noise) -> None:
    known = SCIPY[noise.name]
    assert (noise.mean, noise.sd) == pytest.approx((known.mean(), known.std()), abs=1e-12)
    p = np.array([1e-9, 0.1, 0.5, 0.99])
    np.testing.assert_allclose(noise.draw(p), known.ppf(p), rtol=1e-12, atol=1e-15)
    information = integrate.quad(lambda z: known.pdf(z) * -noise.at(np.array([z])).bend[0], -40, 6)[0]
    assert noise.information == pytest.approx(information, rel=1e-2)


@every
@pytest.mark.parametrize("kind", ["at", "above", "below"])
def test_slope_and_bend_of_an_end_are_derivatives(noise: Noise, kind: str) -> None:
    curve = getattr(noise, kind)
    for z in ends(noise):
        h = 1e-4 * max(1.0, abs(z))
        here, left, right = (curve(np.array([z + step])) for step in (0.0, -h, h))
        assert here.slope[0] == pytest.approx(difference(left, right, "value", h), rel=1e-6, abs=1e-8)
        assert here.bend[0] == pytest.approx(difference(left, right, "slope", h), rel=1e-5, abs=1e-8)


def brackets(noise: Noise) -> list[tuple[float, float]]:
    return [(middle, width) for middle, width in BRACKETS if noise is not EXTREME or middle < 6]


@every
def test_a_bracket_has_the_log_of_the_integral_over_it(noise: Noise) -> None:
    density = SCIPY[noise.name].logpdf
    for middle, width in brackets(noise):
        peak = max(density(middle), density(middle - width / 2), density(middle + width / 2))
        mass, _ = integrate.quad(
            lambda z, peak=peak: np.exp(density(z) - peak), middle - width / 2, middle + width / 2, epsrel=1e-12
        )
        found = noise.between(np.array([middle]), np.array([width])).value[0]
        assert found == pytest.approx(peak + np.log(mass), rel=1e-9, abs=1e-11)


@every
@pytest.mark.parametrize(("middle", "width"), BRACKETS)
def test_derivatives_of_a_bracket(noise: Noise, middle: float, width: float) -> None:
    middle = min(middle, 3.0) if noise is EXTREME else middle

    def at(dm: float, dw: float) -> Surface:
        return noise.between(np.array([middle + dm]), np.array([width + dw]))

    here, h, k = at(0, 0), 1e-3, width * 1e-3
    by_middle, by_width = (at(-h, 0), at(h, 0)), (at(0, -k), at(0, k))
    assert here.m[0] == pytest.approx(difference(*by_middle, "value", h), rel=1e-5, abs=1e-6)
    assert here.w[0] == pytest.approx(difference(*by_width, "value", k), rel=1e-5, abs=1e-6)
    assert here.mm[0] == pytest.approx(difference(*by_middle, "m", h), rel=1e-5, abs=1e-6)
    assert here.mw[0] == pytest.approx(difference(*by_middle, "w", h), rel=1e-5, abs=1e-5)
    assert here.ww[0] == pytest.approx(difference(*by_width, "w", k), rel=1e-4, abs=1e-6)


@every
def test_the_two_formulas_of_a_bracket_meet(noise: Noise) -> None:
    below, above = noise.between(np.array([0.7, 0.7]), np.array([1e-3 * (1 - 1e-9), 1e-3])).mm
    assert below == pytest.approx(above, rel=1e-7)


@pytest.mark.parametrize("noise", [NORMAL, LOGISTIC], ids=lambda noise: noise.name)
def test_far_out_nothing_overflows(noise: Noise) -> None:
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        far = noise.between(np.array([1e6, -1e6, 0.0]), np.array([1.0, 1.0, 1e6]))
    assert all(np.isfinite(getattr(far, part)).all() for part in Surface.__slots__)
