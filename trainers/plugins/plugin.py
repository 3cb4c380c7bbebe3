"""A task from outside, as processes tell each other of it, and the code that it is made of, as they compare it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.documents import from_json, to_json

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Code:
    """Which code: two processes with equal ones run the same.

    Attributes:
        module: `package.module`, or the absolute path of a file, and `:NAME` where one object of it is meant.
        package: the distribution; empty: it belongs to none.
        version: of the distribution; empty: it has none.
        source: hex SHA-256 over the sources of its outermost package, or of the file and the modules beside it that it
            imports; empty: they cannot be read.
    """

    module: str
    package: str
    version: str
    source: str

    def __str__(self) -> str:
        name = f"{self.package} {self.version}" if self.package else self.module
        return f"{name} (source {self.source[:_SHOWN] or 'unknown'})"

    def to_json(self) -> dict[str, str]:
        """Return plain JSON values; the constructor takes them back."""
        return asdict(self)

    def same(self, other: Mapping[str, Any]) -> bool:
        """Return whether it is the code that `to_json` told of elsewhere: a file may lie at another path there."""
        return all(getattr(self, name) == other.get(name) for name in ("package", "version", "source"))


@dataclass(frozen=True, slots=True)
class Plugin:
    """A task that a configured module describes."""

    code: Code
    description: Description

    @property
    def kind(self) -> str:
        """Of the task."""
        return self.description.kind

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; `of_json` is the inverse."""
        return {"code": self.code.to_json(), "description": to_json(self.description)}

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> Plugin:
        """Rebuild a plugin from `to_json`.

        Raises:
            NoDescription: it describes nothing that this version of grokscale knows.
        """
        return cls(Code(**document["code"]), from_json(document["description"]))


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something that is configured is not offered.

    Attributes:
        source: the module or file, as it is configured.
        reason: in a sentence.
    """

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the configured modules offer, and what of them cannot be offered."""

    plugins: tuple[Plugin, ...] = ()
    troubles: tuple[Trouble, ...] = ()
