"""The lab without its server: lessons, which are pages by themselves, and a notebook's widget."""

from __future__ import annotations

import json
import re
import threading
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from trainlab.draw import counted, css
from trainlab.draw.svg import Html
from trainlab.errors import SpecError, TrainlabError, lacking
from trainlab.page.document import script_document
from trainlab.spec import Experiment, Study, with_values
from trainlab.studies.maps.question import Axis
from trainlab.web.answers import answer
from trainlab.web.experiment_forms import lab_address, page_form
from trainlab.web.frames import Frame, encode, error_frame, words_of
from trainlab.web.questions import Limits, Population, Replay, read_question
from trainlab.web.schema import schema

if TYPE_CHECKING:
    from anywidget import AnyWidget


# The page's modules joined into one script, for a lesson that stands alone and for a notebook's widget.
#
# It is no JavaScript parser: it relies on habits that tests/web/test_without_server.py holds the modules to.
# Imports are whole statements of named things from a neighbour, exports begin a line, and no name stands at
# the top of two modules, so that all of them can share one scope.


STATIC: Final = Path(__file__).with_name("static")

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)


def bundle(entry: str) -> str:
    """Return the module of that name with all that it imports before it, as one script without imports.

    Raises:
        ValueError: a module imports itself by way of others, or in another form than above.
    """
    needed = _needed(entry)
    order = TopologicalSorter(needed).static_order()
    return "\n".join(_joined(name) for name in order)


def _needed(entry: str) -> dict[str, list[str]]:
    """Return which modules each module imports, for all that `entry` needs."""
    needed: dict[str, list[str]] = {}
    left = [entry]
    while left:
        name = left.pop()
        if name not in needed:
            needed[name] = _IMPORT.findall(_source(name))
            left += needed[name]
    return needed


def _joined(name: str) -> str:
    script = _EXPORT.sub("", _IMPORT.sub("", _source(name)))
    for line in script.splitlines():
        if line.startswith(("import ", "export ")):
            raise ValueError(f"{name}.js: {line!r} can't be joined; write it as the other modules do.")
    return script


def _source(name: str) -> str:
    return (STATIC / f"{name}.js").read_text(encoding="utf-8")


# A lesson: a page that needs no server, with answers and replays that were computed beforehand.
#
# It is the lab's own page (the same modules, joined), and a link that looks answers up instead of asking for
# them. What it holds is said on it, and how to ask the rest.


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


# The lab as a notebook's widget: the same modules, answered by the kernel.


SEEDS = 256


def lab(experiment: Experiment | None = None, *, seed: int = 0, seeds: int = SEEDS) -> AnyWidget:
    """Return the lab as a widget: in a notebook, the last expression of a cell shows it.

    Its ``address`` is what the page of ``trainlab serve`` has behind its own address, so that what was found
    here opens there.

    Args:
        experiment: what it begins with; left out, the assignment's Model 1 with Adam and MSE.
        seed: the run that is looked at.
        seeds: how many seeds are asked.

    Raises:
        SpecError: `experiment` is none.
        TrainlabError: the extra isn't installed.
    """
    if experiment is not None and not isinstance(experiment, Experiment):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(
            f"experiment is {type(experiment).__name__}, but must be an Experiment: make one with "
            "Experiment.from_dict, or leave it out."
        )
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise TrainlabError(lacking("lab", "anywidget", extra="notebook")) from None

    class Lab(anywidget.AnyWidget):
        _esm = bundle("notebook") + "\nexport default { render: renderNotebook };\n"
        offered = traitlets.Dict(schema()).tag(sync=True)
        look = traitlets.Unicode(css(scope=":host") + (STATIC / "lab.css").read_text("utf-8")).tag(sync=True)
        address = traitlets.Unicode("#").tag(sync=True)

    address = "#" if experiment is None else lab_address(experiment, seed=seed, seeds=seeds).removeprefix("/")
    widget: Any = Lab(address=address)
    desks: dict[str, Desk] = {}

    def receive(_widget: object, message: dict[str, Any], _buffers: object) -> None:
        view = str(message.get("view"))
        if message.get("leave"):
            if view in desks:
                desks.pop(view).close()
            return
        if view not in desks:
            desks[view] = Desk(lambda frame: widget.send({"view": view}, [frame]))
        if "cancel" in message:
            desks[view].cancel(str(message["cancel"]))
        else:
            desks[view].ask(int(message["id"]), str(message["lane"]), message["question"])

    widget.on_msg(receive)
    return widget


class Desk:
    """Answers the questions of one page in a thread of its own: the newest of each lane, in their order."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: dict[str, tuple[int, object]] = {}
        self._newest: dict[str, int] = {}
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._work, daemon=True, name="trainlab lab").start()

    def ask(self, number: int, lane: str, question: object) -> None:
        """Answer a question; an older one of its lane is dropped."""
        with self._changed:
            self._newest[lane] = number
            self._waiting[lane] = (number, question)
            self._changed.notify()

    def cancel(self, lane: str) -> None:
        """Drop the question of a lane."""
        with self._changed:
            self._newest.pop(lane, None)
            self._waiting.pop(lane, None)

    def close(self) -> None:
        """Drop everything, and end the thread."""
        with self._changed:
            self._closed = True
            self._newest.clear()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return
                lane = next(iter(self._waiting))
                number, question = self._waiting.pop(lane)
            self._answer(number, lane, question)

    def _answer(self, number: int, lane: str, question: object) -> None:
        try:
            for frame in answer(read_question(msgspec.json.encode(question)), Limits()):
                if self._newest.get(lane) != number:
                    return
                self._send(encode(frame, id=number, lane=lane))
        except Exception as error:
            # The thread has to answer the next question, whatever became of this one.
            self._send(encode(error_frame(words_of(error)), id=number, lane=lane))
