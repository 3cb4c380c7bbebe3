"""Who may send requests: holders of a bearer key or, if the server has no keys, programs on this machine; and no
page of another site.

Keys are random and long, so one SHA-256 is enough. A key is compared with all keys, each in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from grokscale.service.loopback import is_loopback
from grokscale.service.problems import ApiError, respond

OPEN_PATHS = frozenset({"/livez", "/readyz", "/docs", "/openapi.json"})
OPEN_PREFIX = "/docs/"
"""Paths that are answered without a key: those for load balancers, and the documentation with its files."""

_OWN_SITES = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site for requests by this server's own pages, or that the user made directly."""
_PORTS = {"http": 80, "https": 443}


class Unauthorized(ApiError):
    """The request carries no key, or one that this server does not know."""

    status, kind, title = 401, "unauthorized", "A key is needed"


class MisdirectedRequest(ApiError):
    """A server without keys answers only to the names of this machine, so that no web page reaches it by another."""

    status, kind, title = 421, "misdirected-request", "Not this server's name"


class ForeignOrigin(ApiError):
    """No request that a page of another origin sends from a browser is served, be that page on this machine too."""

    status, kind, title = 403, "foreign-origin", "Request of another site"


class Keys:
    """ASGI middleware of a server with keys: all paths but the open ones need a key."""

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self.app = app
        self.digests = [hashlib.sha256(key.encode()).digest() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(scope["path"]):
            sent = Headers(scope=scope).getlist("authorization")
            digest = self._digest(sent[0]) if len(sent) == 1 else None
            if digest is None:
                detail = "send the header Authorization: Bearer KEY with a key of this server"
                refusal = Unauthorized(detail, headers={"WWW-Authenticate": 'Bearer realm="grokscale"'})
                await respond(scope, refusal)(scope, receive, send)
                return
            scope["state"]["caller"] = digest
        await self.app(scope, receive, send)

    def _digest(self, authorization: str) -> str | None:
        """Return the hash of the key that was sent, if it is one of the server's."""
        scheme, _, key = authorization.partition(" ")
        sent = hashlib.sha256(key.strip().encode()).digest()
        # no early exit: the time taken says nothing of which key, or how much of one, was right
        known = sum(hmac.compare_digest(sent, digest) for digest in self.digests)
        return sent.hex() if known and scheme.lower() == "bearer" else None


class Loopback:
    """ASGI middleware of a server without keys: only requests that name it by an address of this machine.

    Binding to loopback keeps other machines out. This keeps out web pages in a browser on this machine that reach
    the server by another name (one that resolves to 127.0.0.1).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            name = _hostname(f"//{hosts[0]}") if len(hosts) == 1 else None
            if name is None or not is_loopback(name):
                shown = ", ".join(map(repr, hosts)) or "none"
                detail = f"Host {shown} is not served without keys; accepted: localhost, 127.0.0.1, [::1]"
                await respond(scope, MisdirectedRequest(detail))(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Sites:
    """ASGI middleware that refuses requests by pages of another origin, which a browser sends with its user's
    rights.

    Args:
        app: the application.
        keyed: the server has keys, so that a page without one is refused anyway. Such a server may stand behind a
            proxy with another name or scheme, so a browser's own statement that the page is the server's is enough.
    """

    def __init__(self, app: ASGIApp, *, keyed: bool) -> None:
        self.app = app
        self.keyed = keyed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (detail := self._foreign(scope)):
            await respond(scope, ForeignOrigin(detail))(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _foreign(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        sites = {site.strip().lower() for site in headers.getlist("sec-fetch-site")}
        # what is open neither writes nor costs: a link to the documentation may be followed from anywhere
        if not sites <= _OWN_SITES and not _is_open(scope["path"]):
            said = ", ".join(sorted(sites))
            return f"Sec-Fetch-Site: {said} may not use this server; accepted: same-origin, none"
        origins = headers.getlist("origin")
        asked = f"{scope['scheme']}://{headers.get('host', '')}"
        if (self.keyed and "same-origin" in sites) or all(_same_origin(origin, asked) for origin in origins):
            return None
        return f"a page of {', '.join(origins)} may not use this server; accepted: of {asked}"


def _same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port."""
    first = _origin(one)
    return first is not None and first == _origin(other)


def _origin(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname and port else None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIX)
