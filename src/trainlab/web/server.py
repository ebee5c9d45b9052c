"""The lab's server: its pages and files, and how it listens until Ctrl-C."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import h11
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket
from uvicorn.protocols.http.h11_impl import H11Protocol

from trainlab.draw import css
from trainlab.interrupt import hanging_up_terminates, termination
from trainlab.store import DEFAULT_FOLDER
from trainlab.web.guard import Binding, Guard, listen
from trainlab.web.questions import Limits
from trainlab.web.visitors import Visitors, attend
from trainlab.web.workers import WORKER, Workers

if TYPE_CHECKING:
    from trainlab.web.pages.store_pages import StorePages


# What is served as it is: files read once, found by their exact names, known again by their digests.


STATIC: Final = Path(__file__).parent / "static"

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".png": "image/png",
    ".wasm": "application/wasm",
}
"""What each kind of file is; the system's own table may say otherwise. Others aren't served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """Some content, plain and compressed, its type, and the tag by which a browser asks for it again."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Self:
        """Return content with its tag."""
        return cls(
            content=content,
            compressed=gzip.compress(content, mtime=0),
            media_type=media_type,
            etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        )

    def answer(self, request: Request) -> Response:
        """Answer a request, with 304 if the browser has the same."""
        tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if self.etag in tags:
            return Response(status_code=304, headers={"etag": self.etag})
        headers = {"etag": self.etag, "vary": "accept-encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.content, media_type=self.media_type, headers=headers)
        headers["content-encoding"] = "gzip"
        return Response(self.compressed, media_type=self.media_type, headers=headers)


def files_in(folder: Path) -> dict[str, Served]:
    """Return the files of a folder, by their paths from there, as ``lab.js``.

    A server goes on with what it began with, so that no page gets modules of two versions. What isn't in here
    isn't served, whatever a request is called: no path of the disk is made of one.
    """
    return {
        path.relative_to(folder).as_posix(): Served.of(path.read_bytes(), TYPES[path.suffix])
        for path in sorted(folder.rglob("*"))
        if path.suffix in TYPES and path.is_file() and not path.is_symlink()
    }


# The lab as an ASGI application: the page, its files, its schema and its socket, behind the guard.


INDEX: Final = "index.html"
PALETTE: Final = "palette.css"
"""The colours that reports have, too: made, not written down again."""


def lab_app(
    *,
    binding: Binding,
    workers: int,
    token: str | None = None,
    limits: Limits,
    worker_command: Sequence[str] = WORKER,
    static: Path = STATIC,
    pages: Sequence[BaseRoute] = (),
) -> Starlette:
    """Return the application; its workers run from its startup to its shutdown.

    `pages` are further routes, as those of the store's studies.
    """
    files = {**files_in(static), PALETTE: Served.of(css().encode(), "text/css; charset=utf-8")}
    team = Workers(count=workers, limits=limits, command=worker_command)
    visitors = Visitors(workers=team, limits=limits)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with team:
            yield

    async def page(request: Request) -> Response:
        return _answer(files.get(INDEX), request)

    async def file(request: Request) -> Response:
        return _answer(files.get(request.path_params["name"]), request)

    async def socket(websocket: WebSocket) -> None:
        await attend(websocket, visitors=visitors, limits=limits)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/static/{name:path}", file),
            Route("/schema.json", _schema),
            WebSocketRoute("/socket", socket),
            *pages,
        ],
        middleware=[Middleware(Guard, binding=binding, token=token)],
        lifespan=lifespan,
    )


def _answer(served: Served | None, request: Request) -> Response:
    return (
        served.answer(request) if served else PlainTextResponse("There is no such page.\n", status_code=404)
    )


async def _schema(request: Request) -> Response:
    return _schema_file().answer(request)


@cache
def _schema_file() -> Served:
    # Takes a moment, which the server's start needn't wait for.
    from trainlab.web.schema import schema

    return Served.of(msgspec.json.encode(schema()), "application/json")


# The routes of all pages beside the lab: the store's studies, races and maps, their runs, and diagnoses.
#
# What makes the pages is imported when the first is asked for: the lab itself starts without it.


def routes(store: str | os.PathLike[str] = DEFAULT_FOLDER) -> list[BaseRoute]:
    """Return the routes, of the store in this folder."""
    pages = _Pages(os.fspath(store))
    register_url_convertor("whole", _Whole())
    run = "/studies/{key:whole}/cells/{number:whole}/runs/{place:whole}/{seed:whole}"
    return [
        Route("/studies", pages.answering(lambda made: made.studies)),
        Route("/studies/{key:whole}", pages.answering(lambda made: made.study)),
        Route("/studies/{key:whole}/cells/{number:whole}", pages.answering(lambda made: made.cell)),
        Route(run, pages.answering(lambda made: made.run)),
        Route(f"{run}/spike", pages.answering(lambda made: made.spike)),
        Route("/diagnoses", _diagnosis_form),
        Route("/diagnoses", _diagnosis, methods=["POST"]),
    ]


class _Whole(IntegerConvertor):
    """A whole number that a store can hold; of longer ones there is no page."""

    regex = "[0-9]{1,18}"


class _Pages:
    """The pages of a store's folder, made when they are first asked for."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._made: StorePages | None = None
        self._first = threading.Lock()

    def answering(
        self, page: Callable[[StorePages], Callable[[Request], Response]]
    ) -> Callable[[Request], Response]:
        """Return what answers with that page; it runs in a thread, since it isn't asynchronous."""
        return lambda request: page(self._pages())(request)

    def _pages(self) -> StorePages:
        with self._first:
            if self._made is None:
                from trainlab.web.pages.store_pages import StorePages

                self._made = StorePages(folder=self._folder)
            return self._made


def _diagnosis_form(request: Request) -> Response:
    from trainlab.web.pages.diagnosis_form import form_answer

    return form_answer()


async def _diagnosis(request: Request) -> Response:
    return await (await run_in_threadpool(_reader))(request)


def _reader() -> Callable[[Request], Coroutine[None, None, Response]]:
    from trainlab.web.pages.diagnosis_form import read_report

    return read_report


# Serve the lab until Ctrl-C: listen, print the address, open the browser, end cleanly.


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
