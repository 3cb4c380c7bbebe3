"""Requests to one server. They are repeated if that is safe and useful, and answers are checked."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from tenacity import RetryCallState, Retrying, stop_after_attempt, stop_before_delay, wait_exponential_jitter

from grokscale.service.client.address import address, shown, visible
from grokscale.service.client.errors import ConnectionFailed, InvalidArgument, NotFound, problem
from grokscale.service.loopback import is_loopback

TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
"""A law over 100,000 trials takes seconds; a server that is up accepts a connection at once."""
ATTEMPTS = 5
PATIENCE = 90.0
"""Seconds after the first attempt from which on no other one is begun, whatever Retry-After says."""
KEY = "Idempotency-Key"

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
_BROKE_OFF = (httpx2.NetworkError, httpx2.RemoteProtocolError)
_MAY_STILL_RUN = (httpx2.ReadTimeout, httpx2.WriteTimeout)
_NOT_TAKEN_UP, _GATEWAY_BROKE_OFF, _GATEWAY_TIMED_OUT = {429, 503}, 502, 504

log = logging.getLogger("grokscale.client")


class Http:
    """One server. Every request can be sent twice: one that creates something has an Idempotency-Key.

    It survives pickling and a fork; each process then has connections of its own.
    """

    def __init__(self, url: str, api_key: str | None, transport: httpx2.BaseTransport | None) -> None:
        self._url = address(url)
        self._api_key = visible(api_key.strip(), "the API key (GROKSCALE_API_KEY)") if api_key else None
        self._transport = transport
        self._trying = Retrying(
            retry=_again,
            wait=_pause,
            stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(PATIENCE),
            before_sleep=self._tell,
            reraise=True,
        )
        self._open()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self._url), self._api_key, self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Send a request; return the JSON of its answer, None where there is none.

        Raises:
            ConnectionFailed: no answer, or one that is not this service's.
            ProblemError: a refusal.
        """
        content = self.content(method, path, **options)
        try:
            return json.loads(content) if content else None
        except ValueError:
            raise ConnectionFailed(
                f"what {shown(self._url)} answers is no JSON: is it the address of grokscale (GROKSCALE_URL)?"
            ) from None

    def content(self, method: str, path: str, **options: Any) -> bytes:
        """Send a request; return the bytes of its answer. Raises as `json`."""
        try:
            return self._trying(self._send, method, path, **options)
        except httpx2.RequestError as error:
            raise self._unreachable(error) from error
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise InvalidArgument(f"what is asked for cannot be sent: {error}") from None
        except _Refused as refused:
            raise problem(refused.document) from None

    def delete(self, path: str) -> None:
        """Delete what a path names. If an earlier attempt may have deleted it, not finding it is a success. Raises
        as `json`.
        """
        try:
            self.content("DELETE", path)
        except NotFound:
            if self._trying.statistics["attempt_number"] == 1:
                raise

    @contextmanager
    def events(self, path: str, last: int) -> Iterator[Iterator[httpx2.ServerSentEvent]]:
        """Open a stream of events after number `last`. Raises as `json`, also while it is read."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last else {})
        try:
            # the server sends a comment at least every 15 s
            with self._own().stream("GET", path, headers=headers) as response:
                if not response.is_success:
                    response.read()
                    raise problem(_document(response))
                yield iter(httpx2.EventSource(response)) if response.status_code == 200 else iter(())
        except (httpx2.RequestError, httpx2.SSEError) as error:
            raise self._unreachable(error) from error

    def _open(self) -> None:
        self._process = os.getpid()
        try:
            self._client = httpx2.Client(
                base_url=self._url,
                headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else {},
                transport=self._transport,
                timeout=TIMEOUT,
                trust_env=not is_loopback(self._url.host),
            )
        except ImportError:
            raise InvalidArgument(
                "the environment names a SOCKS proxy (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), which needs a library: "
                "`pip install socksio`, or name the server's host in NO_PROXY"
            ) from None
        except (ValueError, httpx2.InvalidURL, OSError) as error:
            raise InvalidArgument(
                "the environment's proxy (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY, NO_PROXY) or certificates "
                f"(SSL_CERT_FILE, SSL_CERT_DIR) cannot be used: {error}"
            ) from None

    def _own(self) -> httpx2.Client:
        if self._process != os.getpid():  # a forked child must not speak on its parent's connections
            self._open()
        return self._client

    def _send(self, method: str, path: str, **options: Any) -> bytes:
        response = self._own().request(method, path, **options)
        if not response.is_success:
            raise _Refused(response)
        return response.content

    def _tell(self, state: RetryCallState) -> None:
        error = _error(state)
        what = f"answered {error.status}" if isinstance(error, _Refused) else f"broke off ({_words(error)})"
        # that nobody is there is said at the end, once
        level = logging.DEBUG if isinstance(error, _NEVER_SENT) else logging.WARNING
        log.log(level, f"{shown(self._url)} {what}; asking again in {state.upcoming_sleep:.1f} s")

    def _unreachable(self, error: Exception) -> ConnectionFailed:
        server = shown(self._url)
        if isinstance(error, _NEVER_SENT):
            advice = "start it with `grokscale serve`, or say where it is (GROKSCALE_URL)"
            return ConnectionFailed(f"no server answers at {server} ({_words(error)}): {advice}")
        if isinstance(error, _MAY_STILL_RUN):
            return ConnectionFailed(f"no answer from {server} in time; what was asked may still be running there")
        return ConnectionFailed(f"no answer from {server}: {_words(error)}")


class _Refused(Exception):
    """An answer that is an error."""

    def __init__(self, response: httpx2.Response) -> None:
        self.document = _document(response)
        self.status = response.status_code
        after = response.headers.get("retry-after", "")
        self.after = float(after) if after.isdecimal() else None


def _document(response: httpx2.Response) -> dict[str, Any]:
    if "json" in response.headers.get("content-type", ""):
        try:
            found = response.json()
        except ValueError:
            found = None
        if isinstance(found, dict):
            return found | {"status": response.status_code}
    detail = f"it points to {response.headers['location']}" if response.has_redirect_location else response.text[:500]
    return {"status": response.status_code, "title": response.reason_phrase, "detail": detail}


def _again(state: RetryCallState) -> bool:
    """Whether to send a request again.

    A request that may still be running is repeated only with a key, by which the server recognises it: without one,
    a second law would be computed beside the first.
    """
    error = _error(state)
    keyed = KEY in state.kwargs.get("headers", {})
    if not isinstance(error, _Refused):
        return isinstance(error, _NEVER_SENT + _BROKE_OFF) or (isinstance(error, _MAY_STILL_RUN) and keyed)
    if error.status == _GATEWAY_TIMED_OUT:
        return keyed
    # 409 with Retry-After: the first request under this key is still being answered
    return error.status in {*_NOT_TAKEN_UP, _GATEWAY_BROKE_OFF} or (error.status == 409 and error.after is not None)


_backoff = wait_exponential_jitter(multiplier=0.1, max=2.0, jitter=0.2)


def _pause(state: RetryCallState) -> float:
    error = _error(state)
    return max(_backoff(state), (error.after or 0.0) if isinstance(error, _Refused) else 0.0)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _words(error: BaseException | None) -> str:
    return str(error) or type(error).__name__
