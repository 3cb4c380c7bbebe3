"""What a description from outside may not say: names that tables have already, kinds that others have."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from grokscale.trainers.tasks.description import IMPORTED, Description

_COLUMNS = frozenset(
    {
        *("id", "study_id", "index", "configuration", "config", "seed", "data_id", "stream_id", "study", "pack"),
        *("outcome", "obtained", "steps", "started", "limit", "train_threshold", "test_threshold", "ladder"),
        *("attempt", "host", "seconds", "error", "theory", "theory_reasons", "points", "curve_columns"),
        *("looks", "measures", "train_measure", "test_measure"),
        *("kind", "regularizer", "optimizer", "draw", "x", "y"),
    }
)
_TIMES = re.compile(r"(t1|t1_gradient|t2|t2_plateau|delay)(_(step|lower|upper|censoring|stayed|reason))?")
_ERRORS = re.compile(r"error_(t1|t2|stop|min|settled|plateau|reasons)(_.*)?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Refused(ValueError):
    """A description is not taken; the message names the field or kind, and says why."""


def reserved(name: str) -> bool:
    """Return whether tables of trials have a column of this name, or configurations an entry, whatever the task."""
    return name in _COLUMNS or _TIMES.fullmatch(name) is not None or _ERRORS.fullmatch(name) is not None


def check(one: Description, others: Iterable[Description]) -> None:
    """Return where a description can stand beside others.

    Raises:
        Refused: it cannot.
    """
    for problem in _problems(one):
        raise Refused(f"the task {one.kind!r}: {problem}")
    if one.kind in {other.kind for other in others}:
        raise Refused(f"the task {one.kind!r}: another task has this kind; accepted: another kind")


def _problems(one: Description) -> Iterator[str]:
    if not _NAME.fullmatch(one.kind):
        yield "its kind is refused; accepted: a letter, then letters, digits and _"
    if one.kind == IMPORTED:
        yield "its kind is that of studies of imported runs; accepted: another kind"
    own = [field.name for field in one.fields]
    methods = {field.name for section in (*one.regularizers, *one.optimizers) for field in section.fields}
    columns = [column.name for column in one.theory]
    for what, names in (("field", [*own, *sorted(methods)]), ("column of theory", columns)):
        for name in names:
            if not _NAME.fullmatch(name):
                yield f"its {what} {name!r} is refused; accepted: a letter, then letters, digits and _"
            if reserved(name):
                yield f"its {what} {name!r} has the name of a column that every study has; accepted: another name"
    for name, count in Counter([*own, *methods, *columns]).items():
        if count > 1:
            yield f"{name!r} is described twice, and a trial has one value of it; accepted: another name"
    for part in ("regularizers", "optimizers"):
        kinds = [section.kind for section in getattr(one, part)]
        if not kinds or len({*kinds}) < len(kinds):
            yield f"its {part} are {', '.join(kinds) or 'none'}; accepted: one or more of different kinds"
    for name in re.findall(r"[A-Za-z_]\w*", one.rate):
        if name not in {*own, *methods}:
            yield f"its rate {one.rate!r} names {name!r}, which is none of its fields"
    if not re.fullmatch(r"[\w.]+:\w+", one.implementation):
        yield f"its implementation is {one.implementation!r}; accepted: package.module:Class"
