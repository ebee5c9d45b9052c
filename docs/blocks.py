"""The blocks and pictures of the pages: which exist, and what should be in them.

A page holds blocks ``<!-- SOURCE: NAME -->`` … ``<!-- end -->``. The text between is made by the function
NAME of docs/SOURCE.py. Such a source has `BLOCKS`, its functions, and may have `carry_out(store=…)`, whose
results each of them is given, and `pictures(results)`, the files of docs/pictures by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
PICTURES = Path("docs/pictures")
BLOCK = re.compile(r"(<!-- (\w+): (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Results = Mapping[str, object]
"""What each source carried out, by the source's name; None where it carries out nothing."""


def pages() -> dict[Path, str]:
    """Return README and the pages of docs/ as they are, by path in the repository."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in paths}


def used(texts: Iterable[str]) -> dict[str, list[str]]:
    """Return the names of the blocks in the texts, by source, both sorted."""
    found = sorted((source, name) for text in texts for _, source, name, _ in BLOCK.findall(text))
    return {source: [name for other, name in found if other == source] for source, _ in found}


def sources() -> tuple[str, ...]:
    """Return the sources that the pages name, sorted."""
    return tuple(used(pages().values()))


def load(source: str) -> ModuleType:
    """Return docs/SOURCE.py as a module."""
    return import_module(f"docs.{source}")


def carry_out(names: Iterable[str], *, store: str | None) -> dict[str, object]:
    """Carry out what the named sources need, or read it from the store."""
    return {name: _carry_out(load(name), store) for name in names}


def render(page: str, results: Results) -> str:
    """Return the page with every block of these sources regenerated; KeyError names one without a maker."""

    def made(match: re.Match[str]) -> str:
        opening, source, name, end = match.groups()
        if source not in results:
            return match[0]
        return f"{opening}{_make(load(source), name, results[source])}\n{end}"

    return BLOCK.sub(made, page)


def files(results: Results) -> dict[Path, str]:
    """Return the pages with blocks of these sources, and their pictures, as they should be, by path."""
    wanted = {
        path: render(text, results) for path, text in pages().items() if results.keys() & used([text]).keys()
    }
    for source, result in results.items():
        module = load(source)
        drawn: dict[str, str] = module.pictures(result) if hasattr(module, "pictures") else {}
        wanted |= {PICTURES / name: svg for name, svg in drawn.items()}
    return wanted


def stale(wanted: Mapping[Path, str]) -> list[Path]:
    """Return the paths of files that are missing or out of date."""
    return [path for path, text in wanted.items() if _held(ROOT / path) != text]


def _carry_out(source: ModuleType, store: str | None) -> object:
    return source.carry_out(store=store) if hasattr(source, "carry_out") else None


def _make(source: ModuleType, name: str, result: object) -> str:
    makers: dict[str, Callable[..., str]] = {maker.__name__: maker for maker in source.BLOCKS}
    return makers[name](result) if hasattr(source, "carry_out") else makers[name]()


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
