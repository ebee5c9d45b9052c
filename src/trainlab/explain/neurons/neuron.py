"""``trainlab.explain.neuron``: what is a neuron, and what are many of them without activations?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from trainlab.errors import ExplainError
from trainlab.explain.neurons.answer import explain_experiment
from trainlab.explain.neurons.result import NeuronExplanation
from trainlab.explain.telling import OnProgress, OnSection, Populations, Telling
from trainlab.spec import Experiment, Study, any_study
from trainlab.spec.reading import named_cell

if TYPE_CHECKING:
    import torch

DEFAULT: Final = "xor44"
SEEDS: Final = 1000


def neuron(
    source: Study | Experiment | str | os.PathLike[str] | torch.nn.Module = DEFAULT,
    *,
    cell: str | None = None,
    inputs: Any = None,
    layer: int = 1,
    unit: int = 1,
    point: int | None = None,
    input: Any = None,  # noqa: A002
    seed: int = 0,
    trained: bool = True,
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> NeuronExplanation:
    """Take one neuron apart, and collapse its network's linear layers.

    `source` is an experiment, a study or its file or example (and `cell` which of its cells), or a live
    ``torch.nn.Module`` with a batch of `inputs` ``[examples, …]``. `layer`, `unit` and `point`, a data point
    or example, count from 1; `input` is an input of your own instead of a point. The weights are those of
    `seed` after its training, or as drawn. Populations are of `seeds` seeds; a module has none.

    Raises:
        ExplainError: no such layer, unit, point or seed; an input that isn't finite or doesn't fit; a module
            without linear layers, or one that can't be traced.
        SpecError: a study that can't be read, or no such cell.
    """
    telling = Telling(on_section=on_section)
    if isinstance(source, Experiment | Study | str | os.PathLike):
        if inputs is not None:
            raise ExplainError(
                "inputs: are for a torch.nn.Module; an experiment has its own data. Give input for an "
                "input of your own."
            )
        return explain_experiment(
            named_cell(any_study(source), cell).experiment,
            layer=layer,
            unit=unit,
            point=point,
            given=input,
            seed=seed,
            trained=trained,
            populations=Populations(
                seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
            ),
            telling=telling,
        )
    if not (hasattr(source, "named_modules") and hasattr(source, "forward")):
        raise ExplainError(
            f"source: is a {type(source).__name__}; give an Experiment, a Study, a file's name or a "
            "torch.nn.Module."
        )
    for name, value in (("cell", cell), ("input", input)):
        if value is not None:
            raise ExplainError(
                f"{name}: isn't for a torch.nn.Module; put the input into inputs, and give its point."
            )
    from trainlab.explain.neurons.answer_module import explain_module

    return explain_module(source, inputs, layer=layer, unit=unit, point=point, telling=telling)
