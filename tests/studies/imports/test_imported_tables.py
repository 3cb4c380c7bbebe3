"""Tables of finished runs, in every form, as trials: the law that comes out is that of least squares."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from grokscale.studies import roles
from grokscale.studies.documents import MOST as MOST_TOLD
from grokscale.studies.imports import reading, trials
from grokscale.studies.imports.asked import Asked
from grokscale.studies.imports.errors import TableError
from grokscale.studies.imports.reading import CSV, JSON, PARQUET
from grokscale.studies.laws import law
from tests.studies.imports.runs import as_csv, as_json, as_parquet, read, refused, slope, sweep


@pytest.mark.parametrize("media", [CSV, PARQUET, JSON])
def test_the_law_of_imported_runs_is_that_of_least_squares(media: str) -> None:
    rows = sweep()
    found = law(read(rows, media).trials, "t2")
    assert found["x"] == "1/(lr*weight_decay)"
    assert (found["n"], found["draws"], found["intercepts"]) == (36, 4, "fixed")
    assert found["exponent"]["value"] == pytest.approx(slope(rows, [row["seed"] for row in rows]), abs=1e-9)


def test_csv_parquet_json_and_rows_are_the_same_runs() -> None:
    rows = [*sweep(), {"seed": 9, "lr": 0.5, "weight_decay": 1.0, "optimizer": "lion", "t2_step": None, "steps": 77}]
    one, *others = (read(rows, media) for media in (CSV, PARQUET, JSON))
    direct = trials.read(reading.from_rows(rows, 100), Asked("adamw sweep", rate=("lr", "weight_decay")))
    for other in (*others, direct):
        assert other.trials.equals(one.trials, check_metadata=True)
        assert (other.spec, other.description) == (one.spec, one.description)


def test_what_a_table_says_of_itself_counts_as_said() -> None:
    first = read([row | {"width": 64} for row in sweep()], data=["width"])
    again = trials.read(reading.from_parquet(as_parquet(first.trials), 100), Asked("again"))
    assert roles.of(again.trials) == roles.of(first.trials)
    assert again.remark == ""
    assert law(again.trials, "t2") == law(first.trials, "t2")
    drawn = ("data_id", "stream_id", "outcome", "limit", "t1_step", "delay_step", "ladder")
    assert all(again.trials.column(name).equals(first.trials.column(name)) for name in drawn)


def test_what_nothing_is_known_of_counts_as_data_and_is_told() -> None:
    rows = [row | {"width": 64, "layers": 2, "N": 30, "note": "a"} for row in sweep()]
    found = read(rows)
    assert found.remark == "nothing says what width, layers are: they count as data"
    assert found.spec["task"]["data"] == ["width", "layers", "N"]  # N is known by its name
    assert read(rows, data=["width"]).spec["task"]["data"] == ["width"]
    assert (read(rows, data=[]).spec["task"]["data"], read(rows, data=[]).remark) == ([], "")


def test_columns_are_renamed_and_left_out() -> None:
    rows = [
        {"random_seed": r["seed"], "config/lr": r["lr"], "wd": r["weight_decay"], "t2_step": r["t2_step"], "Name": "x"}
        for r in sweep()
    ]
    named = {"random_seed": "seed", "config/lr": "lr", "wd": "weight_decay"}
    found = read(rows, rename=named, ignore=["Name"])
    assert found.fields == ("lr", "weight_decay")
    assert law(found.trials, "t2")["exponent"]["value"] == pytest.approx(
        slope(sweep(), [row["seed"] for row in sweep()]), abs=1e-9
    )


def test_texts_and_truth_values_and_missing_ones_are_the_same_in_every_form() -> None:
    rows = [row | {"clip": i % 2 == 0, "decay": None if i == 3 else 0.5} for i, row in enumerate(sweep())]
    for media in (CSV, PARQUET, JSON):
        table = read(rows, media, data=[]).trials
        assert table.column("clip").to_pylist()[:2] == ["true", "false"]
        assert table.column("decay").to_pylist()[2:5] == [0.5, None, 0.5]
        assert table.column("optimizer").unique().to_pylist() == ["adamw"]


def test_the_row_numbers_that_pandas_writes_are_no_column() -> None:
    lines = as_csv(sweep()).decode().splitlines()
    text = "\n".join([f",{lines[0]}", *(f"{i},{line}" for i, line in enumerate(lines[1:]))])
    assert read(("\ufeff" + text).encode()).trials.equals(read(sweep()).trials)


def test_every_faulty_cell_is_named_by_row_and_column() -> None:
    rows = sweep()
    rows[2]["t2_step"], rows[4]["seed"], rows[7]["lr"], rows[8]["t1_step"] = -1, 1.5, "fast", 0.5
    whole = "a whole number from 0 to"
    for media in (CSV, PARQUET, JSON):
        if media == PARQUET:
            rows[7] |= {"lr": 1e-3}  # a column of Arrow has one type
        found = refused(rows, media)
        assert found["/rows/2/t2_step"] == f"row 3, t2_step: -1 is refused; accepted: {whole} 1000000000000000"
        assert found["/rows/4/seed"] == f"row 5, seed: 1.5 is refused; accepted: {whole} 4294967295"
        assert found["/rows/8/t1_step"] == f"row 9, t1_step: 0.5 is refused; accepted: {whole} 1000000000000000"
        if media == CSV:
            assert found["/rows/7/lr"] == "row 8, lr: 'fast' is refused; accepted: a finite number"
        assert len(found) == (4 if media == CSV else 3)


def test_the_faults_that_are_told_are_a_hundred_and_one() -> None:
    rows = [row | {"t2_step": -1} for row in sweep(20)]
    with pytest.raises(TableError) as error:
        read(rows)
    assert len(error.value.problems) == MOST_TOLD + 1
    assert error.value.problems[-1].message == "and more problems"
    assert pickle.loads(pickle.dumps(error.value)).problems == error.value.problems


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column; accepted: the names of the columns in the first line"),
        (b"seed,lr", "no row; accepted: one a run, below the line of names"),
        (b"seed,lr\n", "no row; accepted: one a run, below the line of names"),
        (b"seed,seed\n1,2\n", "the column 'seed' is there twice; accepted: once"),
        (b"seed,lr\n1\n", "row 1: 1 cells; accepted: 2, as the first line has names"),
        (b"seed,lr\n1,\xff\n", "not readable as CSV"),
        (b"\xff\xfes\x00", "not readable as CSV"),
    ],
)
def test_what_is_no_csv_is_refused_by_its_reason(content: bytes, said: str) -> None:
    assert refused(content)[""].startswith(said)


@pytest.mark.parametrize(
    ("content", "pointer", "said"),
    [
        (b"{", "", "not readable as JSON"),
        (b"\xff", "", "not readable as UTF-8"),
        (b"[" * 100_000, "", "not readable as JSON"),
        (b"[]", "", "a list of 0 members is refused; accepted: an object with name and rows"),
        (b'{"name": "x"}', "/rows", "null is refused; accepted: a list of objects, one a run"),
        (b'{"name": "x", "rows": [1]}', "/rows/0", "1 is refused; accepted: an object, columns to values"),
        (b'{"name": "x", "rows": []}', "", "no row; accepted: one a run"),
        (b'{"name": "x", "rows": [{"a": [1]}]}', "/rows/0/a", "row 1, a: not a single value"),
        (b'{"name": "x", "rows": [{"a": 1}], "x": 1}', "/x", "no such field; accepted: name, tags, rename, ignore"),
        (b'{"name": "x", "rows": [{"a": 1}], "task": 3}', "/task", "3 is refused; accepted: an object with rate, data"),
        (
            b'{"name": "x", "rows": [{"a": 1}], "task": {"rate": "a/b"}}',
            "/task/rate",
            "'a/b' is refused; accepted: col",
        ),
        (b'{"rows": [{"a": 1}]}', "/name", "missing; accepted: 1 to 200 printable characters"),
        (b'{"name": "x", "name": "y", "rows": [{"a": 1}]}', "/name", "given twice; accepted: once"),
    ],
)
def test_what_is_no_document_is_refused_by_its_reason(content: bytes, pointer: str, said: str) -> None:
    assert refused(content, JSON)[pointer].startswith(said)


def test_what_is_no_parquet_is_refused_by_its_reason() -> None:
    assert refused(b"PAR1 and nothing", PARQUET)[""].startswith("not readable as Parquet: ")
    nested = pa.table({"seed": [1], "lr": [[1.0]]})
    assert refused(as_parquet(nested), PARQUET) == {
        "/rows/0/lr": "row 1, lr: a column of list<element: double>; accepted: numbers or texts"
    }
    broken = pa.table({"seed": [1], "t2_step": [1]}, metadata={"grokscale.task": "{}"})
    assert refused(as_parquet(broken), PARQUET)[""].startswith("what the file says of its columns")


def test_a_small_file_that_unpacks_to_more_than_there_is_is_refused() -> None:
    long = pa.array(["x" * (1 << 20)]).dictionary_encode()
    many = pa.DictionaryArray.from_arrays(np.zeros(20_000, dtype=np.int32), long.dictionary)
    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"seed": many}), file, store_schema=False)
    assert len(file.getvalue()) < 1 << 20
    said = refused(file.getvalue(), PARQUET)[""]
    assert said.startswith(("takes more than 2 GiB once it is unpacked", "not readable as Parquet"))


def test_sizes_are_limited_as_those_of_studies() -> None:
    with pytest.raises(TableError, match="36 rows; accepted: up to 35, the largest study"):
        read(sweep(), most=35)
    wide = [{f"c{i}": 1 for i in range(501)}]
    assert refused(wide)[""] == "501 columns; accepted: up to 500"


@pytest.mark.parametrize(
    ("changes", "pointer", "said"),
    [
        ({"rate": "alpha*beta"}, "/rate", "'beta' is no field; accepted: lr, weight_decay, optimizer"),
        ({"rate": "lr*lr"}, "/rate", "'lr*lr' is refused; accepted: columns that differ"),
        ({"data": ["width"]}, "/data", "'width' is no field; accepted: lr, weight_decay, optimizer"),
        ({"ignore": ["width"]}, "/ignore", "no column 'width'; accepted: 'seed'"),
        ({"rename": {"lr": "weight_decay"}}, "/rename", "two columns would be called weight_decay; accepted: one"),
        ({"rename": {"lr": "a b"}}, "/rename", "an object is refused; accepted: columns to their new names"),
        ({"steps_per_unit": 0}, "/steps_per_unit", "0 is refused; accepted: a number above 0 up to 1000000000"),
        ({"train_threshold": "1"}, "/train_threshold", "'1' is refused; accepted: a number"),
        ({"name": " "}, "/name", "' ' is refused; accepted: 1 to 200 printable characters"),
        ({"tags": ["a", "a"]}, "/tags", "'a' stands at 0 already"),
    ],
)
def test_what_is_said_beside_a_table_is_refused_by_name(changes: dict, pointer: str, said: str) -> None:
    assert refused(sweep(), **changes)[pointer].startswith(said)


def test_columns_that_are_missing_or_badly_named_are_refused_together() -> None:
    found = refused([{"config/lr": 1, "weight_decay": 1, "pack": 1, "study": 2, "_x": 3}], rate=None)
    assert found["/rows/0/config~1lr"].startswith("the column 'config/lr' is refused; accepted: a letter, then")
    assert found["/rows/0/study"].startswith("study is the name of a column that every study has; accepted: another")
    assert found["/rows/0/_x"].startswith("the column '_x' is refused")
    with pytest.raises(TableError) as error:
        read([{"other": 1}], rate=None)
    assert [problem.message.split(";")[0] for problem in error.value.problems] == [
        "no column seed",
        "no column t2_step",
        "no column alpha",
    ]


def test_a_run_that_is_there_twice_is_refused() -> None:
    rows = sweep()
    assert refused([*rows, rows[5]]) == {
        "/rows/36/seed": "row 37, seed: the same configuration, seed and draw as row 6; accepted: each run once, or "
        "another draw"
    }
    assert refused([row | {"draw": i % 2} for i, row in enumerate([*rows, *rows, rows[0]])])


def test_thresholds_are_as_asked_else_as_in_the_table_else_a_hundredth() -> None:
    rows = [row | {"train_threshold": 0.1, "test_threshold": 0.2} for row in sweep()]
    for said, held in (({}, (0.1, 0.2)), ({"test_threshold": 0.99}, (0.1, 0.99))):
        found = read(rows, **said)
        budget = found.spec["budget"]
        assert (budget["train_threshold"], budget["test_threshold"]) == held == found.description.thresholds
    assert read(sweep()).description.thresholds == (0.01, 0.01)
    rows[3]["test_threshold"] = 0.3
    assert refused(rows)["/rows/3/test_threshold"].startswith(
        "row 4, test_threshold: 0.3 is another threshold than 0.2"
    )


def test_thresholds_of_measures_come_with_their_table() -> None:
    """An exported study that was held against a measure has no level of the error, and is not held against one here."""
    rows = [row | {"test_measure": "test accuracy 0.99", "test_threshold": None} for row in sweep()]
    found = read(rows)
    assert found.spec["budget"]["test_threshold"] == {"test accuracy": 0.99}
    assert found.trials.column("test_measure").unique().to_pylist() == ["test accuracy 0.99"]
    assert found.trials.column("test_threshold").null_count == found.trials.num_rows
    assert "test_measure" not in found.fields
    again = trials.read(reading.from_parquet(as_parquet(found.trials), 100), Asked("again"))
    assert again.spec["budget"] == found.spec["budget"]
    assert read(rows, test_threshold=0.3).spec["budget"]["test_threshold"] == 0.3
    rows[3]["test_measure"] = "loss 0.1"
    assert "'loss 0.1' is not 'test accuracy 0.99', as in another run; accepted: one for all runs" in str(refused(rows))
    assert "accepted: a measure and its level" in str(refused([row | {"test_measure": "0.1"} for row in rows]))


def test_errors_and_what_was_measured_beside_them_are_kept() -> None:
    rows = [
        row | {"error_stop": 0.02, "error_stop_l2": 3.5, "error_min": 0.01, "error_min_step": 40} for row in sweep()
    ]
    table = read(rows).trials
    assert table.column("error_stop").to_pylist() == [0.02] * 36
    assert table.column("error_stop_l2").to_pylist() == [3.5] * 36
    assert table.column("error_stop_step").to_pylist() == table.column("steps").to_pylist()
    assert table.column("error_min_step").to_pylist() == [40] * 36
    assert [one.name for one in read(rows).description.measures] == ["l2"]


def test_rows_that_json_holds_as_texts_are_no_numbers() -> None:
    rows = [row | {"t2_step": str(row["t2_step"])} for row in sweep()]
    assert len(refused(as_json(rows), JSON)) == 36
    assert refused(rows) == {}
