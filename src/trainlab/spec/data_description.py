"""What is predicted from what, in words and as plain data: users see what is learnt from their data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.spec.experiment import Experiment
from trainlab.spec.fields import name_of
from trainlab.spec.tasks import File, Points
from trainlab.tasks import Task

MAX_NAMED = 6
"""The most columns, or classes, that a sentence names."""

_LIKE_ID = re.compile(r"(?i:|id|index|row|nr|no|number|key|unnamed: 0|.*[_ -]id)|.*[a-z]I[dD]")


def data_words(experiment: Experiment) -> str:
    """Return what is predicted from what, as ``Predicting `ill` (no or yes) from `age` and `income`: …``.

    Nothing is said about trainlab's own tasks: their names say it.
    """
    task, data = experiment.task, experiment.data()
    if not isinstance(task, File | Points):
        return ""
    examples = f"{data.points:,} example{'s' * (data.points != 1)}"
    if data.held_out:
        examples = f"{examples} to learn from, {data.held_out:,} held out"
    classes = f" ({_some(data.class_names, mark='', last='or')})" if data.class_names else ""
    by_default = isinstance(task, File) and _by_default(task)
    last = ", the last column," if by_default and data.target_names else ""
    other = " Another is named with task.target." if by_default else ""
    return f"Predicting {_target(data, by_default)}{classes}{last} from {_inputs(data)}: {examples}.{other}"


def _by_default(task: File) -> bool:
    """Whether a file's last column is predicted for want of another word."""
    return not task.path.lower().endswith(".npz") and task.target is None and task.targets == ()


def data_notes(experiment: Experiment) -> tuple[str, ...]:
    """Return a warning for each input that looks like a row number, which identifies rows."""
    data = experiment.data()
    if not isinstance(experiment.task, File):
        return ()
    values = np.concatenate([data.inputs, data.held_out_inputs])
    return tuple(
        f"the input `{name}` has a different value in every row, as an id does: from it a network can learn "
        f"rows by heart. Leave it out with task.ignore = {column!r}."
        for index, (name, column) in enumerate(zip(data.feature_names, data.input_columns, strict=False))
        if _numbers_rows(column, values[:, index])
    )


def id_columns(experiment: Experiment) -> tuple[str | int, ...]:
    """Return the inputs that look like row numbers, as a study file names them."""
    data = experiment.data()
    values = np.concatenate([data.inputs, data.held_out_inputs])
    return tuple(
        column for index, column in enumerate(data.input_columns) if _numbers_rows(column, values[:, index])
    )


def _numbers_rows(column: str | int, values: npt.NDArray[np.float64]) -> bool:
    """Whether a column has the name of an id and unique values; without a name, whether it counts up."""
    if not len(np.unique(values)) == len(values) > 2:
        return False
    if isinstance(column, int):
        # As pandas writes its index; scaling keeps the steps equal.
        steps = np.diff(np.sort(values))
        return bool(np.allclose(steps, steps[0], rtol=1e-6))
    return _LIKE_ID.fullmatch(column.strip()) is not None


def data_dict(experiment: Experiment) -> dict[str, Any]:
    """Return what is predicted from what as plain data; names are empty where unknown."""
    data = experiment.data()
    return {
        "task": name_of(experiment.task),
        "kind": data.kind,
        "targets": list(data.target_names),
        "classes": list(data.class_names),
        "inputs": list(data.feature_names),
        "examples": data.points,
        "held_out": data.held_out,
        "words": data_words(experiment),
    }


def data_of(experiments: Sequence[Experiment]) -> list[dict[str, Any]]:
    """Return the `data_dict` of each data set of the experiments, once each, in order."""
    first = {(each.task, each.split): each for each in reversed(experiments)}
    return [data_dict(first[key]) for key in dict.fromkeys((each.task, each.split) for each in experiments)]


def _target(data: Task, by_default: bool) -> str:
    if data.target_names:
        return _some(data.target_names)
    return "the last column" if by_default else f"{data.outputs} target{'s' * (data.outputs != 1)}"


def _inputs(data: Task) -> str:
    if data.feature_names:
        return _some(data.feature_names)
    return "1 input" if data.features == 1 else f"{data.features:,} inputs"


def _some(names: Sequence[str], *, mark: str = "`", last: str = "and") -> str:
    """Return ``a, b and c``, or the first few names and how many more there are."""
    # Instead of "and 1 more", name that one.
    named = names if len(names) == MAX_NAMED + 1 else names[:MAX_NAMED]
    words = [f"{mark}{name}{mark}" for name in named]
    if len(named) < len(names):
        words.append(f"{len(names) - len(named):,} more")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
