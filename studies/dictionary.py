"""The data dictionary: what the columns of a table of trials mean, as a Markdown page (`docs/columns.md`).

What belongs to a task is taken from its description. What every table has is explained here, column by column and word
by word; the tests hold it against the table itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from grokscale.studies.flat_table import COLUMNS
from grokscale.studies.vocabulary import CROSSINGS, ERRORS_AT
from grokscale.trainers.tasks.description import Column, Description, Field, Group, Line, ListOf, OneOf, Real, Whole
from grokscale.trainers.trial import Censoring, Obtained, OutcomeWord

_ENDED = "until the trial has ended"
_TRAINED = f"{_ENDED}, and where nothing ran"


class Meaning(NamedTuple):
    """What a column holds.

    Attributes:
        unit: "": it is no quantity.
        says: what it is.
        null: when it has no value; "": never.
    """

    unit: str
    says: str
    null: str = ""


OUTCOMES: Final[Mapping[OutcomeWord, str]] = {
    "generalised": "the test error came to its threshold",
    "memorised": "the train error came to its threshold, the test error did not within the budget",
    "not_memorised": "neither error came to its threshold within the budget",
    "infeasible": "it was proved during the run that the test error never comes to its threshold",
    "stalled": "the run settled above the test threshold; there is no proof that it stays there",
    "diverged": "an error was no longer finite, or the step size is above its limit",
    "pruned": "an adaptive search gave it up, as it was late against the best so far",
    "uninformative_data": "the data say nothing (y* = 0), so nothing was trained",
    "failed": "every attempt at it failed; `error` of the trial says why",
    "cancelled": "its study was cancelled before it ended",
}
CENSORING: Final[Mapping[Censoring, str]] = {
    "exact": "seen to the step: `step` = `upper`, and `lower` is one less",
    "interval": "between two looks, in (`lower`, `upper`]; `step` is null",
    "left": "at or below the threshold at the first look: `lower` is -1",
    "right": "not by the end of the run: later than `lower`; `upper` is null",
    "infeasible": "never, by proof; `upper` is null",
    "stalled": "not by the end of a run that had settled; `upper` is null",
}
OBTAINED: Final[Mapping[Obtained, str]] = {
    "stepped": "every step was taken",
    "fast_forward": "many steps at a time, equal to the step to those of a plain loop",
    "surrogate": "from another method's steps, as intervals that hold this method's own times",
}
_TIMES = {
    "t1": "memorisation: the train error comes to `train_threshold`",
    "t1_gradient": "the regulariser's gradient outweighs that of the loss",
    "t2": "generalisation: the test error comes to `test_threshold`",
    "t2_plateau": "the test error's plateau begins, by the rule of the published code",
    "delay": "t2 - t1",
}
_PARTS = {
    "step": Meaning("steps", "the time, where it was seen to the step", "otherwise"),
    "lower": Meaning("steps", "it is later than this", "where there is no {time}"),
    "upper": Meaning("steps", "it is not later than this", "where nothing bounds it, or there is no {time}"),
    "censoring": Meaning("", "how it is known, see Censoring", "where there is no {time}"),
    "stayed": Meaning("steps", "from here on the error never rose above again", "where it was above at the end"),
}
_ERRORS = {
    "t1": "where the train error first came to its threshold",
    "t2": "where the test error first came to its threshold",
    "stop": "at the last step",
    "min": "at its least of those on the curve",
    "settled": "where training had settled",
    "plateau": "where the plateau begins",
}
_OF_MEASURE = "where a measure is held against its level: a column `{}_measure` then says both"
_FIXED = {
    "id": Meaning("", "the trial, a UUIDv7"),
    "index": Meaning("", "position in the study's plan, from 0"),
    "configuration": Meaning("", "number of the point of the swept fields; trials that differ only in `seed` share it"),
    "seed": Meaning("", "of the specification"),
    "data_id": Meaning("", "the data: trials that share it, of other studies too, were trained on the same"),
    "stream_id": Meaning("", "the random numbers that the data are made of: data that share it are not independent"),
    "outcome": Meaning("", "what became of it, see Outcomes", _ENDED),
    "obtained": Meaning("", "how its times were obtained, see Obtained", _TRAINED),
    "looks": Meaning("", "how its errors were watched: `certified`, or the grid of steps of looks", _TRAINED),
    "steps": Meaning("steps", "taken; of a trial that runs, at the last report of its pack", "before its pack begins"),
    "started": Meaning("", "whether its pack has begun"),
    "limit": Meaning("steps", "after which a trial without t2 ends: `max_steps`, or where its pack is pruned"),
    "train_threshold": Meaning("1", "train error that counts as memorised", _OF_MEASURE.format("train")),
    "test_threshold": Meaning("1", "test error that counts as generalised", _OF_MEASURE.format("test")),
    "ladder": Meaning("", "JSON text: by threshold the crossings `t1` and `t2`, each with the parts of one", _ENDED),
    "pack": Meaning("", "number in the study of the pack that trains it"),
    "attempt": Meaning("", "of the pack, from 1, that delivered the outcome", f"{_ENDED}, and where it was cancelled"),
    "host": Meaning("", "name of the machine that trained it", f"{_ENDED}, and where it was cancelled"),
    "seconds": Meaning("s", "its share of the compute time of its pack", f"{_ENDED}, and where it was cancelled"),
}


def meanings() -> dict[str, Meaning]:
    """Return what the columns of every table mean, by name."""
    times = {
        f"{name}_{part}": Meaning(meaning.unit, f"{_TIMES[name]}: {meaning.says}", meaning.null.format(time=name))
        for name in (*CROSSINGS, "delay")
        for part, meaning in _PARTS.items()
        if f"{name}_{part}" in COLUMNS
    }
    errors = {f"error_{name}": Meaning("1", f"test error {_ERRORS[name]}", "where there is none") for name in ERRORS_AT}
    steps = {f"error_{name}_step": Meaning("steps", f"step of `error_{name}`", "where that is") for name in ERRORS_AT}
    return _FIXED | times | errors | steps


def page(tasks: Sequence[Description]) -> str:
    """Return the dictionary as Markdown: the columns of every table, and those of some tasks."""
    lines = [*_PREFACE.splitlines(), ""]
    known = meanings()
    every = [(name, str(kind), *known[name]) for name, kind in COLUMNS.items()]
    lines += ["## Columns of every table", "", *_table(("column", "type", "unit", "meaning", "null"), every), ""]
    for title, words in (("Outcomes", OUTCOMES), ("Censoring", CENSORING), ("Obtained", OBTAINED)):
        lines += [f"### {title}", "", *_table(("word", "meaning"), words.items()), ""]
    for task in tasks:
        lines += [*_of_task(task), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


_PREFACE = """\
# What the columns of a table mean

