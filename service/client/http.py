"""Requests to one server: retried while that is safe and of use, answers checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import stamina

from service.client.errors import ConnectionFailed, problem

TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
"""A law over 100,000 trials takes seconds; a server that is there takes a connection at once."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PASSING = {429, 502, 503, 504}


class Http:
    """One server. Everything the client sends may be sent twice, so everything is retried."""

    def __init__(self, url: str, api_key: str | None, transport: httpx2.BaseTransport | None) -> None:
        parsed = httpx2.URL(url)
        self._client = httpx2.Client(
            base_url=parsed,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            transport=transport,
            timeout=TIMEOUT,
            # a proxy of the environment cannot reach this machine's loopback
            trust_env=parsed.host not in _LOOPBACK,
        )
        self._retrying = stamina.RetryingCaller(attempts=5, wait_initial=0.1, wait_max=2.0, wait_jitter=0.2)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request; return the JSON of its answer, None where there is none.

        Raises:
            ConnectionFailed: no answer.
            ProblemError: a refusal.
        """
        content = self.content(method, path, **options)
        return json.loads(content) if content else None

    def content(self, method: str, path: str, **options: Any) -> bytes:
        """Send a request; return the bytes of its answer. Raises as `json`."""
        try:
            return self._retrying(_may_pass, self._send, method, path, **options)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        except _Refused as refused:
            raise problem(refused.document) from None

    @contextmanager
    def events(self, path: str, last: int) -> Iterator[Iterator[httpx2.ServerSentEvent]]:
        """Open a stream of events after number `last`. Raises as `json`, also while it is read."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last else {})
        try:
            # the server sends a comment at least every 15 s
            with self._client.stream("GET", path, headers=headers) as response:
                if response.is_error:
                    response.read()
                    raise problem(_document(response))
                yield iter(httpx2.EventSource(response)) if response.status_code == 200 else iter(())
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, **options: Any) -> bytes:
        response = self._client.request(method, path, **options)
        if response.is_error:
            raise _Refused(response)
        return response.content

    def _unreachable(self, error: httpx2.TransportError) -> ConnectionFailed:
        return ConnectionFailed(f"no answer from {self._client.base_url}: {error or type(error).__name__}")


class _Refused(Exception):
    """An answer that is an error."""

    def __init__(self, response: httpx2.Response) -> None:
        self.document = _document(response)
        self.status = response.status_code
        after = response.headers.get("retry-after", "")
        self.after = float(after) if after.isdecimal() else None


def _document(response: httpx2.Response) -> dict[str, Any]:
    if "json" in response.headers.get("content-type", ""):
        found = response.json()
        if isinstance(found, dict):
            return {"status": response.status_code, **found}
    return {"status": response.status_code, "title": response.reason_phrase, "detail": response.text[:500]}


def _may_pass(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds."""
    if isinstance(error, _Refused):
        return (error.after or True) if error.status in _PASSING else False
    return isinstance(error, httpx2.TransportError)
