"""Curves of all live columns on the common log-spaced grid, and the iterates where they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST_BYTES = 1 << 28
"""Iterates kept by one pack; beyond it every second recorded step is dropped, oldest spacing doubled."""


@dataclass(frozen=True)
class _Seen:
    """One observed step of the columns that were live then."""

    step: int
    ids: np.ndarray
    columns: dict[str, np.ndarray]
    iterate: np.ndarray | None


class Curves:
    """What `Problem.observe` said at each observed step.

    Nothing is copied when columns end: a record keeps the columns that were live at its step, by their first position.

    Args:
        columns: number of columns.
        coordinates: keep the iterate too.
    """

    def __init__(self, columns: int, coordinates: bool) -> None:
        self.coordinates = coordinates
        self._ids = np.arange(columns)
        self._seen: list[_Seen] = []

    def see(self, step: int, observed: dict[str, np.ndarray], iterate: np.ndarray | None) -> None:
        """Record one step; a step seen twice (the last one on the grid) is recorded once."""
        if self._seen and self._seen[-1].step == step:
            return
        self._seen.append(_Seen(step, self._ids, observed, iterate))
        if iterate is not None and len(self._seen) * iterate.nbytes > _MOST_BYTES and len(self._seen) > 2:
            self._seen[1:-1] = self._seen[2:-1:2]

    def keep(self, columns: np.ndarray) -> None:
        """Go on with these columns."""
        self._ids = self._ids[columns]

    def of(self, column: int) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        """Return a live column's curve by name, `step` first, and its iterates (points, parameters)."""
        by_ids: dict[int, int] = {}  # records share the array of those that were live until one of them ends
        for seen in self._seen:
            if id(seen.ids) not in by_ids:
                by_ids[id(seen.ids)] = int(np.searchsorted(seen.ids, self._ids[column]))
        places = [by_ids[id(seen.ids)] for seen in self._seen]
        curve = {"step": np.array([seen.step for seen in self._seen], dtype=np.int64)}
        for name in self._seen[0].columns if self._seen else ():
            curve[name] = np.array([seen.columns[name][at] for seen, at in zip(self._seen, places, strict=True)])
        if not self.coordinates:
            return curve, None
        pairs = zip(self._seen, places, strict=True)
        return curve, np.array([seen.iterate[at] for seen, at in pairs if seen.iterate is not None])

    def state(self) -> dict[str, Any]:
        """Return what `load` needs; who was live is kept once, as the records share it."""
        live = {id(seen.ids): seen.ids for seen in self._seen}
        places = {key: place for place, key in enumerate(live)}
        seen = [(seen.step, places[id(seen.ids)], seen.columns, seen.iterate) for seen in self._seen]
        return {"ids": self._ids, "live": list(live.values()), "seen": seen}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        self._ids, live = state["ids"], state["live"]
        self._seen = [_Seen(step, live[place], columns, iterate) for step, place, columns, iterate in state["seen"]]
