"""A lesson: a page that needs no server, with answers and replays that were computed beforehand.

It is the lab's own page (the same modules, joined), and a link that looks answers up instead of asking for
them. What it holds is said on it, and how to ask the rest.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import Any, Final

import numpy as np

from trainlab.draw import counted, css
from trainlab.draw.svg import Html
from trainlab.errors import SpecError
from trainlab.page.document import script_document
from trainlab.spec import Experiment, Study, with_values
from trainlab.studies.maps.axis import Axis
from trainlab.web.addresses import page_form
from trainlab.web.answers import answer
from trainlab.web.bundle import STATIC, bundle
from trainlab.web.frames import Frame, encode
from trainlab.web.limits import Limits
from trainlab.web.questions import Population, Replay

MOST_BYTES: Final = 2_000_000
"""What a lesson may weigh: a school's site and a phone have to load it."""
MOMENTS: Final = 48
"""So many moments of a run are in a replay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Knob:
    """What a reader can set: a network, a change (without or with it), or the value of a field."""

    label: str
    options: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LessonCell:
    """An experiment, and which option each knob has there."""

    at: tuple[int, ...]
    experiment: Experiment


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a lesson is about: its knobs, and a cell for each of their combinations."""

    title: str
    knobs: tuple[Knob, ...]
    cells: tuple[LessonCell, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """The page, and what it holds: `cells` experiments on `seeds` seeds each, `replays` of single runs."""

    html: Html
    cells: int
    seeds: int
    replays: int

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return len(self.html.encode())


def study_content(study: Study) -> Content:
    """Return all cells of a study: a knob for its networks, where there are several, and one a change.

    Raises:
        SpecError: the study holds out rows in several ways, of which a page shows one.
    """
    if study.splits > 1:
        raise SpecError(f"splits = {study.splits}: a lesson shows one split; set splits = 1.")
    names, changes = list(study.network_names), [change.name for change in study.changes]
    networks = Knob(label="network", options=tuple(names))
    knobs = (
        networks,
        *(Knob(label=f"{each.name}: {each.label}", options=("without", "with")) for each in study.changes),
    )
    cells = tuple(
        LessonCell(
            at=(names.index(cell.network), *(int(change in cell.changes) for change in changes)),
            experiment=cell.experiment,
        )
        for cell in study.cells()
    )
    return Content(title=study.title or "A study", knobs=knobs, cells=cells)


def plane_content(experiment: Experiment, x: Axis, y: Axis, *, title: str) -> Content:
    """Return the points of a plane of two settings: a knob for each."""
    knobs = tuple(
        Knob(label=axis.field, options=tuple(f"{value:g}" for value in axis.values)) for axis in (x, y)
    )
    cells = tuple(
        LessonCell(
            at=(across, up),
            experiment=with_values(experiment, {x.field: x.values[across], y.field: y.values[up]}),
        )
        for across, up in product(range(len(x.values)), range(len(y.values)))
    )
    return Content(title=title, knobs=knobs, cells=cells)


def make_lesson(
    content: Content,
    *,
    seeds: int = 256,
    most_bytes: int = MOST_BYTES,
    on_progress: Callable[[int, int], None] | None = None,
) -> Lesson:
    """Compute a lesson: the answer of every cell, then replays of failed and solved runs, as many as fit.

    Args:
        content: what it is about.
        seeds: how many seeds, from 0 on, each cell is trained on.
        most_bytes: how large the page may be.
        on_progress: called with how many cells are answered, and of how many.

    Raises:
        SpecError: the answers alone are larger than that.
    """
    store = _Frames()
    shelves: list[_Shelf] = []
    for number, cell in enumerate(content.cells):
        if on_progress is not None:
            on_progress(number, len(content.cells))
        form = page_form(cell.experiment)
        frame = _last(Population(experiment=form, seeds=seeds))
        # How long it took here tells a reader nothing.
        frame = replace(frame, fields={**frame.fields, "seconds": None})
        shelves.append(_Shelf(cell=cell, form=form, answer=store.add(frame), frame=frame))
    script, style = bundle("lesson"), (STATIC / "lab.css").read_text(encoding="utf-8")
    room = most_bytes - len((script + style + css()).encode())
    if store.size > 0.9 * room:
        raise SpecError(
            f"{counted(len(content.cells), 'cell')}: their answers on {seeds:,} seeds take "
            f"{store.size / 1e6:.1f} MB, and a lesson has {most_bytes / 1e6:g} at most; ask for fewer seeds, "
            "or for fewer cells."
        )
    replays = _add_replays(shelves, store, room=int(0.9 * room))
    held = (
        f"{counted(len(shelves), 'experiment')} on {seeds:,} seeds each, and {counted(replays, 'run')} to "
        "replay, computed beforehand."
    )
    index = {
        "title": content.title,
        "held": held,
        "knobs": [{"label": knob.label, "options": knob.options} for knob in content.knobs],
        "cells": [shelf.to_dict() for shelf in shelves],
    }
    told = json.dumps(index, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    html = script_document(
        content.title, script, style=style, data={"lesson-index": told, "lesson-frames": store.base64()}
    )
    return Lesson(html=html, cells=len(shelves), seeds=seeds, replays=replays)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shelf:
    """A cell with where its frames lie: that of its answer, and those of its replays by seed."""

    cell: LessonCell
    form: dict[str, Any]
    answer: tuple[int, int]
    frame: Frame
    replays: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])

    def wanted(self) -> Iterator[int]:
        """Yield the seeds worth a replay: the first that failed, the first that is solved, and so on."""
        solved = np.asarray(self.frame.arrays["solved"], dtype=np.bool_)
        kinds = [iter(np.flatnonzero(~solved)), iter(np.flatnonzero(solved))]
        while kinds:
            for kind in tuple(kinds):
                seed = next(kind, None)
                if seed is None:
                    kinds.remove(kind)
                else:
                    yield int(seed)

    def to_dict(self) -> dict[str, Any]:
        return {
            "at": self.cell.at,
            "experiment": self.form,
            "answer": self.answer,
            "replays": {str(seed): place for seed, place in self.replays.items()},
        }


