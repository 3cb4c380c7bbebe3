"""`make coverage`: how often intervals hold and how far estimates are off, over simulated studies; writes COVERAGE.md.

Each study is 10 draws x 4 cells of alpha and beta (the smallest that is promised an interval), log-normal scatter 0.3
within draws and 0.4 between them, exponent 1; a budget common to all trials censors the longest times.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from grokscale.studies.laws import Request, fit_family
from tests.studies.laws.tables import Row, censor, grid, power_law, table, times

STUDIES, WITH_BOOTSTRAP = 1000, 200
SHARES = (0.0, 0.2, 0.5)
RESULTS = Path(__file__).parent / "COVERAGE.md"


def study(seed: int, share: float) -> list[Row]:
    rows = power_law(grid((0.01, 0.1), (1e-5, 1e-4)), sigma=0.3, draw_sigma=0.4, seed=seed)
    return censor(rows, int(np.quantile(times(rows), 1 - share))) if share else rows


def main(studies: int = STUDIES, with_bootstrap: int = WITH_BOOTSTRAP) -> None:
    lines = [
        "# Coverage of the intervals",
        "",
        (__doc__ or "").split("\n\n")[1].replace("\n", " "),
        f"{studies:,} studies a row ({with_bootstrap} for profile and bootstrap); Monte-Carlo errors are in brackets.",
        "",
        "| censored | interval | holds | mean of exponent - 1 | standard error / scatter |",
        "| ---: | --- | ---: | ---: | ---: |",
        *(line for share in SHARES for line in _rows(share, studies, with_bootstrap)),
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
    print(RESULTS.read_text())


def _rows(share: float, studies: int, with_bootstrap: int) -> Iterator[str]:
    kinds: dict[str, tuple[dict[str, Any], int]] = {
        "wald": ({}, studies),
        "profile": ({"intervals": ("wald", "profile")}, with_bootstrap),
        "draw": ({"covariance": "draw"}, studies),
        "bootstrap": ({"covariance": "draw", "intervals": ("wald", "bootstrap"), "bootstrap": 999}, with_bootstrap),
    }
    names = {
        "wald": "Wald, t (recommended)",
        "profile": "profile likelihood",
        "draw": "Wald by draw (CR2)",
        "bootstrap": "wild bootstrap by draw",
    }
    for kind, (asked, count) in kinds.items():
        begun = time.perf_counter()
        found = [_exponent(seed, share, asked) for seed in range(count)]
        intervals = [one["intervals"].get(kind, one["ci95"]) for one in found]
        holds = np.array([low <= 1 <= high for low, high in intervals])
        values = np.array([one["value"] for one in found])
        error = np.sqrt(holds.mean() * (1 - holds.mean()) / count)
        ratio = np.mean([one["se"] for one in found]) / values.std()
        off = values.mean() - 1
        yield (
            f"| {share:.0%} | {names[kind]} | {holds.mean():.3f} [{error:.3f}] | "
            f"{off:+.4f} [{values.std() / np.sqrt(count):.4f}] | {ratio:.2f} |"
        )
        print(f"{share:.0%} {kind}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


def _exponent(seed: int, share: float, asked: dict[str, Any]) -> dict[str, Any]:
    answer = fit_family(table(study(seed, share)), Request(models=("M2",), **asked)).result
    return answer["models"]["M2"]["parameters"]["1/(alpha*beta)"]


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
