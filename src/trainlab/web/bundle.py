"""The page's modules joined into one script, for a lesson that stands alone and for a notebook's widget.

It is no JavaScript parser: it relies on habits that tests/web/test_bundle.py holds the modules to. Imports
are whole statements of named things from a neighbour, exports begin a line, and no name stands at the top of
two modules, so that all of them can share one scope.
"""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

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
