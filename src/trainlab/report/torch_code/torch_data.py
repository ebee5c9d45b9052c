"""The examples of a cell's script: written out where they are few, read from a file where they are many."""

from __future__ import annotations

import textwrap

import numpy as np
import numpy.typing as npt

from trainlab.spec import Experiment, Points, name_of

MAX_NUMBERS = 1500
WIDTH = 100


def fits(experiment: Experiment) -> bool:
    """Return whether the examples are written in the script: they are few, or the experiment's own."""
    data = experiment.data()
    return (
        isinstance(experiment.task, Points)
        or (data.points + data.held_out) * (data.features + data.outputs) <= MAX_NUMBERS
    )


def data_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make the tensors of the examples, those held out too."""
    data = experiment.data()
    arrays = {"inputs": data.inputs, "targets": data.targets}
    if data.held_out:
        arrays |= {"held_out_inputs": data.held_out_inputs, "held_out_targets": data.held_out_targets}
    if fits(experiment):
        return [line for name, array in arrays.items() for line in _tensor(name, array)] + [""]
    file = f"{name_of(experiment.task)}.npz"
    each = ", ".join(f"{name}=data.{name}" for name in arrays)
    wrapped = textwrap.wrap(
        f'numpy.savez("{file}", {each})', WIDTH, initial_indent="#   ", subsequent_indent="#       "
    )
    return [
        f"# These are {data.points + data.held_out:,} examples, too many to write here. Save them once with",
        "# trainlab, split and scaled as the experiment has them:",
        "#   data = experiment.data()",
        *wrapped,
        f'saved = np.load("{file}")',
        *(f'{name} = torch.tensor(saved["{name}"], dtype=torch.float32)' for name in arrays),
        "",
    ]


def _tensor(name: str, array: npt.NDArray[np.float64]) -> list[str]:
    rows = array.tolist()
    line = f"{name} = torch.tensor({rows!r})"
    if len(line) <= WIDTH:
        return [line]
    body = [
        piece
        for row in rows
        for piece in textwrap.wrap(f"{row!r},", WIDTH, initial_indent="    ", subsequent_indent="     ")
    ]
    return [f"{name} = torch.tensor([", *body, "])"]
