"""How much of the server a visitor may have, and how many visitors there may be: every limit of the lab."""

from __future__ import annotations

from dataclasses import dataclass


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
