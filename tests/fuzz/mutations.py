"""Valid inputs made wrong: bytes flipped, cut, doubled; values of trees replaced by others."""

from __future__ import annotations

import random
from copy import deepcopy
from typing import Any

TOKENS = (
    b"",
    b"\0",
    b"\n",
    b"\r",
    b'"',
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b"=",
    b",",
    b".",
    b"-",
    b"nan",
    b"1e999",
)
LONGER = (b"9" * 400, b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[31m", b"\xed\xa0\x80", b"\x00" * 64, b"[" * 3000)


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with one to four places changed."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        start = rng.randrange(len(data) + 1)
        stop = min(len(data), start + rng.choice((1, 1, 2, 4, 16, 200)))
        piece = data[start:stop]
        match rng.randrange(6):
            case 0:
                piece = bytes(byte ^ (1 << rng.randrange(8)) for byte in piece)
            case 1:
                piece = rng.randbytes(len(piece))
            case 2:
                piece = piece * 2
            case 3:
                piece = rng.choice(TOKENS + LONGER)
            case 4:
                piece = b""
            case _:
                piece, stop = b"", len(data) if rng.random() < 0.5 else stop
        data = data[:start] + piece + data[stop:]
    return data


def value(rng: random.Random) -> Any:
    """Return a value of JSON that is probably of the wrong type, or too large."""
    deep: Any = []
    for _ in range(rng.choice((1, 20, 200))):
        deep = [deep] if rng.random() < 0.5 else {"a": deep}
    return rng.choice(
        (
            *(
                None,
                True,
                False,
                0,
                1,
                -1,
                2,
                10**6,
                10**18,
                10**30,
                0.5,
                -0.0,
                1e308,
                float("nan"),
                float("inf"),
            ),
            *("", " ", "x", "none", "adam", "2-3-1", "a" * 5000, "\x1b[31m", "\u202e", "é", "1", "NaN", "\n"),
            *([], {}, [None], [[]], [1, "x"], {"name": "x"}, {"": {}}, [1] * 1000, deep),
        )
    )


def twisted(rng: random.Random, tree: Any) -> Any:
    """Return a copy of the tree with one to three of its values replaced, dropped, or put elsewhere."""
    tree = deepcopy(tree)
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = list(_places(tree))
        if not places:
            return value(rng)
        holder, key = rng.choice(places)
        match rng.randrange(5):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[rng.choice(("", "x", "name", str(key) + "x", "a.b", "\x1b"))] = holder.pop(key)
            case 2:
                other, there = rng.choice(places)
                holder[key] = deepcopy(other[there])
            case _:
                holder[key] = value(rng)
    return tree


def _places(tree: Any) -> Any:
    """Yield every container and key below it."""
    waiting = [tree]
    while waiting:
        holder = waiting.pop()
        items = (
            holder.items()
            if isinstance(holder, dict)
            else enumerate(holder)
            if isinstance(holder, list)
            else ()
        )
        for key, inner in items:
            yield holder, key
            waiting.append(inner)
