"""The guard: who may come in, and what a page may do. An ASGI middleware around the whole lab."""

from __future__ import annotations

import errno
import ipaddress
import secrets
import socket
import traceback
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from trainlab.errors import TrainlabError, shown

# Where the server listens, under which names it may be called there, and what its address is.


UNREAD_MS: Final = 30_000
"""How long the system keeps what a page doesn't read before it drops the connection; see `listen`."""

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """Where the server listens: `host` as it was given, the `address` that it stands for, and the port."""

    host: str
    address: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def _is_everywhere(self) -> bool:
        return ipaddress.ip_address(self.address).is_unspecified

    def allows(self, host: str) -> bool:
        """Return whether a page may call the server so, by the Host or the authority of its Origin.

        Under another name a page from elsewhere could reach it, once that name was made to mean this machine.
        Where the server listens at all addresses, any will do: nobody can make an address mean another one.
        """
        name, port = host.lower(), "80"
        if ":" in host.rpartition("]")[2]:
            name, _, port = name.rpartition(":")
        if port != str(self.port):
            return False
        if self.is_local:
            return name in (*LOOPBACK, _bracketed(self.host.lower()))
        if not self._is_everywhere:
            return name in (_bracketed(self.host.lower()), _bracketed(self.address))
        return name in (*LOOPBACK, socket.gethostname().lower()) or _is_address(name)

    def url(self, token: str | None) -> str:
        """Return the address to open."""
        host = _address_on_the_network() if self._is_everywhere else self.host
        asked = f"?token={token}" if token else ""
        return f"http://{_bracketed(host)}:{self.port}/{asked}"


def listen(host: str, port: int) -> tuple[socket.socket, Binding]:
    """Return a socket that listens, and where; port 0 takes a free one.

    Raises:
        TrainlabError: the port is in use or forbidden, or the host isn't one of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server((str(address[0]), port), family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        raise TrainlabError(_why(error, host, port)) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections have it from here. Else one that is never read again would keep its last frame for ever.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    bound = listening.getsockname()
    return listening, Binding(host=host, address=str(bound[0]), port=int(bound[1]))


def _why(error: OSError | UnicodeError, host: str, port: int) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return (
                f"--port {port}: something listens there already, perhaps another lab; take another port, or "
                "--port 0 for a free one."
            )
        case errno.EACCES:
            return f"--port {port}: this user may not listen there; take one from 1024 on."
        case _:
            return (
                f"--host {shown(host)}: can't listen there; give an address or a name of this machine, or "
                "0.0.0.0 for all of its addresses."
            )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_address(name: str) -> bool:
    if "%" in name:  # a zone, which may hold anything
        return False
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _address_on_the_network() -> str:
    """Return this machine's address as others see it: the one from which it would send; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation, RFC 5737
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])


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
        # Starlette's TrustedHostMiddleware doesn't do: it looks neither at the port nor at a second Host, and
        # has no rule for a server that listens at all addresses.
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
