"""Questions: what a page may ask, one struct each, decoded strictly; and how much: every limit of the lab.

A message from the page is JSON text, ``{"id": 7, "lane": "answer", "question": {"ask": "population", …}}``. A
newer question of a lane takes the place of an older one. An experiment is plain data, as in a study file;
`experiment_of` reads it and refuses what a visitor mustn't ask: files of the server, and more than the
limits allow."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast, get_args

import msgspec
from msgspec import Meta

from trainlab.errors import SpecError
from trainlab.spec.checks import check_choice
from trainlab.spec.decode import decode_value, unknown_field
from trainlab.spec.fields import field_types, readable

Seed = Annotated[int, Meta(ge=0, le=2**53 - 1)]
"""Whole numbers that JavaScript holds exactly."""
Count = Annotated[int, Meta(ge=1, le=100_000)]
Path = Annotated[str, Meta(min_length=1, max_length=100)]
Data = dict[str, Any]
"""An experiment as plain data."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="ask"):
    """What all questions share."""


class Population(Question, frozen=True, kw_only=True, tag="population"):
    """How often is it solved, on these seeds, and how do its runs go?"""

    experiment: Data
    first_seed: Seed = 0
    seeds: Count = 256


class Why(Question, frozen=True, kw_only=True, tag="why"):
    """What do the doctor's rules blame of the unsolved runs? The first `runs` of them are looked into.

    As many solved runs are looked into beside them. It takes a second or two for each.
    """

    experiment: Data
    first_seed: Seed = 0
    seeds: Count = 256
    runs: Annotated[int, Meta(ge=1, le=20)] = 6


class Compare(Question, frozen=True, kw_only=True, tag="compare"):
    """What does B do that A doesn't, on the same seeds?"""

    a: Data
    b: Data
    first_seed: Seed = 0
    seeds: Count = 256


class Replay(Question, frozen=True, kw_only=True, tag="replay"):
    """How did one run go, from its first step or any other?

    At most `frames` moments between the steps `start` and `stop` (counted from 0, the initial weights; left
    out, all of the training), evenly spaced, both ends among them; every step where they are few enough.
    """

    experiment: Data
    seed: Seed = 0
    start: Seed = 0
    stop: Seed | None = None
    frames: Annotated[int, Meta(ge=2, le=1000)] = 240


class Axis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An axis of the plane: a field's path, as ``optimizer.lr``, or ``epochs``, and its values in order."""

    path: Path
    values: Annotated[tuple[float, ...], Meta(min_length=1, max_length=64)]


class Plane(Question, frozen=True, kw_only=True, tag="plane"):
    """How often is it solved around here? `cells` are places (x, y) in the plane of the two axes."""

    experiment: Data
    x: Axis
    y: Axis
    cells: Annotated[tuple[tuple[int, int], ...], Meta(min_length=1, max_length=64)]
    first_seed: Seed = 0
    seeds: Count = 32


class Microscope(Question, frozen=True, kw_only=True, tag="microscope"):
    """The chain rule at one step of one run: one example, one weight, every path from it to the loss.

    `step` counts the steps made before; `point` the examples, from 1; `weight` is ``w2[1,3]`` or ``b2[1]``.
    """

    experiment: Data
    seed: Seed = 0
    step: Seed = 0
    point: Annotated[int, Meta(ge=1)] = 1
    weight: Path | None = None


class WhySeed(Question, frozen=True, kw_only=True, tag="why-seed"):
    """Why did this run fail? What its record says at once, then what the doctor finds."""

    experiment: Data
    seed: Seed = 0


class Rates(Question, frozen=True, kw_only=True, tag="rates"):
    """Which learning rates work (a range test), and what does the schedule make of them?"""

    experiment: Data
    first_seed: Seed = 0


class Budget(Question, frozen=True, kw_only=True, tag="budget"):
    """Which other networks have just as many parameters?"""

    experiment: Data
    parameters: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class TakeAway(Question, frozen=True, kw_only=True, tag="take-away"):
    """The experiment as a file: a script for PyTorch, a study file, its answer's JSON, or the report."""

    experiment: Data
    form: Literal["pytorch", "toml", "json", "html"]
    first_seed: Seed = 0
    seeds: Count = 256


class Exercise(Question, frozen=True, kw_only=True, tag="exercise"):
    """What is the truth about an exercise of the course?"""

    number: Annotated[int, Meta(ge=1)]