One row is one trial. The table is the same as CSV and Parquet (`GET /v1/studies/{id}/trials` with that `Accept`), as an
Arrow table (`Client.trials`), and as the rows that a fit keeps (`/v1/fits/{id}/rows`). A study's table has the columns
of every table and those of its task, in this order: identity and outcome, fields, times, errors, measures, predictions,
place. Parquet and Arrow carry role, unit and meaning of a task's columns as their metadata. Times are in steps; a
number that is not finite is null. Definitions and sources: [science.md](science.md).

Roles: *data* names the data of a draw, *training* leaves them alone; *theory* is predicted before the trial is trained.

This page is written by `make columns`; `grokscale tasks columns KIND` prints the same of a task of your own."""


def _of_task(task: Description) -> Iterator[str]:
    yield f"## {task.kind}, version {task.version}"
    yield ""
    yield _line(task.says.partition("\n\n")[0])
    yield ""
    train, test = task.thresholds
    yield (
        f"Errors: {task.error}. Thresholds by default: train {train:g}, test {test:g}. Looks: {task.looks}. "
        f"Rate: `{task.rate}`."
    )
    yield from _part("Fields", ("column", "unit", "role", "meaning", "values", "null"), _fields(task))
    yield from _part("Predictions", ("column", "unit", "predicts", "meaning", "null"), map(_predicted, task.theory))
    measures = [(f"error_{{{','.join(ERRORS_AT)}}}_{one.name}", one.unit, one.says) for one in task.measures]
    yield from _part("Measures beside each error", ("columns", "unit", "meaning"), measures)
    curves = [("step", "steps", "of the point"), *((one.name, one.unit, one.says) for one in task.curves)]
    yield from _part("Curves", ("column", "unit", "meaning"), curves)


def _fields(task: Description) -> Iterator[tuple[str, ...]]:
    for field in task.fields:
        yield field.name, field.unit, field.role, field.says, _values(field), _null(field)
    for part, sections in (("regularizer", task.regularizers), ("optimizer", task.optimizers)):
        yield part, "", "training", "its kind", ", ".join(section.kind for section in sections), ""
        for name in dict.fromkeys(field.name for section in sections for field in section.fields):
            having = {s.kind: field for s in sections for field in s.fields if field.name == name}
            field = next(iter(having.values()))
            null = "" if len(having) == len(sections) else f"under another {part}"
            says = f"{field.says} (of {', '.join(having)})"
            yield name, field.unit, field.role, says, _values(field), "; ".join(filter(None, (_null(field), null)))


def _values(field: Field) -> str:
    match field.accepts:
        case Real(low, high, above, below):
            ends = [f"{'above' if above else 'from'} {low:g}"] if low is not None else []
            ends += [f"{'below' if below else 'to'} {high:g}"] if high is not None else []
            return " ".join(ends) or "any number"
        case Whole(low, high):
            return f"{low} to {high}"
        case OneOf(words):
            return ", ".join(words)
        case ListOf():
            return "a list of numbers"
        case Line():
            return "text"
        case Group():
            return "JSON text of an object"


def _null(field: Field) -> str:
    if isinstance(field.accepts, Real | Whole) and field.accepts.null is not None:
        return field.accepts.null
    return "where there is none" if isinstance(field.accepts, Group) else ""


def _predicted(column: Column) -> tuple[str, ...]:
    return column.name, column.unit, column.predicts or "", column.says, "with its reason in `theory_reasons`"


def _part(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    found = list(rows)
    if found:
        yield from ("", f"### {title}", "", *_table(head, found))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for first, *others in rows:
        yield f"| {' | '.join([f'`{first}`', *map(_line, others)])} |"


def _line(text: str) -> str:
    """Return text as one line that a cell of a table can hold."""
    return re.sub(r"[|*]", r"\\\g<0>", " ".join(text.split()))
