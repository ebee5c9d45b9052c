"""``trainlab.explain.neuron``: what is a neuron, and what are many of them without activations?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from trainlab.explain.common.options import (
    check_cell,
    check_seed,
    check_source,
    check_yes_or_no,
    only_for_experiments,
    only_for_modules,
    populations_of,
)
from trainlab.explain.common.populations import OnProgress
from trainlab.explain.common.progress import OnSection, Telling
from trainlab.explain.questions.neuron.answer import explain_experiment
from trainlab.explain.questions.neuron.result import NeuronExplanation
from trainlab.explain.subject.live import is_module
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
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    telling = Telling(on_section=on_section)
    if is_module(source):
        from trainlab.explain.questions.neuron.answer_module import explain_module

        # An input of one's own goes into `inputs`, and `point` says which it is.
        only_for_experiments(cell=cell, input=input)
        return explain_module(source, inputs, layer=layer, unit=unit, point=point, telling=telling)
    study = any_study(check_source(source))
    only_for_modules(inputs=inputs)
    return explain_experiment(
        named_cell(study, check_cell(cell)).experiment,
        layer=layer,
        unit=unit,
        point=point,
        given=input,
        seed=check_seed(seed),
        trained=check_yes_or_no("trained", trained),
        populations=populations,
        telling=telling,
    )