Asked = (
    Population | Why | Compare | Replay | Plane | Microscope | WhySeed | Rates | Budget | TakeAway | Exercise
)


def read_question(given: bytes | msgspec.Raw) -> Asked:
    """Read a question from JSON.

    Raises:
        SpecError: it can't be read; one line names the field, its value and what is allowed.
        msgspec.MsgspecError: it isn't JSON.
    """
    try:
        return msgspec.json.decode(given, type=Asked)
    except msgspec.ValidationError as error:
        plain = msgspec.json.decode(given)
        _blame(plain)
        raise SpecError(readable(error, "", plain)) from None


def _blame(given: object) -> None:
    """Refuse what can't be read, in trainlab's own words."""
    if not isinstance(given, dict):
        raise SpecError('question: must be an object with its kind as "ask".')
    fields = cast("dict[str, Any]", given)
    kinds = {str(kind.__struct_config__.tag): kind for kind in get_args(Asked)}
    asked = fields.get("ask", "")
    check_choice("ask", asked if isinstance(asked, str) else "", kinds)
    known, types = msgspec.structs.fields(kinds[asked]), field_types(kinds[asked])
    for name in fields:
        if name not in ("ask", *types):
            raise unknown_field("", name, [field.name for field in known])
    for field in known:
        if field.name in fields:
            decode_value(types[field.name], fields[field.name], where=field.name)
        elif field.required:
            raise SpecError(f"{field.name}: this field is required.")


# Whether anybody still waits for an answer: what takes long asks between its parts, and ends if nobody does.
#
# A worker says how that is known; elsewhere, as in lessons and notebooks, every answer is wanted.


class GivenUpError(Exception):
    """Nobody waits for this answer any more."""


def _always() -> bool:
    return True


_wanted: ContextVar[Callable[[], bool]] = ContextVar("wanted", default=_always)


@contextmanager
def while_wanted(wanted: Callable[[], bool]) -> Generator[None]:
    """Have `check_wanted` ask `wanted` inside the block."""
    before = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(before)


def check_wanted() -> None:
    """Return if somebody still waits for the answer that is being made.

    Raises:
        GivenUpError: nobody does.
    """
    if not _wanted.get()():
        raise GivenUpError


# How much of the server a visitor may have, and how many visitors there may be.


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Every limit, in one place; errors name the one that was met."""

    visitors: int = 50
    """Open pages at once: a class. On two cores each then gets an answer within some seconds."""
    message_bytes: int = 64_000
    """Of one message from a page. An experiment with a thousand points of one's own fits."""
    messages_a_second: int = 200
    """Of one page. A hand that drags a knob sends at most as many as the screen has pictures a second."""
    bad_messages: int = 20
    """After so many that can't be read, a page is no page of ours, and its socket is closed."""
    seeds: int = 1024
    """Of one question: a share to ±3 percentage points, and what the fast engine trains as one chunk."""
    parameters: int = 20_000
    """Of one network. Beyond it a population takes minutes, and no picture of the network can be read."""
    examples: int = 10_000
    """Of one task, generated or one's own."""
    work: int = 10_000_000_000
    """Examples that are read × seeds × parameters, of one question: some ten seconds of one core."""
    seconds: float = 60.0
    """Of one question, from when a worker begins it. Only a slow machine comes here: `work` comes first."""
    stop_seconds: float = 10.0
    """How long a worker may go on with a question that nobody waits for any more, before it is killed. The
    longest part of an answer, a run under the doctor's eyes, takes a second or two, several times that on a
    busy machine; to start another worker takes longer, and what this one had made ready would be lost."""
    request_seconds: float = 10.0
    """How long a connection may take to send a whole request, before it is closed."""
    frame_bytes: int = 16_000_000
    """Of one frame: a replay of a thousand moments of a network of a thousand parameters."""
    frames_a_second: int = 30
    """To one page: more, nobody sees."""
    waiting_bytes: int = 32_000_000
    """Of frames that a page has yet to read. Each lane holds one at most, so only a page that has stopped
    reading in the midst of many large answers comes here; it is closed."""
    reader_seconds: float = 20.0
    """How long a page may take to read a frame before it is closed."""
    idle_minutes: float = 30.0
    """Without a message from a page, before its place is given free."""
