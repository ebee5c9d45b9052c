"""The lab as an ASGI application: the page, its files, its schema and its socket, behind the guard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from trainlab.draw import css
from trainlab.web.binding import Binding
from trainlab.web.guard import Guard
from trainlab.web.limits import Limits
from trainlab.web.served_files import STATIC, Served, files_in
from trainlab.web.socket import attend
from trainlab.web.visitors import Visitors
from trainlab.web.worker_process import WORKER
from trainlab.web.workers import Workers

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
