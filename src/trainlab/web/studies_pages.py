"""The routes of all pages beside the lab: the store's studies, races and maps, their runs, and diagnoses.

What makes the pages is imported when the first is asked for: the lab itself starts without it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainlab.store import DEFAULT_FOLDER

if TYPE_CHECKING:
    from trainlab.web.pages.store_pages import StorePages


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