class _Frames:
    """Frames, each compressed by itself, one after the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._bytes = 0

    @property
    def size(self) -> int:
        """What they take on a page, in bytes: base64 has four letters for three bytes."""
        return self._bytes * 4 // 3

    def add(self, frame: Frame) -> tuple[int, int]:
        """Add a frame and return where it lies: its first byte, and how many."""
        part = zlib.compress(encode(_brief(frame)), level=9)
        self._parts.append(part)
        self._bytes += len(part)
        return self._bytes - len(part), len(part)

    def base64(self) -> str:
        """Return all of them as text."""
        return b64encode(b"".join(self._parts)).decode()


def _brief(frame: Frame) -> Frame:
    """Return a frame whose numbers in double precision, which are only drawn, are in single."""
    arrays = {
        name: values.astype(np.float32) if values.dtype == np.float64 else values
        for name, values in frame.arrays.items()
    }
    return replace(frame, arrays=arrays)


def _add_replays(shelves: Sequence[_Shelf], store: _Frames, *, room: int) -> int:
    """Add replays in turns, two a cell, the plainest cells first, until the room is used; return how many."""
    turns = [(shelf, shelf.wanted()) for shelf in sorted(shelves, key=lambda shelf: _mixed(shelf.cell.at))]
    count = largest = 0
    while turns:
        for turn in tuple(turns):
            shelf, wanted = turn
            seeds = tuple(islice(wanted, 2))
            if not seeds:
                turns.remove(turn)
            for seed in seeds:
                if store.size + largest > room:
                    return count
                before = store.size
                replay = Replay(experiment=shelf.form, seed=seed, frames=MOMENTS)
                shelf.replays[seed] = store.add(_last(replay))
                largest = max(largest, store.size - before)
                count += 1
    return count


def _mixed(at: Sequence[int]) -> int:
    """Return how far a cell is from having none of the changes, or all: those a reader looks at first."""
    with_change = sum(option > 0 for option in at[1:])
    return min(with_change, len(at) - 1 - with_change)


def _last(question: Population | Replay) -> Frame:
    """Return the whole answer to a question."""
    *_, frame = answer(question, Limits())
    return frame
