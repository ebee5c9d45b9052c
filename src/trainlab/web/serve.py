"""Serve the lab until Ctrl-C: listen, print the address, open the browser, end cleanly."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable

import h11
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from trainlab.interrupt import hanging_up_terminates, termination
from trainlab.store import DEFAULT_FOLDER
from trainlab.web.app import lab_app
from trainlab.web.binding import listen
from trainlab.web.limits import Limits
from trainlab.web.studies_pages import routes

CONNECTIONS_A_VISITOR = 8
"""Six are what a browser opens at most to load a page."""


def serve(
    *,
    host: str,
    port: int,
    workers: int,
    open_browser: bool,
    store: str = DEFAULT_FOLDER,
    on_ready: Callable[[str], None] = print,
) -> None:
    """Serve the lab until Ctrl-C or SIGTERM; `on_ready` is told the address once it can be opened.

    The studies of the `store` in that folder are pages of it.

    Raises:
        TrainlabError: it can't listen there.
    """
    listening, binding = listen(host, port)
    token = None if binding.is_local else secrets.token_urlsafe(32)
    limits = Limits()
    app = lab_app(binding=binding, workers=workers, token=token, limits=limits, pages=routes(store))

    def ready() -> None:
        address = binding.url(token)
        on_ready(address)
        if open_browser and _has_screen():
            # Some browsers return only when they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    try:
        with termination(), hanging_up_terminates():
            _Server(server_config(app, limits), on_ready=ready).run(sockets=[listening])
    except KeyboardInterrupt:
        # uvicorn sends itself again what ended it.
        pass


def server_config(app: Starlette, limits: Limits) -> uvicorn.Config:
    """Return how the application is to be served."""
    return uvicorn.Config(
        app,
        # Named, so that what else is installed changes nothing.
        loop="asyncio",
        http=impatient(limits.request_seconds),
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        # A message that is somewhat too long is told what the limit is; one beyond this is cut off.
        ws_max_size=4 * limits.message_bytes,
        limit_concurrency=CONNECTIONS_A_VISITOR * limits.visitors,
        timeout_graceful_shutdown=1,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level=logging.ERROR,
    )


def impatient(seconds: float) -> type[H11Protocol]:
    """Return how HTTP is spoken: a connection that sends no whole request for so long is closed.

    Half a request, sent hundreds of times, would otherwise keep everybody else out.
    """

    class Impatient(H11Protocol):
        _latest: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def handle_websocket_upgrade(self, event: h11.Request) -> None:
            self._stop_waiting()
            super().handle_websocket_upgrade(event)

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._stop_waiting()
            self._latest = self.loop.call_later(seconds, self._close_unless_whole)

        def _stop_waiting(self) -> None:
            if self._latest is not None:
                self._latest.cancel()

        def _close_unless_whole(self) -> None:
            if self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
                self.transport.abort()

    return Impatient


class _Server(uvicorn.Server):
    """A server that says when it is ready, and nothing of visitors who are cut off as it ends."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, without a word."""
        logging.getLogger("uvicorn.error").disabled = True
        await super().shutdown(sockets)


def _has_screen() -> bool:
    """Return whether a browser would open a window; on a text terminal it would take the terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
