"""Laws, phases and theory of tables that say nothing of themselves: of a notebook, of pandas, of a CSV file."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest

from grokscale import law, phases, theory
from grokscale.studies.laws import TooLittle
from grokscale.trainers.tasks.description import Description, Field, Real, Section
from tests.studies.imports.runs import read, slope, sweep
from tests.studies.laws.tables import grid, power_law, table

X = "1/(lr*weight_decay)"
NETWORK = Description(
    kind="network",
    version=1,
    title="Network",
    says="A network.",
    source="",
    fields=(Field("width", Real(), "units", 8), Field("size", Real(), "of the data", 97, role="data")),
    regularizers=(Section("own", "Own", "decoupled", (Field("weight_decay", Real(), "strength"),)),),
    optimizers=(Section("adamw", "AdamW", "AdamW", (Field("lr", Real(), "step size"),)),),
    error="1 - accuracy",
    implementation="nowhere:Network",
    rate="lr*weight_decay",
)


def test_a_law_of_rows_is_that_of_the_imported_study_and_of_least_squares() -> None:
    rows = sweep()
    found = law(pa.Table.from_pylist(rows), "t2", x=X)
    assert found["exponent"]["value"] == pytest.approx(slope(rows, [row["seed"] for row in rows]), abs=1e-9)
    assert found["warnings"] == []
    assert found == law(read(rows).trials, "t2", x=X)


def test_a_data_frame_and_a_csv_file_give_the_same_law() -> None:
    frame = pd.DataFrame(sweep())
    file = io.BytesIO(frame.to_csv(index=False).encode())
    found = law(frame, "t2", x=X)
    assert found == law(pyarrow.csv.read_csv(file), "t2", x=X) == law(pa.Table.from_pylist(sweep()), "t2", x=X)


def test_numbers_of_which_nothing_is_known_count_as_data_with_a_warning_that_names_them() -> None:
    rows = [row | {"size": size, "t2_step": row["t2_step"] * size} for row in sweep() for size in (50, 100)]
    found = law(pa.Table.from_pylist(rows), "t2", x=X)
    assert found["draws"] == 8
    assert found["warnings"][0] == "nothing says what size is: it counts as data (task= says otherwise)"
    told = law(pa.Table.from_pylist(rows), "t2", x=X, task=NETWORK)
    assert (told["draws"], told["warnings"]) == (8, found["warnings"][1:])
    assert told["exponent"]["value"] == found["exponent"]["value"]
    assert told["exponent"]["value"] == pytest.approx(slope(rows, [(r["seed"], r["size"]) for r in rows]), abs=2e-3)


def test_a_field_that_a_task_says_is_training_makes_no_draws() -> None:
    rows = [row | {"width": width} for row in sweep() for width in (8, 16)]
    assert law(pa.Table.from_pylist(rows), "t2", x=X)["draws"] == 8
    assert law(pa.Table.from_pylist(rows), "t2", task=NETWORK)["draws"] == 4
    assert law(pa.Table.from_pylist(rows), "t2", terms=["lr", "weight_decay", "width"])["draws"] == 4


def test_runs_of_one_draw_share_an_intercept_whatever_their_seeds() -> None:
    rows = [row | {"draw": f"split {row['seed'] % 2}"} for row in sweep()]
    found = law(pa.Table.from_pylist(rows), "t2", x=X)
    assert (found["draws"], found["streams"]) == (2, 2)
    pooled = law(pa.Table.from_pylist(rows), "t2", x=X, effect="fixed")
    assert pooled["exponent"]["value"] == pytest.approx(slope(rows, [row["draw"] for row in rows]), abs=1e-9)


def test_a_table_of_trials_is_left_as_it_is() -> None:
    """Also where it has neither metadata nor ended trials, as a study that still runs."""
    whole = table(power_law(grid()))
    assert law(whole, "t2") == law(whole, "t2", task="sparse_recovery")
    running = whole.set_column(whole.column_names.index("outcome"), "outcome", pa.nulls(len(whole), pa.string()))
    with pytest.raises(TooLittle, match="90 still running and not there yet"):
        law(running.drop_columns(["id"]), "t2")


def test_phases_of_rows_are_those_of_the_imported_study() -> None:
    rows = [
        row | ({} if row["lr"] * row["weight_decay"] > 1e-3 else {"t2_step": None, "steps": 10**5}) for row in sweep()
    ]
    found = phases(pd.DataFrame(rows), "lr", "weight_decay")
    assert found == phases(read(rows).trials, "lr", "weight_decay")
    cells = {(cell["x"], cell["y"]): cell["counts"] for cell in found["cells"]}
    assert cells[1e-3, 0.1] == {"memorised": 4}
    assert cells[1e-2, 1.0] == {"generalised": 4}


def test_theory_of_rows_without_predictions_is_refused_by_its_reason() -> None:
    with pytest.raises(TooLittle, match="no column predicts t1, t2 or a settled error"):
        theory(pd.DataFrame(sweep()), task=NETWORK)
    rows = [
        row | {"alpha": row["lr"], "beta": row["weight_decay"], "t2_predicted": row["t2_step"] / 2} for row in sweep()
    ]
    compared = theory(pd.DataFrame(rows))["comparisons"]["t2"]
    assert compared["ratio"]["value"] == pytest.approx(2)


def test_a_table_that_is_no_table_of_runs_is_refused_by_its_reason() -> None:
    with pytest.raises(ValueError, match="no column seed"):
        law(pa.table({"lr": [1.0], "t2_step": [1]}), "t2", x="lr")
    with pytest.raises(ValueError, match=r"row 2, t2_step: -1\.0 is refused"):
        law(pd.DataFrame({"seed": [0, 1], "lr": [1.0, 2.0], "t2_step": [3.0, -1.0]}), "t2", x="lr")
    assert np.isfinite(law(pd.DataFrame(sweep()), "t2", x=X)["sigma"])
