"""Fields of tasks that measure a sparse vector: what `trainers.linear.sparse_data` draws by.

Sources name sections of the paper (Notsawo, Dumas, Rabusseau, ICML 2025, arXiv 2506.05718 v2) and of its code.
"""

from __future__ import annotations

from dataclasses import replace

from grokscale.trainers.linear.sections import POSITIVE
from grokscale.trainers.tasks.description import Field, OneOf, Real, Whole

_SIZE = Whole(1, 1_000_000)
"""The server's own limits are lower."""

MEASUREMENTS = (
    Field(
        "n",
        _SIZE,
        "ambient dimension",
        100,
        sweeps=True,
        role="data",
        packs=True,
        size=True,
        source="paper section 3; code: n = 100",
    ),
    Field("s", _SIZE, "non-zero coordinates of a*, at most n", 5, sweeps=True, role="data", source="paper section 3"),
    Field(
        "N",
        _SIZE,
        "measurements",
        30,
        sweeps=True,
        role="data",
        packs=True,
        size=True,
        source="paper section 3; figures 3, 4, 7, 26: N = 30",
    ),
    Field(
        "tau",
        Real(0, 1),
        "coherence: int(tau N) measurements are single coordinates",
        0.0,
        sweeps=True,
        role="data",
        source="paper section 3.3, figures 21 and 22",
        letter="τ",
    ),
    Field(
        "snr",
        replace(POSITIVE, null="noise-free"),
        "signal-to-noise ratio E||a*||^2 / E||noise||^2; null is noise-free",
        None,
        sweeps=True,
        role="data",
        source="code: SNR = 1e8 or none",
    ),
    Field(
        "stream",
        OneOf(("spawned", "legacy")),
        "random streams: independent by role, or the published code's one RandomState for all",
        "spawned",
        role="data",
    ),
    Field(
        "design_variance",
        replace(POSITIVE, null="1/N"),
        "variance of the entries of X; null is 1/N",
        None,
        role="data",
        source="code: 1/N; paper appendix G writes 1/n",
    ),
    Field(
        "signal",
        OneOf(("normal", "uniform")),
        "non-zeros of a*: N(0, 1)/sqrt(n), or from {-1, 0, 1} and not all zero",
        "normal",
        role="data",
        source="code: normal",
    ),
)
"""The last two say how the numbers of the others are made."""
