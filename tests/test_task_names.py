"""What belongs to a task is known to its folder alone: everything else reads it from the description."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokscale.trainers.tasks.registry import described

ROOT = Path(__file__).parents[1]
OURS = {
    # words of statistics, of programs and of the interface that a task happens to use for a field of its own
    "exponent": "of a law",
    "faults": "of a document",
    "gradient_ratio": "of every problem with a regulariser",
    "init": "of an object",
    "n": "rows of a likelihood",
    "none": "an effect, a choice",
    "prefactor": "of a law",
    "r": "of a triangle of a decomposition",
    "seconds": "of a trial",
    "sigma": "scatter of a law",
    "signal": "of a process",
    "stream": "random numbers, bytes",
    "tau": "scatter of a law between draws",
    "test_error": "of every task",
    "train_error": "of every task",
    "t1_predicted": "of every forecast",
    "t2_predicted": "of every forecast",
}
"""Words that mean something of their own above the tasks."""

ALLOWED = {
    ("studies/spec/study.py", "s"): "the unit of a field",
    ("studies/dictionary.py", "s"): "the unit of a column",
}
LIBRARIES = ("math", "np")


def own_names() -> set[str]:
    """Fields, sections, predictions, curves and measures of the tasks that come with grokscale."""
    names: set[str] = set()
    for one in described().values():
        names |= {one.kind, *(field.name for field in one.every_field()), *(column.name for column in one.theory)}
        names |= {section.kind for section in (*one.regularizers, *one.optimizers)}
        names |= {quantity.name for quantity in (*one.curves, *one.measures)}
    return names - OURS.keys()


def outside() -> list[Path]:
    """Modules that know no task: all but the folders of tasks, what linear ones share, and frozen migrations."""
    above = [*(ROOT / "service").rglob("*.py"), *(ROOT / "studies").rglob("*.py")]
    return sorted(path for path in (*above, *(ROOT / "trainers").glob("*.py")) if "migrations" not in path.parts)


def words(source: str) -> Iterator[tuple[int, str]]:
    """String constants, attributes and keywords of a module; an ending that a text appends is not one of them."""
    tree = ast.parse(source)
    endings = {id(part) for node in ast.walk(tree) for part in _parts(node)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if not (text == "s" and id(node) in endings):
                yield node.lineno, text
            case ast.Attribute(attr=name, value=ast.Name(id=of)) if of in LIBRARIES:
                continue
            case ast.Attribute(attr=name):
                yield node.lineno, name
            case ast.keyword(arg=str(name)):
                yield node.value.lineno, name
            case _:
                continue


def _parts(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.JoinedStr():
            return node.values
        case _:
            return []


def test_no_module_above_the_tasks_has_a_name_of_one() -> None:
    own = own_names()
    found = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in outside()
        for line, word in words(path.read_text(encoding="utf-8"))
        if word in own and (str(path.relative_to(ROOT)), word) not in ALLOWED
    ]
    assert found == []
    assert {"floor", "T_star", "a_gap", "N", "s", "snr", "subgradient", "proximal", "l1", "alpha", "beta"} <= own
    assert len(outside()) > 250


@pytest.mark.parametrize("line", ['x = "snr"', "row.a_gap", "f(T_star=1)", 'x["floor"]', "np.array(columns.floor)"])
def test_a_planted_name_is_seen(line: str) -> None:
    assert {word for _, word in words(line)} & own_names()


@pytest.mark.parametrize(
    "line", ["math.floor(2.5)", "np.floor(x)", "floor = 2", '"" if one else "s"', '"of an l1 term"']
)
def test_what_is_no_name_of_a_task_is_not(line: str) -> None:
    assert not {word for _, word in words(line)} & own_names()


@pytest.mark.parametrize("word", OURS)
def test_every_word_that_is_ours_is_a_name_of_some_task(word: str) -> None:
    every = {f.name for one in described().values() for f in one.every_field()}
    every |= {s.kind for one in described().values() for s in (*one.regularizers, *one.optimizers)}
    every |= {c.name for one in described().values() for c in (*one.theory, *one.curves)}
    assert word in every, f"{word} need not be allowed"
