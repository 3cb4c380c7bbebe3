"""What `GET /v1/tasks` shows: every task, method and search of a specification, described as JSON Schema."""

from __future__ import annotations

import inspect
from typing import Any, cast

from grokscale.studies.spec.limits import NOT_INSTALLED, lacking
from grokscale.studies.spec.parse import members
from grokscale.studies.spec.sections import Part, Section, methods
from grokscale.studies.spec.study import StudySpec
from grokscale.trainers.tasks.description import Takes
from grokscale.trainers.tasks.registry import described, plugins

PARTS = {"tasks": "task", "regularizers": "regularizer", "optimizers": "optimizer", "searches": "search"}

METHODS = ("regularizer", "optimizer")


def catalogue() -> dict[str, Any]:
    """Return the tasks, regularizers, optimizers and searches, each `{kind, description, schema}`, and the whole spec.

    Of a regularizer or optimizer `tasks` are the kinds of those that take it.

    A schema gives each field's type, range, default and description, its unit (`x-unit`; "1": none) and where it is
    defined (`x-source`).
    """
    parts: dict[str, Any] = {plural: _members(part) for plural, part in PARTS.items()}
    for task in parts["tasks"]:
        plugin = plugins().get(task["kind"])
        task |= {"version": described()[task["kind"]].version, "code": plugin and plugin.code.to_json()}
    return parts | {
        "rules": _rules(),
        "schema": StudySpec.model_json_schema(),
    }


def _rules() -> dict[str, str]:
    """Return what a kind takes beside it, and which kinds of search this server cannot run."""
    takes = {
        rule.optimizer or task.kind: f"takes regularizers {' and '.join(rule.regularizers)} only"
        for task in described().values()
        for rule in task.rules
        if isinstance(rule, Takes)
    }
    return takes | dict.fromkeys(sorted(lacking()), NOT_INSTALLED)


def _members(part: str) -> list[dict[str, Any]]:
    """Return the kinds of a part; one that tasks describe in several ways is there so many times."""
    found = {model: kind for kind, model in members(part).items()}
    for task in described():
        found |= {model: kind for kind, model in members(part, task).items() if model not in found}
    return [
        {"kind": kind, "description": inspect.getdoc(model) or "", "schema": model.model_json_schema()}
        | ({"tasks": _takers(part, kind, model)} if part in METHODS else {})
        for model, kind in found.items()
    ]


def _takers(part: str, kind: str, model: type[Section]) -> list[str]:
    """Return the tasks that take a method as this model reads it."""
    return [
        task.kind
        for task in described().values()
        if members(part, task.kind)[kind] is model
        and any(section.kind == kind for section in methods(task, cast(Part, part)))
    ]
