"""What is made on the pages, blocks, pictures and whole pages; and how numbers and tables are written there.

A page holds blocks ``<!-- SOURCE: NAME -->`` … ``<!-- end -->``. The text between is made by the function
NAME of measure/SOURCE.py. Such a source has `BLOCKS`, its functions, and may have `carry_out(store=…)`,
whose results each of them is given, `pictures(results)`, the files of docs/pictures by name, and
`same(held, made)`, where other pages than equal ones are up to date. Sources of `WHOLE` have `made()`
instead: files by path, of what is kept of a measurement.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

from trainlab.draw import format_number
from trainlab.stats import Estimate, Rate

ROOT = Path(__file__).parents[1]
PICTURES = Path("docs/pictures")
BLOCK = re.compile(r"(<!-- (\w+): (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

WHOLE = ("benchmarks_page", "fidelity")
"""Sources of whole pages."""

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
    """Return the sources that the pages name, and those of whole pages, sorted."""
    return tuple(sorted({*used(pages().values()), *WHOLE}))


def load(source: str) -> ModuleType:
    """Return measure/SOURCE.py as a module."""
    return import_module(f"measure.{source}")


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
    """Return the pages and pictures that these sources make, as they should be, by path."""
    wanted = {
        path: render(text, results) for path, text in pages().items() if results.keys() & used([text]).keys()
    }
    for source, result in results.items():
        module = load(source)
        if source in WHOLE:
            wanted |= module.made()
        drawn: dict[str, str] = module.pictures(result) if hasattr(module, "pictures") else {}
        wanted |= {PICTURES / name: svg for name, svg in drawn.items()}
    return wanted


def stale(wanted: Mapping[Path, str], same: Callable[[str, str], bool] = str.__eq__) -> list[Path]:
    """Return the paths of files that are missing or out of date."""
    held = {path: _held(ROOT / path) for path in wanted}
    return [path for path, text in wanted.items() if (old := held[path]) is None or not same(old, text)]


def write(wanted: Mapping[Path, str]) -> list[Path]:
    """Write those that are missing or out of date, and return their paths."""
    old = stale(wanted)
    for path in old:
        (ROOT / path).write_text(wanted[path], encoding="utf-8")
    return old


def _carry_out(source: ModuleType, store: str | None) -> object:
    return source.carry_out(store=store) if hasattr(source, "carry_out") else None


def _make(source: ModuleType, name: str, result: object) -> str:
    makers: dict[str, Callable[..., str]] = {maker.__name__: maker for maker in source.BLOCKS}
    return makers[name](result) if hasattr(source, "carry_out") else makers[name]()


def _held(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


# Numbers and tables as the pages write them.


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, figures: bool = False) -> str:
    """Return a Markdown table; of `figures` all columns but the first end at the right."""
    others = "---:" if figures else "---"
    lines = [heads, ["---", *[others] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(value: Rate) -> str:
    """Return a share with its interval."""
    return f"{100 * value.estimate:.1f} % ({100 * value.low:.1f}–{100 * value.high:.1f})"


def under(value: float) -> str:
    """Return a difference that is rounding as a bound, the same on every machine; larger ones as they are."""
    return "less than 10⁻¹²" if abs(value) < 1e-12 else format_number(abs(value))


def cell(words: str) -> str:
    """Return words for a cell of a Markdown table, in which a bar would end it."""
    return words.replace("|", "\\|")


def chance(p: float) -> str:
    """Return a p-value."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def points(value: Estimate) -> str:
    """Return a difference of shares in points, without the word."""
    return str(value).replace(" points", "")


# The machine and the versions that figures belong to; no host names.


PACKAGES = ("trainlab", "numba", "numpy", "torch", "jax", "scikit-learn")


def machine() -> dict[str, Any]:
    """Return processor, cores, vector extensions, system, versions and the day."""
    flags = _cpuinfo("flags").split()
    return {
        "processor": _cpuinfo("model name") or platform.processor() or platform.machine(),
        "family": " ".join(_cpuinfo(name) for name in ("cpu family", "model")).strip(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "vectors": "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else platform.machine(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "date": datetime.now(UTC).date().isoformat(),
    }


def _cpuinfo(field: str) -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found = [line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == field]
    return found[0] if found else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
