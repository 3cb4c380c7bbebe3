"""The data dictionary says what tables have: all of it, and of nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from grokscale.studies.dictionary import CENSORING, OBTAINED, OUTCOMES, meanings, page
from grokscale.studies.flat_table import COLUMNS
from grokscale.studies.store import Lease, Store
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.registry import BUILT_IN
from grokscale.trainers.trial import Censoring, Obtained, OutcomeWord
from tests.studies.search import driving

PAGE = Path(__file__).parents[2] / "docs" / "columns.md"


def test_the_page_is_what_the_descriptions_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(BUILT_IN), "it is stale: make columns"


def test_every_column_of_every_table_and_every_word_is_explained() -> None:
    assert meanings().keys() == COLUMNS.keys()
    for words, explained in ((OutcomeWord, OUTCOMES), (Censoring, CENSORING), (Obtained, OBTAINED)):
        assert set(get_args(words)) == set(explained)


def test_a_table_has_the_columns_that_the_page_explains(store: Store) -> None:
    spec = driving.adaptive("random", 3)
    lease: Lease = driving.submit(store, spec)
    driving.end_packs(store, lease, spec, ends=None)
    table = store.table(lease.study_id)
    (task,) = [one for one in BUILT_IN if one.kind == spec.task.kind]
    explained = named(page([task]))
    assert [name for name in table.column_names if name not in explained] == []
    assert [table.schema.field(name).type for name in COLUMNS] == [*COLUMNS.values()]
    for name, meaning in meanings().items():
        if not meaning.null:
            assert table[name].null_count == 0, name


@pytest.mark.parametrize("task", BUILT_IN, ids=lambda one: one.kind)
def test_all_that_a_task_describes_is_on_its_page(task: Description) -> None:
    described = [*task.every_field(), *task.theory, *task.curves]
    assert [one.name for one in described if one.name not in named(page([task]))] == []
    for measure in task.measures:
        assert f"_{measure.name}`" in page([task])


def named(text: str) -> set[str]:
    """Return the names in the first cells of a page's tables; `a_{b,c}_d` is two."""
    cells = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    parts = [re.split(r"[{}]", cell) for cell in cells]
    return {"".join((head, one, *rest)) for head, *more in parts for one, rest in _each(more)}


def _each(parts: list[str]) -> list[tuple[str, list[str]]]:
    return [(one, parts[1:]) for one in parts[0].split(",")] if parts else [("", [])]
