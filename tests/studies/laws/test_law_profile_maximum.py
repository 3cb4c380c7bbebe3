"""The search of one number: its peak is found wherever the rough one lies, also on a point of the grid."""

from __future__ import annotations

import numpy as np
import pytest

from grokscale.studies.laws.likelihood.profile_maximum import profile_maximum


@pytest.mark.timeout(20)
@pytest.mark.parametrize("at", [2.0, 2.0004, 1.9996, 3.3, 0.7, 4.9])
def test_a_peak_away_from_the_rough_one_is_found(at: float) -> None:
    top = profile_maximum(lambda v: -((v - at) ** 2), np.arange(6.0), lambda v: -((v - 3.0) ** 2))
    assert top.at == pytest.approx(at, abs=1e-3)
    assert top.optima == 1


def test_of_two_peaks_the_higher_is_taken_and_both_are_counted() -> None:
    top = profile_maximum(lambda v: -((v - 1) ** 2) * (v - 4) ** 2 + 0.1 * v, np.linspace(0, 5, 11))
    assert top.at == pytest.approx(4, abs=0.05)
    assert (top.optima, top.starts) == (2, 11)


def test_where_the_rough_one_is_flat_the_likelihood_itself_says_where_to_begin() -> None:
    top = profile_maximum(lambda v: -abs(v - 4.2), np.arange(6.0), lambda _: 0.0)
    assert top.at == pytest.approx(4.2, abs=1e-2)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_rise_to_the_far_end_is_followed_once_from_however_many_rough_peaks(sign: int) -> None:
    asked = []

    def likelihood(number: float) -> float:
        asked.append(number)
        return sign * number

    values = np.concatenate([-np.geomspace(1000, 1e-4, 40), np.geomspace(1e-4, 1000, 40)])
    top = profile_maximum(likelihood, values, lambda v: np.cos(3 * np.sign(v) * np.log(abs(v))))
    assert top.at == pytest.approx(sign * 1000, rel=1e-3)
    assert len(asked) < 500, "each of some fifteen rough peaks would cost two hundred"
