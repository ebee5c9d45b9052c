"""Which tests `scripts/test` runs, and what an unmarked test may cost.

A test that takes above a CPU second has the marker of what makes it expensive. `scripts/test` runs those
without one, and of each kind those named here: the marker `quick` is given to both.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterable
from contextlib import suppress
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from cpu_time import Costs, usual_seconds

LIMIT = 1.0
"""CPU seconds of a test without a marker, on the usual machine."""

KINDS = {
    "compiles": "has numba compile what isn't kept on disk, or units that few other tests need",
    "process": "starts processes",
    "trains": "trains networks",
    "computes": "counts, draws or searches at length: brute force, simulations, made-up input",
    "pages": "makes whole pages: reports, those of docs/ with their figures, or what their code prints",
    "slow": "takes minutes",
}

WHOLE: dict[str, tuple[str, ...]] = {
    "compiles": (
        "benchmarks/test_peaks.py",
        "benchmarks/test_peers.py",
        "engine/test_agreement.py",
        "engine/test_bits.py",
        "engine/test_checked.py",
        "engine/test_custom_loss.py",
        "engine/test_divergence.py",
        "engine/test_draws.py",
        "engine/test_layers.py",
        "engine/test_layerwise.py",
        "engine/test_losses.py",
        "engine/test_stopping.py",
        "engine/test_updates.py",
        "engine/test_vector.py",
        "engine/test_vector_bits.py",
        "engine/test_vector_log.py",
        "engine/test_vector_maths.py",
        "engine/test_vector_normal.py",
        "engine/test_vector_sin.py",
    ),
    "process": (
        "callbacks/test_without_libraries.py",
        "cli/test_killed_study.py",
        "crash",
        "diagnosis/lift",
        "diagnosis/remedies/test_script_trials.py",
        "diagnosis/seeds/test_command.py",
        "diagnosis/seeds/test_lifted_runs.py",
        "diagnosis/seeds/test_limits.py",
        "diagnosis/script/test_endings.py",
        "diagnosis/script/test_notebook.py",
        "diagnosis/script/test_runner.py",
        "diagnosis/remedies/test_try_command.py",
    ),
    "trains": (
        "callbacks/test_lightning.py",
        "callbacks/test_skorch.py",
        "callbacks/test_transformers.py",
        "diagnosis/remedies/test_faults_mended.py",
        "diagnosis/test_clipped_logits.py",
        "diagnosis/test_derivatives.py",
        "diagnosis/in_process/test_doctor_function.py",
        "diagnosis/test_healthy.py",
        "diagnosis/test_rules.py",
        "diagnosis/test_signed_targets.py",
        "diagnosis/test_styles.py",
        "diagnosis/test_xor.py",
        "engine/test_torch_bits.py",
        "golden/test_golden_copies.py",
        "report/study/test_why_failed_part.py",
        "studies/test_why_failed.py",
    ),
    "computes": ("explain/chain_rule/test_agreement.py",),
    "pages": (
        "docs/test_explanations.py",
        "docs/test_json.py",
        "docs/test_maps.py",
        "docs/test_notebook.py",
        "docs/test_populations.py",
        "docs/test_site.py",
    ),
}
"""The folders and files of which most tests are expensive, by kind."""

CHOSEN: dict[str, tuple[str, ...]] = {
    "compiles": ("engine/test_agreement.py::test_float64_agrees_on_the_assignments_deep_network[tanh-mse]",),
    "process": (
        "crash/test_kill.py::test_interrupted_it_stops_at_a_border_and_goes_on",
        "diagnosis/script/test_runner.py::test_an_exception_after_three_steps",
        "studies/test_why_failed.py::test_processes_find_the_same",
        "test_tiers.py::test_an_unmarked_test_above_a_cpu_second_fails[call-trains]",
    ),
    "trains": (
        "callbacks/test_lightning.py::test_layers_in_a_list_are_named_with_the_users_line",
        "diagnosis/remedies/test_faults_mended.py::test_it_learns_with_a_remedy[dead_relu]",
        "diagnosis/test_healthy.py::test_nothing_is_found[adam_mlp_digits.py]",
        "diagnosis/test_rules.py::test_a_fault_is_found_and_blamed_first[missing_zero_grad]",
        "diagnosis/test_signed_targets.py::test_signs_are_healthy[tags]",
        "diagnosis/test_styles.py::test_a_style[scripted]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copies[explain_neuron_of_an_experiment]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copies[fault_dead_relu]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copies[race]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copies[study]",
        "store/test_flipped_bytes.py::test_a_flipped_store_answers_alike_or_it_is_said[36]",
        "studies/maps/test_fields.py::test_a_point_is_what_its_experiment_gives[schedule]",
    ),
    "computes": (
        "budgets/test_count.py::test_1000_parameters_are_exact",
        "spec/test_fuzz.py::test_any_part_is_one_or_a_spec_error",
        "test_circles.py::test_circles_of_types_become_fewer",
        "test_circles.py::test_files_import_each_other_in_no_circle",
    ),
    "pages": (
        "docs/test_code.py::test_the_page_runs[docs/race.md]",
        "report/study/test_study_page.py::test_all_96_cells_stay_under_1_mb_and_their_accuracies_are_a_grid",
    ),
}
"""Those of each kind that `scripts/test` runs too, by their place below this folder."""

_HERE = Path(__file__).parent


def kinds_of(item: pytest.Item) -> set[str]:
    """Return what makes a test expensive; nothing if it isn't."""
    return {mark.name for mark in item.iter_markers()} & KINDS.keys()


