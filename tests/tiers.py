"""Which tests `scripts/test` runs: those without a marker, and of each expensive kind those named here.

A test that takes above a second or two has the marker of what makes it expensive. The marker `quick` is given
to all that `scripts/test` runs.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterable
from pathlib import Path

import pytest
from forked import Popen

LIMIT = 3.0
"""CPU seconds above which a test without a marker is named in ``--cpu-times``: thrice what it may take."""

KINDS = {
    "compiles": "has numba compile parts of the kernel from their source",
    "process": "starts processes",
    "trains": "trains networks",
    "computes": "counts, draws or searches at length: brute force, simulations, made-up input",
    "pages": "makes whole pages: reports, the site of docs/, or what the code of pages prints",
    "slow": "takes minutes",
}

WHOLE: dict[str, tuple[str, ...]] = {
    "compiles": (
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
        "engine/test_vector_normal.py",
    ),
    "process": (
        "callbacks/test_without_libraries.py",
        "cli/test_killed_study.py",
        "crash",
        "diagnosis/lift",
        "diagnosis/remedies/test_replayed.py",
        "diagnosis/remedies/test_script_trials.py",
        "diagnosis/replay/test_harmless.py",
        "diagnosis/replay/test_keeper.py",
        "diagnosis/seeds/test_command.py",
        "diagnosis/seeds/test_lifted_runs.py",
        "diagnosis/seeds/test_limits.py",
        "diagnosis/script/test_endings.py",
        "diagnosis/script/test_left_open.py",
        "diagnosis/script/test_notebook.py",
        "diagnosis/script/test_runner.py",
        "diagnosis/remedies/test_try_command.py",
    ),
    "trains": (
        "callbacks/test_lightning.py",
        "callbacks/test_skorch.py",
        "callbacks/test_transformers.py",
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
        "docs/test_json.py",
        "docs/test_notebook.py",
        "docs/test_site.py",
    ),
}
"""The folders and files of which most tests are expensive, by kind."""

CHOSEN: dict[str, tuple[str, ...]] = {
    "compiles": ("engine/test_agreement.py::test_float64_agrees_on_the_assignments_deep_network[tanh-mse]",),
    "process": (
        "crash/test_kill.py::test_interrupted_it_stops_at_a_border_and_goes_on",
        "diagnosis/replay/test_keeper.py::test_the_script_prints_what_it_prints_alone[batches drawn by hand]",
        "diagnosis/script/test_runner.py::test_an_exception_after_three_steps",
        "studies/test_why_failed.py::test_processes_find_the_same",
    ),
    "trains": (
        "callbacks/test_lightning.py::test_layers_in_a_list_are_named_with_the_users_line",
        "diagnosis/test_rules.py::test_it_learns_with_a_remedy[dead_relu]",
        "diagnosis/test_healthy.py::test_nothing_is_found[adam_mlp_digits.py]",
        "diagnosis/test_rules.py::test_a_fault_is_found_and_blamed_first[missing_zero_grad]",
        "diagnosis/test_signed_targets.py::test_signs_are_healthy[tags]",
        "diagnosis/test_styles.py::test_a_style[scripted]",
        "diagnosis/test_rules.py::test_what_is_said_of_a_fault_is_as_its_golden_copy[dead_relu]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copy[explain_neuron_of_an_experiment]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copy[race]",
        "golden/test_golden_copies.py::test_a_result_is_as_its_golden_copy[study]",
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


class CpuTimes:
    """Writes down what each test costs, with the fixtures that it is the first to ask for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Append CPU seconds, the test, and what is odd about it: nobody fails for a busy processor."""
        start = sum(os.times()[:4]) + Popen.seconds
        result = yield
        cost = sum(os.times()[:4]) + Popen.seconds - start
        odd = "\tneeds less, or a marker" if cost > LIMIT and not kinds_of(item) else ""
        with open(self._file, "a", encoding="utf-8") as file:
            file.write(f"{cost:.2f}\t{item.nodeid}{odd}\n")
        return result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of scripts/check, and the one that tells which tests are the slowest."""
    parser.addoption("--as-checked", action="store_true", help="warnings are errors")
    parser.addoption("--cpu-times", help="append each test's CPU seconds to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and where tests run what writes down their times."""
    for kind, meaning in KINDS.items():
        config.addinivalue_line("markers", f"{kind}: {meaning}")
    config.addinivalue_line("markers", "quick: given to what scripts/test runs without arguments")
    if config.getoption("--as-checked"):
        # Before those of pyproject.toml, of which the last that fits counts.
        config.getini("filterwarnings").insert(0, "error")
    times = config.getoption("--cpu-times")
    if times and (hasattr(config, "workerinput") or config.getoption("dist", "no") == "no"):
        config.pluginmanager.register(CpuTimes(Path(times).absolute()), "cpu seconds of tests")


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays to the end: thousands of tests and all that they imported."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests, and put the files with expensive ones first: the workers then end at the same time."""
    mark(items, whole_files=not any("::" in argument for argument in config.args))
    expensive = {item.path for item in items if kinds_of(item)}
    items.sort(key=lambda item: item.path not in expensive)
