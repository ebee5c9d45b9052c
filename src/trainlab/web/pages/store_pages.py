"""Makes the pages of a store: the list, a study, a cell, a run; the store is only read."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from trainlab.errors import TrainlabError, printable
from trainlab.store import DamagedError, NamedStudy, Store
from trainlab.studies.stored import HeldRuns, NotThereError, Part, StoredMap, StoredRace, StoredStudy
from trainlab.web.pages.answer import page_answer, refused
from trainlab.web.pages.run_pages import cell_page, run_page, spike_page
from trainlab.web.pages.study_page import LEAST_WAIT, Made, list_page, study_page

MAX_KEPT: Final = 16
"""So many reports are kept, for whoever asks again before anything was added."""

PATIENCE: Final = 30.0
"""Seconds that a request waits for those before it: pages are made one at a time, in threads."""

REST: Final = 4
"""While a study runs, its page is made anew after so many times as long as making it took."""


class NoSuchPageError(TrainlabError):
    """A page that isn't there."""


@dataclass(kw_only=True, slots=True)
class StorePages:
    """Makes the pages of a store's folder; one at a time, so that the lab beside them goes on."""

    folder: str
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _replay: threading.Lock = field(default_factory=threading.Lock)
    """Whose turn it is to have a run replayed, in a process of its own: the other pages needn't wait."""
    _kept: dict[int, tuple[_Stamp, Made, float]] = field(
        default_factory=dict[int, "tuple[_Stamp, Made, float]"]
    )

    def studies(self, request: Request) -> Response:
        """Answer with the list."""
        return self._answer(self._list)

    def study(self, request: Request) -> Response:
        """Answer with the report of a study; while it runs the page asks again by itself."""
        key = request.path_params["key"]
        return self._answer(lambda: self._study(key))

    def cell(self, request: Request) -> Response:
        """Answer with the runs of a cell, a candidate or a point."""
        asked = request.path_params
        first = _whole(request.query_params.get("first", "0"))

        def make() -> Response:
            with self._opened(asked["key"]) as (named, held):
                part = part_of(named, asked["number"])
                return page_answer(cell_page(named, asked["number"], part, held, first=first))

        return self._answer(make)

    def run(self, request: Request) -> Response:
        """Answer with a single run, and with where it ended if asked by ``?end=1``."""
        asked, end = request.path_params, request.query_params.get("end") == "1"

        def make() -> Response:
            with self._opened(asked["key"]) as (named, held):
                part = part_of(named, asked["number"])
                _check_place(part, asked["place"])
                made = run_page(named, asked["number"], part, asked["place"], asked["seed"], held, end=end)
                return page_answer(made)

        return self._answer(make)

    def spike(self, request: Request) -> Response:
        """Answer with how a run lost what it had solved."""
        asked = request.path_params

        def make() -> Response:
            with self._opened(asked["key"]) as (named, held):
                part = part_of(named, asked["number"])
                place: int = asked["place"]
                _check_place(part, place)
                experiment, seed = part.experiments[place][0], int(asked["seed"])
                held.engine(experiment, range(seed, seed + 1))
            return page_answer(spike_page(experiment, seed))

        return self._answer(make, turn=self._replay)

    def _answer(self, make: Callable[[], Response], *, turn: threading.Lock | None = None) -> Response:
        """Make a page when it is its turn; say in a line why there is none."""
        turn = turn or self._turn
        if not turn.acquire(timeout=PATIENCE):
            return refused("The pages before this one take long. Ask again in a moment.", status=503)
        try:
            return make()
        except (NoSuchPageError, NotThereError) as error:
            return refused(printable(str(error)), status=404)
        except TrainlabError as error:
            return refused(printable(str(error)), status=409)
        finally:
            turn.release()

    def _list(self) -> Response:
        if not os.path.lexists(self.folder):
            return page_answer(list_page([], [], place=self.folder))
        with Store.open(self.folder, create=False) as store:
            named, held = store.studies(), store.summary()
            return page_answer(list_page(named, held, place=self.folder, damage=store.damage))

    def _study(self, key: int) -> Response:
        with self._opened(key) as (named, held):
            stamp = _Stamp(asked=named.asked, last_saved=held.last_saved, pieces=_pieces(held))
            before = self._kept.pop(key, None)
            if before is not None and before[0] == stamp:
                _, made, seconds = before
            else:
                started = time.perf_counter()
                made = _of_sound_runs(named, held)
                seconds = time.perf_counter() - started
        self._kept[key] = stamp, made, seconds
        while len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        if not made.progress.running:
            return page_answer(made.html)
        return page_answer(made.html, refresh=max(LEAST_WAIT, math.ceil(REST * seconds)))

    @contextmanager
    def _opened(self, key: int) -> Generator[tuple[NamedStudy, HeldRuns]]:
        if not os.path.lexists(self.folder):
            raise NoSuchPageError(f"There is no store at {self.folder} yet: 'trainlab study FILE' makes one.")
        with Store.open(self.folder, create=False) as store:
            named = next((one for one in store.studies() if one.key == key), None)
            if named is None:
                raise NoSuchPageError(f"There is no study {key} in {self.folder}.")
            yield named, HeldRuns.of(store, named)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stamp:
    """What a report was made of: if it is the same, so is the report."""

    asked: datetime
    last_saved: datetime | None
    pieces: int


def _of_sound_runs(named: NamedStudy, held: HeldRuns) -> Made:
    """Make the page of a study of the runs that aren't damaged; which are shows when they are read."""
    while True:
        try:
            return study_page(named, held)
        except DamagedError as damaged:
            held = held.without(damaged)


def part_of(named: NamedStudy, number: int) -> Part:
    """Return a study's cell, a race's candidate or a map's point by its number."""
    if named.question is None:
        raise NoSuchPageError("What was asked isn't kept with this study, so its cells aren't known.")
    if named.kind == "map":
        plane = StoredMap.of(named)
        rows, columns = plane.asked.shape
        if number >= rows * columns:
            raise NoSuchPageError(f"There is no point {number}: the plane has {rows * columns:,}.")
        return plane.part(number)
    parts = (StoredRace.of(named) if named.kind == "race" else StoredStudy.of(named)).parts()
    if number >= len(parts):
        raise NoSuchPageError(f"There is no cell {number}: there are {len(parts):,}.")
    return parts[number]


def _check_place(part: Part, place: int) -> None:
    if place >= len(part.experiments):
        raise NoSuchPageError(f"There is no split {place}: there are {len(part.experiments):,}.")


def _pieces(held: HeldRuns) -> int:
    """Return how many runs are there, by any engine."""
    return sum(len(piece) for each in held.held.values() for one in each for piece in one.ranges)


def _whole(text: str) -> int:
    """Return a whole number from 0 on; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
