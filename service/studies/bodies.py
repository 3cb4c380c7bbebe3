"""The body that submits a study: JSON or YAML, by its Content-Type. It is read before it is parsed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from grokscale.service.problems import UnsupportedMediaType
from grokscale.service.studies.models import EXAMPLE_SPEC, EXAMPLE_YAML
from grokscale.studies import spec
from grokscale.studies.settings import Settings

JSON = frozenset({"application/json"})
YAML = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})

DOCUMENTED = {
    "requestBody": {
        "required": True,
        "description": "A study specification: JSON, or YAML 1.2 with the same fields.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/StudySpec"},
                "examples": {"sparse recovery": {"value": EXAMPLE_SPEC}},
            },
            "application/yaml": {
                "schema": {"type": "string"},
                "examples": {"sparse recovery": {"value": EXAMPLE_YAML}},
            },
        },
    }
}
"""The `openapi_extra=` of a route that takes a specification."""


@dataclass(frozen=True, slots=True)
class Document:
    """A specification as it was sent."""

    content: bytes
    json: bool

    def hash(self) -> str:
        """Return the hex SHA-256 of what was sent."""
        return hashlib.sha256((b"json " if self.json else b"yaml ") + self.content).hexdigest()

    def parse(self, settings: Settings) -> spec.StudySpec:
        """Return the specification that the document states.

        Raises:
            spec.SpecError: with every faulty field.
        """
        try:
            text = self.content.decode("utf-8-sig")
            if self.json:
                # JSON is read strictly; below, JSON that is none may still be YAML
                json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            form = "JSON" if self.json else "UTF-8"
            raise spec.SpecError([spec.FieldProblem("", f"not readable as {form}: {error}")]) from None
        return spec.load(text, spec.Limits.of(settings), settings.test_tasks)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


async def _document(request: Request) -> Document:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in JSON | YAML:
        detail = f"Content-Type {media!r} is not read here; accepted: application/json, application/yaml"
        raise UnsupportedMediaType(detail, headers={"Accept-Post": "application/json, application/yaml"})
    return Document(await request.body(), media in JSON)


TheDocument = Annotated[Document, Depends(_document)]
