"""Studies and experiments by the name of their file, or of an example; and cells by their names."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from trainlab.errors import SpecError, listing, nearest, shown
from trainlab.spec.change import unknown_name
from trainlab.spec.experiment import Experiment
from trainlab.spec.study import Cell, Study
from trainlab.spec.toml import any_study_from_toml, read_text, study_from_toml

_SCRIPT = "a script, not a study file. To see why it doesn't learn: trainlab doctor {name}"
_DATA = "data, not a study file. To write one for it: trainlab new --data {name} first.toml"
OTHER_FILES = {
    ".py": _SCRIPT,
    ".ipynb": _SCRIPT.replace("a script", "a notebook"),
    **dict.fromkeys((".csv", ".tsv", ".parquet", ".npz"), _DATA),
}
"""Files that can't be studies, by extension: what they are, and which command takes them."""

T = TypeVar("T", covariant=True)

EXAMPLES = ("xor44", "second_notebook")
"""Study files that come with the package and can be run by name."""


def load_study(spec: str | os.PathLike[str]) -> Study:
    """Read a study file, or the example of that name; errors begin with the name of the file."""
    return read_spec(spec, study_from_toml)


def any_study(spec: Study | Experiment | str | os.PathLike[str]) -> Study:
    """Return the study given: itself, a file's or an example's; an experiment is a study of one cell."""
    if isinstance(spec, Study):
        return spec
    return Study(baseline=spec) if isinstance(spec, Experiment) else read_spec(spec, any_study_from_toml)


class Reader(Protocol[T]):
    """A reader of study files: it takes the text, and the folder that paths in it are relative to."""

    def __call__(self, text: str, /, *, folder: Path) -> T:
        """Read the text; errors don't name the file."""
        ...


def read_spec(spec: str | os.PathLike[str], read: Reader[T]) -> T:
    """Return what `read` makes of the text of a file or an example; errors begin with the file's name."""
    if not isinstance(spec, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SpecError(
            f"study {shown(spec)}: must be a Study, an Experiment, the path of a study file, or an example's "
            "name."
        )
    path = Path(spec)
    if str(spec) in EXAMPLES and not os.path.exists(path):
        path = example_path(str(spec))
    if path.suffix.lower() in OTHER_FILES:
        raise SpecError(f"{spec}: is {what_it_is(str(spec))}")
    # Unlike Path.exists, it is false for a name that is too long.
    if not os.path.exists(path):
        _check_meant(path)
    text = read_text(path)
    try:
        # The shell's <(…) has no folder of its own.
        return read(text, folder=path.parent if path.is_file() else Path())
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def what_it_is(name: str) -> str:
    """Say what the file of this name is and which command takes it; nothing if it may be a study file."""
    words = OTHER_FILES.get(Path(name).suffix.lower(), "")
    return words.format(name=shlex.quote(name))


def _check_meant(path: Path) -> None:
    """Refuse a missing file whose name is close to that of an example or of a file beside it."""
    if len(path.parts) == 1 and path.suffix == ".toml" and path.stem in EXAMPLES:
        raise SpecError(
            f"{path}: no such file. The example of that name is run without the ending: {path.stem}"
        )
    meant = nearest(str(path), EXAMPLES) if not path.suffix and len(path.parts) == 1 else ""
    if meant:
        raise SpecError(f"{path}: no such file, nor an example of that name.{meant}")
    beside = path.with_suffix(".toml")
    if not path.suffix and path.name and os.path.isfile(beside):
        raise SpecError(f"{path}: no such file. Did you mean {str(beside)!r}?")


def example_path(name: str) -> Path:
    """Return the path of an example study file, in the installed package or in the source tree."""
    inside = Path(__file__).parent.parent / "examples" / f"{name}.toml"
    return inside if inside.exists() else Path(__file__).parents[3] / "examples" / f"{name}.toml"


def select_cells(plan: Study, only: Sequence[str]) -> list[Cell]:
    """Return the cells that `only` names, in the study's order; all cells if it is empty."""
    cells = list(plan.cells())
    if not only:
        return cells
    wanted: set[str] = set()
    for word in [only] if isinstance(only, str) else only:
        network, colon, changes = word.partition(":")
        names = [] if changes in ("", "none") else changes.split("+")
        if (network or not colon) and network not in plan.network_names:
            if not colon and set(network.split("+")) <= set(plan.change_names):
                raise SpecError(
                    f"network {shown(network)}: these are changes; with the first network they are "
                    f"':{network}', with another one '{plan.network_names[-1]}:{network}'."
                )
            raise unknown_name("network", network, list(plan.network_names))
        for name in names:
            if name not in plan.change_names:
                raise unknown_name("change", name, list(plan.change_names))
        wanted.update(
            cell.name
            for cell in cells
            if (not network or cell.network == network) and (not colon or set(cell.changes) == set(names))
        )
    return [cell for cell in cells if cell.name in wanted]


def named_cell(plan: Study, name: str | None) -> Cell:
    """Return one cell by its name, such as ``"Model 1:A+B"``; by default the first network without changes.

    ``":A+B"`` names that cell of the first network. Raises SpecError if the name matches no cell or several.
    """
    if name is None:
        return plan.cells()[0]
    cells = select_cells(plan, [name]) if name else []
    if len(cells) != 1 and not (cells and name.startswith(":")):
        some = listing([cell.name for cell in cells[:3]] or [plan.cells()[-1].name])
        raise SpecError(f"cell = {shown(name)}: means {len(cells)} cells; name one, as in {some}.")
    return cells[0]
