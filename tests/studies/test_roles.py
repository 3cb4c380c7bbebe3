"""What a task says of its columns goes with the table, into files and out of them."""

from __future__ import annotations

import dataclasses
import io
import math

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from grokscale.studies import roles
from grokscale.studies.laws import Request, fit_family, law
from grokscale.studies.theory import theory
from grokscale.trainers.tasks.description import Column, Description, Field, Real, Section
from grokscale.trainers.tasks.registry import described
from tests.studies.laws.tables import crossing, grid, power_law, table

ABOVE_0 = Real(0, None, above=True)
NETWORK = Description(
    kind="network",
    version=1,
    title="Network",
    says="A network trained by AdamW.",
    source="",
    fields=(Field("width", ABOVE_0, "hidden units", 8), Field("modulus", ABOVE_0, "of the data", 97, role="data")),
    regularizers=(Section("own", "Own", "decoupled", (Field("weight_decay", ABOVE_0, "strength", letter="λ"),)),),
    optimizers=(Section("adamw", "AdamW", "AdamW", (Field("lr", ABOVE_0, "learning rate", unit="1", letter="η"),)),),
    error="1 - accuracy",
    implementation="nowhere:Network",
    theory=(
        Column("norm_gap", "1", "norm to lose", heuristic=True),
        Column("time", "steps", "of the flow", explains_draws=True),
        Column("t2_foretold", "steps", "time / rate", predicts="t2"),
    ),
    rate="lr*weight_decay",
)


def network(seeds: int = 6) -> list[dict]:
    """Trials of t2 = c_seed / (lr * weight_decay), times exp(noise) with noise known, to the step."""
    noise = np.random.default_rng(5)
    rows = []
    for seed in range(seeds):
        c = 100 * math.exp(0.3 * seed)
        for lr in (1e-3, 3e-3, 1e-2):
            for decay in (0.1, 0.3, 1.0):
                t2 = round(c / (lr * decay) * math.exp(0.1 * noise.standard_normal()))
                foretold = {"norm_gap": c / 7, "time": c, "t2_foretold": c / (lr * decay)}
                fields = {"seed": seed, "lr": lr, "weight_decay": decay, "width": 8, "modulus": 97}
                fields["configuration"] = len(rows) % 9
                rows.append(fields | foretold | crossing("t2", "exact", t2))
    return rows


def slope(rows: list[dict]) -> float:
    """Least squares of log t2 on log 1/(lr*weight_decay) with an intercept a seed, by hand."""
    x = np.array([-math.log(row["lr"] * row["weight_decay"]) for row in rows])
    y = np.array([math.log(row["t2_step"]) for row in rows])
    for seed in {row["seed"] for row in rows}:
        own = [row["seed"] == seed for row in rows]
        x[own] -= x[own].mean()
        y[own] -= y[own].mean()
    return float(x @ y / (x @ x))


def test_a_law_is_in_the_rate_of_its_task_by_default() -> None:
    rows = network()
    found = law(table(rows), "t2", task=NETWORK)
    assert found["x"] == "1/(lr*weight_decay)"
    assert found["exponent"]["value"] == pytest.approx(slope(rows), abs=1e-9)
    assert found["tests"]["exponent_is_the_papers"]["exponents"] == {"1/(lr*weight_decay)": 1.0}
    fields = law(table(rows), "t2", terms=["lr", "weight_decay"], task=NETWORK)
    assert fields["tests"]["exponent_is_the_papers"]["exponents"] == {"lr": -1.0, "weight_decay": -1.0}
    assert law(table(rows), "t2", x="lr", task=NETWORK)["tests"]["equivalence"]["reason"] == (
        "x is not a power of lr*weight_decay"
    )


def test_the_models_are_of_the_rate_of_the_task() -> None:
    rows = network()
    found = fit_family(roles.marked(table(rows), NETWORK), Request()).result
    assert {name: one["form"] for name, one in found["models"].items()} == {
        "M0": "c + log(1/(lr*weight_decay))",
        "M1": "c + log(1/(lr*weight_decay)) + log(1 + k*weight_decay)",
        "M2": "c + p*log(1/(lr*weight_decay))",
        "M3": "c + one exponent a field",
        "M4": "c + p*log(1/(lr*weight_decay)) + g*log(gap) + u_draw",
        "M5": "M3 + d*max(0, log(lr*weight_decay) - at)",
    }
    free = found["models"]["M2"]["parameters"]["1/(lr*weight_decay)"]["value"]
    assert free == pytest.approx(slope(rows), abs=1e-6)
    assert list(found["models"]["M3"]["parameters"]) == ["lr", "weight_decay"]
    # norm_gap is what the heuristic divides by the rate: proportional to the draws' prefactors, exponent 1
    assert found["draws_explained"]["column"] == "norm_gap"
    assert found["draws_explained"]["g"]["value"] == pytest.approx(1, abs=0.1)