def mark(items: Iterable[pytest.Item], *, whole_files: bool = True) -> None:
    """Give the tests of `WHOLE` their kind, and the marker `quick` to those that `scripts/test` runs."""
    places = {place: kind for kind, whole in WHOLE.items() for place in whole}
    chosen = {name: kind for kind, names in CHOSEN.items() for name in names}
    met: set[str] = set()
    for item in items:
        place = item.path.relative_to(_HERE) if item.path.is_relative_to(_HERE) else item.path
        if not kinds_of(item):
            for above in (place, *place.parents):
                if kind := places.get(above.as_posix()):
                    item.add_marker(kind)
        name = f"{place.as_posix()}::{item.nodeid.partition('::')[2]}"
        met |= {name, place.as_posix()}
        if name in chosen and chosen[name] not in kinds_of(item):
            raise pytest.UsageError(f"tests/tiers.py: {name} isn't marked {chosen[name]}")
        if name in chosen or not kinds_of(item):
            item.add_marker("quick")
    gone = [name for name in chosen if name.partition("::")[0] in met and name not in met]
    if gone and whole_files:
        raise pytest.UsageError(f"tests/tiers.py: there is no test {gone[0]}")


class Guard(Costs):
    """If `strict`, fails tests without a marker that twice cost more than `LIMIT`; writes down costs."""

    def __init__(self, *, strict: bool, times: Path | None) -> None:
        super().__init__()
        self._strict, self._times = strict, times
        self._too_dear = False

    def pytest_sessionstart(self) -> None:
        """Before the first test: load what PyTorch loads with its first error, so that no test pays."""
        with suppress(ImportError):
            import torch._dynamo  # noqa: F401
        self.leave_out_compilation()
        self.leave_out_garbage()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run a test that costs too much once more: the first time pays for what is loaded once."""
        if not self._strict or kinds_of(item):
            return None
        self._too_dear = False
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if self._too_dear:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Before each."""
        self.begin()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the pass of a test without a marker that cost too much into a failure."""
        report = yield
        if call.when == "call":
            cost = self.of(item)
            if self._times:
                with open(self._times, "a", encoding="utf-8") as file:  # tests replace Path.open
                    file.write(f"{cost:.2f}\t{item.nodeid}\n")
            if self._strict and cost > LIMIT and report.passed and not kinds_of(item):
                self._too_dear = (usual := usual_seconds(cost)) > LIMIT
                if self._too_dear:
                    kind = self._kind(item, cost)
                    report.outcome, report.longrepr = "failed", _advice(usual, kind)
        return report

    def _kind(self, item: pytest.Item, cost: float) -> str:
        if self.in_children > cost / 2:
            return "process"
        if self.compiling > cost / 2:
            return "compiles"
        return "pages" if "docs" in item.path.parts else "trains"


def _advice(cost: float, kind: str) -> str:
    return (
        f"It took {cost:.1f} CPU seconds, and a test without a marker may take {LIMIT:g}: "
        f"let it ask for less, or mark it @pytest.mark.{kind}"
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of scripts/check, and the one that tells which tests are the slowest."""
    parser.addoption(
        "--as-checked",
        action="store_true",
        help="warnings are errors, and so is a test without a marker that costs too much",
    )
    parser.addoption("--cpu-times", help="append each test's CPU seconds to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the guard where tests run."""
    for kind, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")
    config.addinivalue_line("markers", "quick: given to what scripts/test runs without arguments")
    strict = config.getoption("--as-checked")
    if strict:
        # Before those of pyproject.toml, of which the last that fits counts.
        config.getini("filterwarnings").insert(0, "error")
    if hasattr(config, "workerinput") or config.getoption("dist", "no") == "no":
        times = config.getoption("--cpu-times")
        guard = Guard(strict=strict, times=times and Path(times).absolute())
        config.pluginmanager.register(guard, "cpu seconds of tests")


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays to the end: thousands of tests and all that they imported."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests, and put the files with expensive ones first: two workers then end at the same time."""
    mark(items, whole_files=not any("::" in argument for argument in config.args))
    expensive = {item.path for item in items if kinds_of(item)}
    items.sort(key=lambda item: item.path not in expensive)
