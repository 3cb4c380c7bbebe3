"""Prepares a specification to be sent to the server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokscale.service.client.errors import InvalidArgument
from grokscale.service.client.plain import encoded
from grokscale.studies.documents import SpecError, read

if TYPE_CHECKING:
    from grokscale.studies.spec import StudySpec

    Spec = Mapping[str, Any] | StudySpec | str | os.PathLike[str]
    """A specification: as a mapping, a `StudySpec`, or the path of a YAML or JSON file."""

JSON, YAML = "application/json", "application/yaml"


@dataclass(frozen=True, slots=True)
class Document:
    """A specification as text, and its media type."""

    content: bytes
    media: str


def document(spec: Spec | Document) -> Document:
    """Return a specification as text; a file is read once.

    Raises:
        InvalidArgument: it is no specification, or holds what is no plain value.
        OSError: the file cannot be read.
    """
    if isinstance(spec, Document):
        return spec
    if isinstance(spec, (str, os.PathLike)):
        return _read(Path(spec))
    if isinstance(spec, Mapping):
        return Document(encoded(spec), JSON)
    if hasattr(spec, "canonical"):
        return Document(encoded(spec.canonical()), JSON)
    raise InvalidArgument(f"a {type(spec).__name__} is no specification; accepted: a mapping, a StudySpec, or a path")


def _read(path: Path) -> Document:
    content = path.read_bytes()
    data = _library_item(content.decode(errors="replace"))
    if data is not None:  # a file of the library's form
        return Document(encoded(data), JSON)
    return Document(content, JSON if path.suffix.lower() == ".json" else YAML)


def _library_item(text: str) -> Any | None:
    """Return the specification in a text of the library's form (title, claims, ..., spec); None: the text has
    another form.
    """
    try:
        data = read(text)
    except SpecError:
        return None
    return data["spec"] if isinstance(data, dict) and "spec" in data and "task" not in data else None
