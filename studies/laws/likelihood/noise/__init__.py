"""Noises of log t: normal (t log-normal), extreme value (t Weibull), logistic (t log-logistic)."""

from grokscale.studies.laws.likelihood.noise.curves import Curve, Floats, Noise, Surface
from grokscale.studies.laws.likelihood.noise.extreme import EXTREME
from grokscale.studies.laws.likelihood.noise.logistic import LOGISTIC
from grokscale.studies.laws.likelihood.noise.normal import NORMAL

NOISES: dict[str, Noise] = {noise.name: noise for noise in (NORMAL, EXTREME, LOGISTIC)}
"""By the name of the distribution of t."""

__all__ = ["EXTREME", "LOGISTIC", "NOISES", "NORMAL", "Curve", "Floats", "Noise", "Surface"]
