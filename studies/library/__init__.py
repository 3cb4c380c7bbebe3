"""The studies that come with the product: one YAML file each, its specification and what it is for side by side."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

from grokscale.studies.documents import read
from grokscale.studies.spec import StudySpec, parse


class UnknownItem(KeyError):
    """The library has no study of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.known = names()

    def __str__(self) -> str:
        return f"the library has no study {self.name!r}; it has: {', '.join(self.known)}"


@dataclass(frozen=True, slots=True)
class Item:
    """One study of the library.

    Attributes:
        name: its file's name without the ending.
        title: one line.
        figure: the figure of the paper that it answers to, None for none.
        description: what it does.
        claims: what is expected of its result, in words.
        spec: the specification.
    """

    name: str
    title: str
    figure: str | None
    description: str
    claims: tuple[str, ...]
    spec: StudySpec

    def to_json(self) -> dict[str, Any]:
        """Return the object of the interface, the specification in its canonical form."""
        words = {name: getattr(self, name) for name in ("name", "title", "figure", "description")}
        return words | {"claims": list(self.claims), "spec": self.spec.canonical()}


def names() -> tuple[str, ...]:
    """Return the names of the library's studies in order."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


def item(name: str) -> Item:
    """Return one study of the library. Raises `UnknownItem`."""
    if name not in names():
        raise UnknownItem(name)
    data = read(resources.files(__name__).joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    return Item(
        name=name,
        title=data["title"],
        figure=data["figure"],
        description=data["description"].strip(),
        claims=tuple(data["claims"]),
        spec=parse(data["spec"]),
    )
