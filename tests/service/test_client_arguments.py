"""The client takes numbers and lists as Python's scientists hold them, and says by name what it does not take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from starlette.testclient import TestClient

from grokscale import Client, InvalidArgument
from grokscale.service.client.plain import plain
from tests.service.conftest import BASE_URL, SPEC

NUMBERS = np.array([0.5, 0.25])


@pytest.fixture
def client(http: TestClient) -> Iterator[Client]:
    with Client(BASE_URL, transport=http._transport) as opened:
        yield opened


def spec(beta: Any = (0.5, 0.25), seeds: Any = 4, name: Any = "np", alpha: Any = 0.5) -> dict[str, Any]:
    regularizer, optimizer = {"kind": "l1", "beta": beta}, {"kind": "proximal", "alpha": alpha}
    return SPEC | {"name": name, "regularizer": regularizer, "optimizer": optimizer, "seeds": seeds}


@pytest.mark.parametrize(
    "changes",
    [
        {"beta": NUMBERS},
        {"beta": NUMBERS.astype(np.float32)},
        {"beta": NUMBERS.astype(np.longdouble)},
        {"beta": list(NUMBERS)},
        {"beta": (np.float16(0.5), Fraction(1, 4))},
        {"beta": pa.array([0.5, 0.25])},
        {"beta": torch.tensor([0.5, 0.25])},
        {"alpha": np.float64(0.5)},
        {"alpha": np.array(0.5)},
        {"alpha": pa.scalar(0.5)},
        {"seeds": np.int64(4)},
        {"seeds": np.array(4, np.uint8)},
        {"name": np.str_("np")},
        {"name": Path("np")},
    ],
)
def test_a_specification_of_numpy_is_that_of_plain_numbers(client: Client, changes: dict[str, Any]) -> None:
    assert client.submit(spec(**changes)).data["spec_hash"] == client.submit(spec()).data["spec_hash"]


def test_ranges_are_lists(client: Client) -> None:
    explicit = client.submit(spec(seeds=[1, 2, 3])).data["spec_hash"]
    assert client.submit(spec(seeds=range(1, 4))).data["spec_hash"] == explicit
    assert client.submit(spec(seeds=np.arange(1, 4))).data["spec_hash"] == explicit
    assert client.validate(spec(seeds=np.arange(1, 4)))["trials"] == 6


@pytest.mark.parametrize("value", [{0.5, 0.25}, b"0.5", 1j, np.complex64(1j), object(), [0.5, {0.25}], {1: 2}])
def test_what_is_no_plain_value_is_refused_by_its_place(client: Client, value: object) -> None:
    with pytest.raises(InvalidArgument, match=r"^/regularizer/beta"):
        client.submit(spec(beta=value))


@pytest.mark.parametrize("value", [np.float64("nan"), np.array([0.5, np.inf]), float("-inf")])
def test_what_is_not_finite_is_refused_by_its_place(client: Client, value: object) -> None:
    with pytest.raises(InvalidArgument, match=r"^/regularizer/beta.*finite"):
        client.submit(spec(beta=value))


def test_a_path_need_not_be_a_pathlib_path(client: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="a int is no specification"):
        client.submit(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(FileNotFoundError):
        client.submit(tmp_path / "none.yaml")


def test_laws_take_numpy_and_one_text(client: Client, finished: str) -> None:
    plainly = client.law(finished, terms=["alpha", "beta"], threshold=0.01)
    for terms in ("alpha,beta", "alpha, beta", ("alpha", "beta"), np.array(["alpha", "beta"])):
        assert client.law(finished, terms=terms, threshold=np.float64(0.01)) == plainly
        assert client.study(finished).law(terms=terms, threshold=np.float64(0.01)) == plainly


def test_fits_take_numpy_and_one_text(client: Client, finished: str) -> None:
    asked = {"models": ["M0", "M3"], "terms": ["alpha", "beta"], "intervals": ["wald"], "where": {"beta": [1e-5, 1e-3]}}
    made = client.fit(finished, **asked, threshold=0.01, seed=3)
    texts = {name: ",".join(asked[name]) for name in ("models", "terms", "intervals")}
    again = client.study(finished).fit(
        **texts, where={"beta": np.array([1e-5, 1e-3])}, threshold=np.float64(0.01), seed=np.int64(3)
    )
    assert (again["request"], again["result"]) == (made["request"], made["result"])


def test_trials_take_numpy_and_what_a_table_holds(client: Client, finished: str) -> None:
    plainly = client.trials(finished, outcome=["generalised"], ranges={"beta": (1e-4, None), "alpha": (0.05, 1.0)})
    assert plainly.num_rows == 8
    ranges = {"beta": (np.float64(1e-4), None), "alpha": np.array([0.05, 1.0])}
    for outcome in ("generalised", np.array(["generalised"])):
        assert client.trials(finished, outcome=outcome, ranges=ranges).equals(plainly)
    trial = plainly["id"][0]  # an Arrow scalar
    assert client.trial(trial)["id"] == trial.as_py()
    columns = {"step", "train_error", "test_error"}
    assert client.curves(trial, metrics="train_error,test_error", max_points=np.int64(3)).keys() == columns
    with pytest.raises(InvalidArgument, match="/ranges/beta"):
        client.trials(finished, ranges={"beta": (1e-4,)})  # pyright: ignore[reportArgumentType]


def test_the_other_questions_take_numpy(client: Client, finished: str) -> None:
    assert client.pareto(finished, max_error=np.float64(1), limit=np.int64(3)) == client.pareto(
        finished, max_error=1, limit=3
    )
    trials = client.chart(finished, "curves", "json", trial=[2, 5], width=400)
    assert client.chart(finished, "curves", "json", trial=np.array([2, 5]), width=np.int64(400)) == trials
    assert [study.id for study in client.studies(created_after=datetime(2020, 1, 1, tzinfo=UTC))] == [finished]


@pytest.mark.parametrize(
    ("name", "begins"), [("law.png", b"\x89PNG"), ("law.SVG", b"<svg"), ("law.json", b"{"), ("law", b"<svg")]
)
def test_a_chart_is_what_its_file_s_ending_says(
    client: Client, finished: str, tmp_path: Path, name: str, begins: bytes
) -> None:
    assert client.study(finished).chart("law", path=tmp_path / name, width=400).startswith(begins)
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_an_ending_that_is_no_format_or_another_one_is_refused(client: Client, finished: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"law\.pdf.*\.svg, \.png, \.html, \.json"):
        client.chart(finished, "law", path=tmp_path / "law.pdf")
    with pytest.raises(InvalidArgument, match=r"law\.png.*'svg'"):
        client.chart(finished, "law", "svg", tmp_path / "law.png")
    assert client.chart(finished, "law", "json", tmp_path / "law.vega") == (tmp_path / "law.vega").read_bytes()
    assert [path.name for path in tmp_path.glob("law*")] == ["law.vega"]


def test_plain_values_stay_what_they_are() -> None:
    value = {"a": [1, 2.5, None, True, "x", {"b": []}]}
    assert plain(value) == value
    assert repr(plain([np.float64(0.1), np.int8(3), np.bool_(True)])) == "[0.1, 3, True]"
