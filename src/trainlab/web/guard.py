"""The guard: who may come in, and what a page may do. An ASGI middleware around the whole lab."""

from __future__ import annotations

import secrets
import traceback
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from trainlab.web.binding import Binding

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        # Not every browser counts sockets among 'self'.
        "connect-src 'self' ws://{host}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load and do: nothing from elsewhere, nothing inline."""

HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}

OWN_PAGES: Final = "Only the lab's own pages may ask it.\n"
BROKEN: Final = "An error of trainlab's own:"


class Guard:
    """Lets in who calls the server by its own name, from its own pages, and knows the token if there is one.

    The token comes once in the address, ``/?token=…``, and is kept in a cookie from then on.
    """

    def __init__(self, app: ASGIApp, *, binding: Binding, token: str | None) -> None:
        self._app, self._binding, self._token = app, binding, token
        # Cookies are for all ports of a machine, and several labs may run on it.
        self._cookie = f"trainlab-{binding.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request in one line, or pass it on and add `HEADERS` to what is answered."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        entering = self._is_token(_token_in(scope))
        if refusal := self._refusal(scope, headers, entering=entering):
            if scope["type"] == "websocket":
                # Before it was accepted: 403, of which a browser tells its page nothing anyway.
                await WebSocket(scope, receive, send).close()
            else:
                await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
                answered.setdefault("content-security-policy", POLICY.format(host=headers["host"]))
                if entering:
                    kept = f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"
                    answered.append("set-cookie", kept)
            await send(message)

        await self._answer(scope, receive, send_guarded)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered; if that fails before anything was sent, say so in one line."""
        begun = scope["type"] == "websocket"

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if begun:
                raise
            traceback.print_exc()
            told = f"{BROKEN} {type(error).__name__}. The terminal of 'trainlab serve' shows where.\n"
            await PlainTextResponse(told, status_code=500)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, *, entering: bool) -> str:
        """Return why a request is refused, or an empty string."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._binding.allows(hosts[0]):
            return "This lab isn't called so: open the address that 'trainlab serve' printed.\n"
        if scope["type"] == "websocket" and headers.getlist("origin") != [f"http://{hosts[0]}"]:
            return OWN_PAGES
        # What browsers say of who asks: pages that keep back the referrer send no origin with a form.
        sender = headers.get("sec-fetch-site", "same-origin")
        if scope.get("method", "GET") not in ("GET", "HEAD") and sender != "same-origin":
            return OWN_PAGES
        # A picture on another site must not have a run replayed here; a link that is followed may.
        opened = headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest", "document")
        if sender in ("cross-site", "same-site") and opened != ("navigate", "document"):
            return OWN_PAGES
        if self._token is not None and not entering and not self._is_token(self._kept(headers)):
            return "This lab wants its token: open the whole address that 'trainlab serve' printed.\n"
        return ""

    def _is_token(self, given: str) -> bool:
        """Compare in a time that says nothing about the token; bytes, as other strings may not be ASCII."""
        return self._token is not None and secrets.compare_digest(given.encode(), self._token.encode())

    def _kept(self, headers: Headers) -> str:
        try:
            cookies = SimpleCookie("; ".join(headers.getlist("cookie")))
        except CookieError:
            return ""
        return cookies[self._cookie].value if self._cookie in cookies else ""


def _token_in(scope: Scope) -> str:
    """Return the token in the address of the page, or an empty string."""
    if scope["type"] != "http" or scope["path"] != "/":
        return ""
    try:
        asked = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
    except ValueError:
        return ""
    return asked.get("token", [""])[0]
