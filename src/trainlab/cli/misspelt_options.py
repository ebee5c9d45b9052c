"""Misspelt options: which one is meant, and those that would slip through to a user's script unseen."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import takewhile

from trainlab.cli.options import UsageError

_NUMBER = re.compile(r"-\.?[0-9].*")
_DASHES = ("–", "—")
"""What word processors and web pages turn hyphens into."""


def near_option(word: str, options: Mapping[str, bool]) -> str:
    """Return the option that a word is one edit away from, or an empty string.

    An edit leaves out, adds or changes one character, or swaps two neighbours. ``--n`` is meant for ``-n``,
    but not ``-m``: every one-letter option is as near to it as any other.
    """
    name = word.split("=", 1)[0]
    plain = re.sub("^[–—]+", lambda dashes: "-" if len(name) == 2 and dashes[0] == "–" else "--", name)
    if plain != name and plain in options:
        return plain
    for option in options:
        if len(option) == 2:
            if plain.replace("--", "-") == option:
                return option
        elif len(plain) > 2 and _one_edit(plain, option):
            return option
    return ""


def check_passed_on(command: str, words: Sequence[str], options: Mapping[str, bool]) -> None:
    """Refuse an argument that the script would get, but that looks like a misspelt option of the command.

    `words` are all that follows the command's name. Whatever follows ``--`` goes to the script.
    """
    words = words[: words.index("--")] if "--" in words else words
    script_named, is_value = False, False
    for place, word in enumerate(words):
        name = word.split("=", 1)[0]
        if is_value or name in options:
            is_value = not is_value and options.get(name, False) and "=" not in word
            continue
        if not word.startswith(("-", *_DASHES)) or _NUMBER.fullmatch(word):
            script_named = True
            continue
        meant = near_option(word, options)
        if meant:
            value = [other for other in words[place + 1 : place + 2] if not other.startswith("-")]
            script_follows = any(not other.startswith("-") for other in words[place + 2 :])
            if "=" in word or not (script_named or script_follows):
                value = []
            rest = [*words[:place], *words[place + 1 + len(value) :]]
            passed = shlex.join([*rest, "--", word, *value])
            raise UsageError(
                f"{name}: trainlab {command} has no such option. Did you mean {meant}? If it is for the "
                f"script, write -- before it: trainlab {command} {passed}"
            )


def _one_edit(word: str, other: str) -> bool:
    """Whether one letter left out, added, changed, or swapped with its neighbour makes one of the other."""
    if word == other:
        return False
    start = sum(takewhile(bool, (a == b for a, b in zip(word, other, strict=False))))
    rest, goal = word[start:], other[start:]
    swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == goal
    return rest[1:] == goal[1:] or rest[1:] == goal or rest == goal[1:] or swapped
