"""Which tests `scripts/test` runs: those without a marker, and of the expensive ones those named here.

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
from running import heavy_files, spread

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

HOLDING = (
    "cli/test_export.py",
    "cli/test_signals.py::test_each_command_while_it_loads",
    "diagnosis/test_rules.py::test_a_fault_is_found_and_blamed_first",
    "diagnosis/test_rules.py::test_what_is_said_of_a_fault_is_as_its_golden_copy",
    "diagnosis/test_rules.py::test_every_rule_has_a_training_that_it_finds",
    "diagnosis/test_torch_private.py::test_the_doctor_works_without_them[all]",
    "docs/test_architecture.py",
    "docs/test_code.py",
    "docs/test_json.py",
    "docs/test_site.py::test_every_page_is_there_and_the_first_one_is_readme",
    "docs/test_site.py::test_every_public_name_is_in_the_reference",
    "golden/test_golden_copies.py",
    "test_import.py",
    "test_typed_numbers.py",
    "test_without_torch.py::test_every_module_but_those_beside_pytorch_loads_without_it",
    "test_without_torch.py::test_commands_that_train_with_the_fast_engine_do_not_load_pytorch",
    "test_without_torch.py::test_commands_that_need_pytorch_say_so_in_a_line",
    "test_without_torch.py::test_functions_that_need_pytorch_say_so_in_a_line",
)
"""Files and functions that a change of structure or wording breaks: a landing is asked for all of them."""

CHOSEN = (
    "crash/test_kill.py::test_interrupted_it_stops_at_a_border_and_goes_on",
    "engine/test_agreement.py::test_float64_agrees_on_the_assignments_deep_network[tanh-mse]",
    "diagnosis/replay/test_keeper.py::test_the_script_prints_what_it_prints_alone[batches drawn by hand]",
    "diagnosis/script/test_runner.py::test_an_exception_after_three_steps",
    "studies/test_why_failed.py::test_processes_find_the_same",
    "callbacks/test_lightning.py::test_layers_in_a_list_are_named_with_the_users_line",
    "diagnosis/test_rules.py::test_it_learns_with_a_remedy[dead_relu]",
    "diagnosis/test_healthy.py::test_nothing_is_found[adam_mlp_digits.py]",
    "diagnosis/test_signed_targets.py::test_signs_are_healthy[tags]",
    "diagnosis/test_styles.py::test_a_style[scripted]",
    "store/test_flipped_bytes.py::test_a_flipped_store_answers_alike_or_it_is_said[36]",
    "studies/maps/test_fields.py::test_a_point_is_what_its_experiment_gives[schedule]",
    "budgets/test_count.py::test_1000_parameters_are_exact",
    "spec/test_fuzz.py::test_any_part_is_one_or_a_spec_error",
    "test_circles.py::test_circles_of_types_become_fewer",
    "test_circles.py::test_files_import_each_other_in_no_circle",
    "report/study/test_study_page.py::test_all_96_cells_stay_under_1_mb_and_their_accuracies_are_a_grid",
)
"""Some more, of most kinds, by their place below this folder."""

_HERE = Path(__file__).parent


def kinds_of(item: pytest.Item) -> set[str]:
    """Return what makes a test expensive; nothing if it isn't."""
    return {mark.name for mark in item.iter_markers()} & KINDS.keys()


def mark(items: Iterable[pytest.Item], *, whole_files: bool = True) -> None:
    """Give the tests of `WHOLE` their kind, and the marker `quick` to those that `scripts/test` runs."""
    places = {place: kind for kind, whole in WHOLE.items() for place in whole}
    named, met = {*HOLDING, *CHOSEN}, set[str]()
    for item in items:
        place = item.path.relative_to(_HERE) if item.path.is_relative_to(_HERE) else item.path
        if not kinds_of(item):
            for above in (place, *place.parents):
                if kind := places.get(above.as_posix()):
                    item.add_marker(kind)
        case = item.nodeid.partition("::")[2]
        names = {f"{place.as_posix()}{rest}" for rest in ("", f"::{case}", f"::{case.partition('[')[0]}")}
        met |= names
        if "slow" not in kinds_of(item) and (names & named or not kinds_of(item)):
            item.add_marker("quick")
    gone = [name for name in named if name.partition("::")[0] in met and name not in met]
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
    expensive, heavy = {item.path for item in items if kinds_of(item)}, heavy_files(items)
    first = spread([item for item in items if item.path in expensive], heavy)
    items[:] = [*first, *(item for item in items if item.path not in expensive)]
