"""Vega-Lite documents taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from altair.vegalite.v6.schema.core import load_schema
from jsonschema import Draft7Validator

from grokscale.studies.charts.rendering import written


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(load_schema())


def check(document: dict[str, Any]) -> None:
    """Hold a document against the published schema of Vega-Lite, and see that it is JSON without nan."""
    errors = list(_validator().iter_errors(document))
    assert not errors, errors[0].message[:500]
    assert written(document)


def layers(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every mark of a document, whatever it lies in."""
    for part in ("layer", "concat", "hconcat", "vconcat"):
        for view in document.get(part, ()):
            yield from layers(view)
    if "mark" in document:
        yield document


def kind(layer: dict[str, Any]) -> str:
    mark = layer["mark"]
    return mark if isinstance(mark, str) else mark["type"]


def rows(document: dict[str, Any], mark: str, field: str) -> list[dict[str, Any]]:
    """Return the rows of all layers with a mark whose rows have a field."""
    found = [document["datasets"][layer["data"]["name"]] for layer in layers(document) if kind(layer) == mark]
    return [row for dataset in found for row in dataset if field in row]


def heading(document: dict[str, Any]) -> str:
    title = document["title"]
    return " ".join([*title["text"], *title["subtitle"]])
