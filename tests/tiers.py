"""Which tests `scripts/test` runs, and what an unmarked test may cost.

A test that takes above a CPU second has the marker of what makes it expensive. `scripts/test` runs those
without one, and of each kind those named here: the marker `quick` is given to both.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from cpu_time import Costs

LIMIT = 1.0
"""CPU seconds of a test without a marker."""

KINDS = {
    "compiles": "has numba compile what isn't kept on disk, or units that few other tests need",
    "process": "starts processes",
    "trains": "trains networks",
    "computes": "counts, draws or searches at length: brute force, simulations, made-up input",
    "pages": "makes pages and figures of docs/",
    "slow": "takes minutes",
}

WHOLE: dict[str, str] = {
    "benchmarks/test_peaks.py": "compiles",
    "benchmarks/test_peers.py": "compiles",
    "cli/test_killed_study.py": "process",
    "crash": "process",
    "diagnosis/lift": "process",
    "diagnosis/remedies/test_faults_mended.py": "trains",
    "diagnosis/remedies/test_processes.py": "process",
    "diagnosis/seeds/test_command.py": "process",
    "diagnosis/seeds/test_lifted_runs.py": "process",
    "diagnosis/seeds/test_limits.py": "process",
    "diagnosis/test_try_command.py": "process",
    "docs/test_explanations.py": "pages",
    "docs/test_figures.py": "pages",
    "docs/test_json.py": "pages",
    "docs/test_maps.py": "pages",
    "docs/test_notebook.py": "pages",
    "docs/test_populations.py": "pages",
    "docs/test_site.py": "pages",
    "engine/test_agreement.py": "compiles",
    "explain/chains/test_agreement.py": "computes",
    "report/test_why_part.py": "trains",
    "studies/test_why_failed.py": "trains",
}
"""The kind of a folder's or file's tests, most of which are expensive."""

CHOSEN: dict[str, tuple[str, ...]] = {
    "compiles": (),
    "process": (),
    "trains": (),
    "computes": (),
    "pages": (),
}
"""Those of each kind that `scripts/test` runs too, by their place below this folder."""

_HERE = Path(__file__).parent


def kinds_of(item: pytest.Item) -> set[str]:
    """Return what makes a test expensive; nothing if it isn't."""
    return {mark.name for mark in item.iter_markers()} & KINDS.keys()


def mark(items: Iterable[pytest.Item]) -> None:
    """Give the tests of `WHOLE` their kind, and the marker `quick` to those that `scripts/test` runs."""
    for item in items:
        place = item.path.relative_to(_HERE) if item.path.is_relative_to(_HERE) else item.path
        if not kinds_of(item):
            for above in (place, *place.parents):
                if kind := WHOLE.get(above.as_posix()):
                    item.add_marker(kind)
        name = f"{place.as_posix()}::{item.nodeid.partition('::')[2]}"
        chosen_for = [kind for kind, names in CHOSEN.items() if name in names]
        if not set(chosen_for) <= kinds_of(item):
            raise pytest.UsageError(f"tests/tiers.py: {name} isn't marked {chosen_for[0]}")
        if chosen_for or not kinds_of(item):
            item.add_marker("quick")


class Guard(Costs):
    """Fails tests without a marker that cost more than `LIMIT`."""

    def pytest_sessionstart(self) -> None:
        """Before the first test."""
        self.leave_out_compilation()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Before each."""
        self.begin()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the pass of a test without a marker that cost too much into a failure."""
        report = yield
        if call.when == "call" and report.passed and not kinds_of(item):
            cost = self.of(item)
            if cost > LIMIT:
                report.outcome, report.longrepr = "failed", self._advice(item, cost)
        return report

    def _advice(self, item: pytest.Item, cost: float) -> str:
        kind = "pages" if "docs" in item.path.parts else "trains"
        if self.in_children > cost / 2:
            kind = "process"
        elif self.compiling > cost / 2:
            kind = "compiles"
        return (
            f"It took {cost:.1f} CPU seconds, and a test without a marker may take {LIMIT:g}: "
            f"let it ask for less, or mark it @pytest.mark.{kind}"
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of scripts/check."""
    parser.addoption("--strict-warnings", action="store_true", help="warnings are errors")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the guard where tests run."""
    for kind, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")
    config.addinivalue_line("markers", "quick: given to what scripts/test runs without arguments")
    if config.getoption("--strict-warnings"):
        # Before those of pyproject.toml, of which the last that fits counts.
        config.getini("filterwarnings").insert(0, "error")
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        config.pluginmanager.register(Guard(), "cpu seconds of tests")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests, and put the files with expensive ones first: two workers then end at the same time."""
    mark(items)
    expensive = {item.path for item in items if kinds_of(item)}
    items.sort(key=lambda item: item.path not in expensive)
