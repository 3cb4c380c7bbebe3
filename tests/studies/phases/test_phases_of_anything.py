"""Whatever the rows are, a phase diagram is finite JSON or one of the stated refusals."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.phases import RESULTS, PhasesError, phases
from tests.studies.laws.tables import table

values = st.sampled_from([None, 0.0, 1e-300, 1e-6, 0.1, 1.0, 3.0, 3.0000001, 1e300])
rows = st.fixed_dictionaries(
    {
        "N": st.sampled_from([1, 2, 3, 10]),
        "beta": values,
        "tau": values,
        "seed": st.integers(0, 9),
        "optimizer": st.sampled_from(["gd", "proximal", None]),
        "outcome": st.sampled_from(["generalised", "generalised", "stalled", "diverged", "failed", None]),
    }
)
axes = st.sampled_from(["N", "beta", "tau"])
levels = st.sampled_from(["N", "beta", "tau", "optimizer", "colour"])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(rows, min_size=1, max_size=40), axes, st.none() | axes, st.none() | levels, st.sampled_from(RESULTS))
def test_any_table_has_an_answer(rows: list[dict], x: str, y: str | None, by: str | None, outcome: str) -> None:
    numbered = [row | {"configuration": k} for k, row in enumerate(rows)]
    try:
        found = phases(table(numbered), x, y, outcome=outcome, by=by)
    except (TooLittle, PhasesError) as refusal:
        assert str(refusal)
        return
    json.dumps(found, allow_nan=False)
    diagrams = found["groups"] or [found]
    for diagram in diagrams:
        assert diagram["text"].isascii()
        assert (diagram["contour"] is None) == (diagram["not_identifiable"] is not None)
        for cell in diagram["cells"]:
            for fraction in cell["fractions"].values():
                assert fraction["value"] is None or fraction["ci95"][0] <= fraction["value"] <= fraction["ci95"][1]
        for point in (diagram["contour"] or {"points": []})["points"]:
            assert point["x"] is not None or point["reason"]
            low, high = point["ci95"] or (None, None)
            assert low is None or low <= point["x"] * (1 + 1e-9)
            assert high is None or high >= point["x"] * (1 - 1e-9) or point["x"] < 0
