"""The wild bootstrap takes one Newton step a sample: two hundred full refits say the same."""

from __future__ import annotations

import numpy as np
import pytest

from grokscale.studies.laws import Request, fit_family
from tests.studies.laws.large import large, refits


@pytest.mark.parametrize("censored", [0.0, 0.2])
def test_one_step_bootstraps_are_as_wide_as_full_refits(censored: float) -> None:
    data = large(20, 6, censored)
    asked = Request(models=("M2",), covariance="draw", intervals=("wald", "bootstrap"), bootstrap=4999)
    exponent = fit_family(data, asked).result["models"]["M2"]["parameters"]["1/(alpha*beta)"]
    low, high = exponent["intervals"]["bootstrap"]
    one_step = (high - low) / 2 / exponent["se"]
    found = refits(data, 200)
    # the quantile of 200 is itself uncertain: its own 99 % bounds, by order statistics
    bounds = np.sort(found)[[181, 197]]
    assert bounds[0] < one_step < bounds[1]
