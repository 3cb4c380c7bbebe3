"""A study on a server."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from grokscale.service.client.errors import ConnectionFailed, ServerFailed, StudyFailed, WaitTimeout

if TYPE_CHECKING:
    import pyarrow as pa

    from grokscale.service.client.client import Client

ENDED = frozenset({"completed", "stopped", "cancelled", "failed"})
PATIENCE = 60.0
"""How long `wait` goes on without an answer: a server that was killed is started again within that time."""
AT_THE_MOMENT = frozenset({502, 503, 504})
"""Statuses of a server, or of a gateway before it, after which a request may succeed a moment later."""
FIRST_LOOK, LONGEST_LOOK = 0.1, 1.0


class Study:
    """A handle: the study object as last read, and what can be asked of it.

    Attributes:
        data: the study object of the interface.
    """

    def __init__(self, client: Client, data: dict[str, Any]) -> None:
        self._client = client
        self.data = data

    def __repr__(self) -> str:
        done = self.progress
        return f"Study({self.id!r}, {self.name!r}, {self.state}, {done['ended']}/{done['total']} trials)"

    @property
    def id(self) -> str:
        """Its identifier."""
        return self.data["id"]

    @property
    def name(self) -> str:
        """Its name."""
        return self.data["name"]

    @property
    def state(self) -> str:
        """Its state as last read."""
        return self.data["state"]

    @property
    def progress(self) -> dict[str, Any]:
        """Its progress as last read."""
        return self.data["progress"]

    def refresh(self) -> Study:
        """Read it again."""
        self.data = self._client.study(self.id).data
        return self

    def wait(self, timeout: float | None = None, progress: bool = True) -> Study:
        """Return when it has ended.

        A server that does not answer, or cannot at the moment (502, 503, 504), is waited for, for up to a minute.

        Args:
            timeout: seconds; None: as long as it takes.
            progress: show a bar (on a terminal) or a few lines on standard error.

        Raises:
            WaitTimeout: it had not ended in time.
            StudyFailed: it cannot go on.
            ConnectionFailed, ServerFailed: the server was gone, or could not answer, for too long.
        """
        from grokscale.service.client.progress import showing  # what draws takes longer to import than all else

        deadline = None if timeout is None else time.monotonic() + timeout
        look = FIRST_LOOK
        with showing(progress) as show:
            while True:
                self._refresh_patiently()
                show(self.data)
                if self.state in ENDED:
                    break
                if deadline is not None and time.monotonic() + look > deadline:
                    raise WaitTimeout(f"study {self.id} is {self.state} after {timeout:g} s")
                time.sleep(look)
                look = min(2 * look, LONGEST_LOOK)
        if self.state == "failed":
            raise StudyFailed(f"study {self.id} failed: {self.data['reason']}")
        return self

    def _refresh_patiently(self) -> None:
        began = time.monotonic()
        while True:
            try:
                self.refresh()
                return
            except (ConnectionFailed, ServerFailed) as error:
                comes_back = not isinstance(error, ServerFailed) or error.status in AT_THE_MOMENT
                if not comes_back or time.monotonic() - began > PATIENCE:
                    raise

    def trials(self, **filters: Any) -> pa.Table:
        """Return its trials as an Arrow table; see `Client.trials`."""
        return self._client.trials(self.id, **filters)

    def law(
        self,
        response: str = "t2",
        *,
        x: str | None = None,
        terms: Sequence[str] | str | None = None,
        effect: str | None = None,
        threshold: float | None = None,
        by: str | None = None,
    ) -> dict[str, Any]:
        """Return the fitted law of a response; see `Client.law`."""
        return self._client.law(self.id, response, x=x, terms=terms, effect=effect, threshold=threshold, by=by)

    def fit(self, **request: Any) -> dict[str, Any]:
        """Fit a family of models and store the fit; see `Client.fit`."""
        return self._client.fit(self.id, **request)

    def fits(self) -> list[dict[str, Any]]:
        """Return what the study's stored fits were made of, newest first; see `Client.fits`."""
        return self._client.fits(self.id)

    def phases(
        self, x: str, y: str | None = None, *, outcome: str | None = None, by: str | None = None
    ) -> dict[str, Any]:
        """Return a phase diagram; see `Client.phases`."""
        return self._client.phases(self.id, x, y, outcome=outcome, by=by)

    def theory(self) -> dict[str, Any]:
        """Return theory against what was measured; see `Client.theory`."""
        return self._client.theory(self.id)

    def pareto(
        self,
        x: str | None = None,
        y: str | None = None,
        *,
        max_error: float | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Return two responses against each other, and the best so far; see `Client.pareto`."""
        return self._client.pareto(self.id, x, y, max_error=max_error, limit=limit)

    def chart(
        self, name: str, format: str | None = None, path: str | os.PathLike[str] | None = None, **query: Any
    ) -> bytes:
        """Return a chart, and save it where a path is given; see `Client.chart`."""
        return self._client.chart(self.id, name, format, path, **query)

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Yield its events; see `Client.events`."""
        return self._client.events(self.id, after)

    def cancel(self) -> Study:
        """End what runs; trials that have not ended are cancelled."""
        self.data = self._client.cancel(self.id).data
        return self

    def stop(self) -> Study:
        """Start nothing new and let what runs come to its end."""
        self.data = self._client.stop(self.id).data
        return self

    def delete(self) -> None:
        """Delete it with everything under it; it must have ended."""
        self._client.delete(self.id)
