"""The arguments of a user's script in what is kept: only how many, unless he asks for them.

One of them may be a token or a password, and reports, pages and files of runs are passed on.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Sequence

HIDDEN = "…"
_ROUNDS = 100_000
"""As many as make it slow to try passwords one by one; they take some 50 ms."""


def told(arguments: Sequence[str], *, keep: bool) -> list[str]:
    """Return them for JSON: as they are, or ``…`` for each.

    >>> told(["--token", "X"], keep=False)
    ['…', '…']
    """
    return list(arguments) if keep else [HIDDEN] * len(arguments)


def in_words(told_ones: Sequence[str]) -> str:
    """Say what `told` has.

    >>> in_words(["…", "…"])
    '2 given; --keep-arguments keeps them'
    """
    if set(told_ones) == {HIDDEN}:
        return f"{len(told_ones)} given; --keep-arguments keeps them"
    return shlex.join(told_ones)


def sealed(arguments: Sequence[str], seal: str = "") -> str:
    """Return what tells whether other arguments are the same, but not what these are; empty for none.

    Args:
        arguments: the script's own.
        seal: what they may have given before: the same comes out only if they are the same.
    """
    if not arguments:
        return ""
    salt = seal.partition(":")[0] or os.urandom(16).hex()
    whole = "\0".join(arguments).encode("utf-8", "surrogateescape")
    return f"{salt}:{hashlib.pbkdf2_hmac('sha256', whole, salt.encode(), _ROUNDS).hex()}"
