"""Who may ask: bearer keys, or, where the server has none, only programs on this machine.

Keys are random and long, so one SHA-256 is enough; all of them are compared, each in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.problems import ApiError, respond

OPEN_PATHS = frozenset({"/livez", "/readyz", "/docs", "/openapi.json"})
OPEN_PREFIX = "/docs/"
"""Answered without a key: what a load balancer asks, and the documentation with its own files."""

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Unauthorized(ApiError):
    """The request carries no key, or one that this server does not know."""

    status, kind, title = 401, "unauthorized", "A key is needed"


class MisdirectedRequest(ApiError):
    """A server without keys answers only to the names of this machine, so that no web page reaches it by another."""

    status, kind, title = 421, "misdirected-request", "Not this server's name"


class ForeignOrigin(ApiError):
    """A server without keys takes no request that a page of another site sends from a browser."""

    status, kind, title = 403, "foreign-origin", "Request of another site"


def is_loopback(host: str) -> bool:
    """Whether binding to this address or name reaches only programs on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Keys:
    """ASGI middleware of a server with keys: everything but the open paths needs one."""

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self.app = app
        self.digests = [hashlib.sha256(key.encode()).digest() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope["path"]):
            digest = self._digest(Headers(scope=scope).get("authorization"))
            if digest is None:
                detail = "send the header Authorization: Bearer KEY with a key of this server"
                refusal = Unauthorized(detail, headers={"WWW-Authenticate": 'Bearer realm="grokscale"'})
                await respond(scope, refusal)(scope, receive, send)
                return
            scope["state"]["caller"] = digest
        await self.app(scope, receive, send)

    def _digest(self, authorization: str | None) -> str | None:
        """Return the hash of the key that was sent, if it is one of the server's."""
        scheme, _, key = (authorization or "").partition(" ")
        sent = hashlib.sha256(key.strip().encode()).digest()
        # no early exit: the time taken says nothing of which key, or how much of one, was right
        known = sum(hmac.compare_digest(sent, digest) for digest in self.digests)
        return sent.hex() if known and scheme.lower() == "bearer" else None


class Loopback:
    """ASGI middleware of a server without keys: only requests that a program of this machine addressed to it.

    Binding to loopback keeps other machines out; this keeps out the web pages that a browser on this machine shows
    (a name that resolves to 127.0.0.1, a form posted across sites).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := _refusal(Headers(scope=scope))):
            await respond(scope, refusal)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _refusal(headers: Headers) -> ApiError | None:
    host = headers.get("host", "")
    if _hostname(f"//{host}") not in LOOPBACK_HOSTS:
        detail = f"Host {host!r} is not served without keys; accepted: localhost, 127.0.0.1, [::1]"
        return MisdirectedRequest(detail)
    origin = headers.get("origin")
    if origin is not None and _hostname(origin) not in LOOPBACK_HOSTS:
        return ForeignOrigin(f"a page of {origin!r} may not use this server; set keys to serve other machines")
    return None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIX)
