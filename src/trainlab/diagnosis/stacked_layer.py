"""The line on which a layer of an `nn.Sequential` is made, and that line without it."""

from __future__ import annotations

import ast
import linecache
import re
from os.path import basename

from trainlab.diagnosis.site import Site


def line_without(site: Site, kind: str, place: int | None = None) -> tuple[int, str, str] | None:
    """Return number and text of the line with a layer of a kind in the site's file, and without it.

    The new line is empty if there was nothing else on it. None where the file isn't known, or makes no such
    layer in a ``Sequential(…)``; of several it is the one that stands there in this place, counted from 0.
    """
    lines = _lines(site)
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):
        return None
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    made = [one for one in calls if called_name(one) == kind]
    stacks = [one.args for one in calls if called_name(one) == "Sequential"]
    if len(made) > 1 and place is not None:
        # Behind a star no place is known.
        known = [args[: place + 1] for args in stacks if not any(isinstance(a, ast.Starred) for a in args)]
        made = [args[place] for args in known if len(args) > place and args[place] in made]
    if len(made) != 1 or not any(made[0] in args for args in stacks):
        return None
    layer = made[0]
    if layer.end_col_offset is None or layer.end_lineno != layer.lineno:
        return None
    # The columns of `ast` count bytes.
    raw = lines[layer.lineno - 1].encode()
    before, after = (part.decode() for part in (raw[: layer.col_offset], raw[layer.end_col_offset :]))
    left = re.sub(r",\s*$", "", before) if "," in before else before
    right = after if left != before else re.sub(r"^\s*,\s*", "", after)
    return layer.lineno, lines[layer.lineno - 1].strip(), f"{left}{right}".strip()


def _lines(site: Site) -> list[str]:
    """Return the lines of the file, whose folder a site doesn't have, as Python read them for the site."""
    known = [linecache.getlines(path) for path in list(linecache.cache) if basename(path) == site.file]
    same = [lines for lines in known if "".join(lines[site.line - 1 : site.line]).strip() == site.text]
    return same[0] if len(same) == 1 else []


def called_name(call: ast.Call) -> str:
    """Return ``Linear`` of ``nn.Linear(…)`` and of ``Linear(…)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