def test_theory_is_compared_by_what_its_columns_predict() -> None:
    rows = network()
    found = theory(table(rows), task=NETWORK)
    assert list(found["comparisons"]) == ["t2"]
    by_seed = [
        np.mean([math.log(row["t2_step"] / row["t2_foretold"]) for row in rows if row["seed"] == seed])
        for seed in range(6)
    ]
    assert found["comparisons"]["t2"]["ratio"]["value"] == pytest.approx(math.exp(np.mean(by_seed)), rel=1e-9)
    assert found["explains_draws"]["column"] == "time"
    assert "log prefactor on log time" in found["text"]


def test_a_task_without_predictions_has_no_comparison_to_draw() -> None:
    plain = dataclasses.replace(NETWORK, theory=())
    found = law(table(network()), "t2", task=plain)
    assert found["exponent"]["value"] == pytest.approx(slope(network()), abs=1e-9)
    refused = fit_family(roles.marked(table(network()), plain), Request(models=("M2", "M4"))).result
    assert refused["models"]["M4"]["refused"] == {
        "not_identifiable": "gap",
        "reason": "the task predicts no distance to divide by the rate: gap= names a theory column",
    }
    assert refused["models"]["M4"]["lacking"] == {}
    assert refused["models"]["M2"]["parameters"]["1/(lr*weight_decay)"]["value"] == pytest.approx(
        slope(network()), abs=1e-6
    )


def test_roles_go_into_parquet_and_come_back_and_columns_say_what_they_are() -> None:
    made = roles.marked(table(network()), NETWORK)
    file = io.BytesIO()
    pyarrow.parquet.write_table(made, file)
    back = pyarrow.parquet.read_table(io.BytesIO(file.getvalue()))
    assert roles.of(back) == roles.of(made)
    assert roles.of(back).rate == ("lr", "weight_decay")
    assert roles.of(back).data == {"modulus"}
    assert roles.of(back).methods == {"lr", "weight_decay"}
    said = {name: back.schema.field(name).metadata or {} for name in ("modulus", "lr", "t2_foretold", "t2_step")}
    assert said["modulus"][b"role"] == b"data"
    assert said["lr"][b"role"] == b"training"
    assert (said["t2_foretold"][b"role"], said["t2_foretold"][b"predicts"]) == (b"theory", b"t2")
    assert said["t2_foretold"][b"unit"] == b"steps"
    assert b"role" not in said["t2_step"]
    assert law(back, "t2")["x"] == "1/(lr*weight_decay)"


def test_a_table_that_says_nothing_is_read_by_the_names_that_tasks_describe() -> None:
    text = io.BytesIO()
    pyarrow.csv.write_csv(table(grid(N=30)), text)
    found = roles.of(pyarrow.csv.read_csv(io.BytesIO(text.getvalue())))
    sparse = described()["sparse_recovery"]
    assert found.rate == sparse.rate_fields == ("alpha", "beta")
    assert found.data >= set(sparse.data_fields)
    assert found.heuristic == "a_gap"


def test_tables_of_several_tasks_share_their_roles_and_the_rate_of_the_first() -> None:
    one, other = roles.marked(table(network()), NETWORK), roles.marked(table(grid()), described()["sparse_recovery"])
    both = roles.of(table(grid()).replace_schema_metadata(roles.joined([one, other])))
    assert both.rate == ("lr", "weight_decay")
    assert both.predicting("t2") == ("t2_foretold", "t2_predicted")
    assert both.methods >= {"lr", "weight_decay", "alpha", "beta"}
    assert roles.joined([table(grid())]) == {}


def test_a_task_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(
        ValueError, match="task: 'sparse' is none of sparse_recovery, diagonal_network, matrix_completion, synthetic"
    ):
        law(table(grid()), "t2", task="sparse")
    rows = power_law(grid())
    assert law(table(rows), "t2", task="sparse_recovery") == law(table(rows), "t2")


@pytest.mark.parametrize("kind", ["sparse_recovery", "synthetic"])
def test_every_factor_of_a_rate_is_a_number_that_may_be_swept(kind: str) -> None:
    fields = {field.name: field for field in described()[kind].every_field()}
    assert all(fields[name].sweeps for name in described()[kind].rate_fields)


def test_slowness_is_the_inverse_rate_with_what_stands_for_an_absent_factor() -> None:
    slowness = described()["sparse_recovery"].slowness()
    assert slowness({"alpha": 0.1, "beta": 1e-3}) == pytest.approx(1e4)
    assert slowness({"alpha": 0.1, "beta1": 1e-2, "beta2": 5.0}) == pytest.approx(1e3)
    assert slowness({"alpha": 0.1}) == pytest.approx(10)
    assert slowness({"alpha": 0.0, "beta": 1.0}) == math.inf
    assert NETWORK.slowness()({"lr": 1e-3, "weight_decay": 0.1}) == pytest.approx(1e4)


def test_a_column_that_no_task_describes_is_left_as_it_is() -> None:
    made = roles.marked(pa.table({"lr": [1.0], "other": [2.0]}), NETWORK)
    assert made.schema.field("other").metadata in (None, {})
    assert made.to_pylist() == [{"lr": 1.0, "other": 2.0}]
