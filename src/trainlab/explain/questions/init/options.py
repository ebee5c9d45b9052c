"""What the options mean, checked before anything is computed: the stack, its schemes, the experiment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.errors import ExplainError, listing, nearest
from trainlab.explain.common.options import check_cell, listed, whole
from trainlab.explain.questions.init.schemes import SHOWN, TRAINED, Scheme, all_schemes, find_schemes
from trainlab.explain.questions.init.sizes import Case
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment, InitScheme, Study, any_study, named_cell

DEFAULT = "xor44"
DEFAULT_CELL = "Model 3:A+B"
"""The assignment's deepest network, whose gradient vanishes, with Adam and MSE: of those unchanged hardly any
learns from any start, so that no start could be seen to help."""

MOST_DEPTH, MOST_WIDTH = 1000, 1000
MOST_WEIGHTS = 300_000
"""Of one stack: what 15 seconds allow, for all schemes and 8 networks each."""

MOST_CASES = 4
"""Of a study's networks, the first so many are tested."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackOptions:
    """The stack that signals go through, the schemes of the tables, and those that are shown and trained.

    `chosen` says that the schemes were named, not the usual ones.
    """

    schemes: tuple[Scheme, ...]
    shown: tuple[Scheme, ...]
    trained: tuple[Scheme, ...]
    chosen: bool
    activation: str
    depth: int
    width: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedExperiment:
    """The experiment that is asked about, by name, and the study's networks under the same training."""

    name: str
    network: str
    experiment: Experiment
    cases: tuple[Case, ...]


def read_stack(
    schemes: Sequence[str | InitScheme] | None,
    *,
    activation: str | None,
    usual_activation: str,
    depth: int,
    width: int,
) -> StackOptions:
    """Return the stack and its schemes.

    Raises:
        ExplainError: an unknown scheme or activation, or a stack that is none, or too large.
    """
    asked = find_schemes(listed("schemes", schemes, example="'he_normal'"))
    _check_stack(depth, width)
    return StackOptions(
        schemes=find_schemes([*all_schemes(), *asked]),
        shown=asked or find_schemes(SHOWN),
        trained=asked or find_schemes(TRAINED),
        chosen=bool(asked),
        activation=_activation(usual_activation if activation is None else activation),
        depth=depth,
        width=width,
    )


def named_experiment(
    source: Study | Experiment | str | os.PathLike[str], cell: str | None
) -> NamedExperiment:
    """Return the experiment meant, and the networks of its study with the same changes."""
    cell, plan = check_cell(cell), any_study(source)
    if cell is None and str(source) == DEFAULT and not isinstance(source, Study | Experiment):
        cell = DEFAULT_CELL
    experiment = named_cell(plan, cell).experiment
    found = next((each for each in plan.cells() if each.experiment == experiment), None)
    network = found.network if found is not None else experiment.network.label
    changes = found.changes if found is not None else ()
    names = sorted(plan.network_names, key=lambda name: name != network)[:MOST_CASES]
    ordered = [name for name in plan.network_names if name in names]
    cases = [Case(name=name, experiment=plan.experiment(name, changes)) for name in ordered]
    label = f"{network} with {'+'.join(changes)}" if changes else network
    return NamedExperiment(name=label, network=network, experiment=experiment, cases=tuple(cases))


def usual_activation(experiment: Experiment) -> str:
    """Return the activation of the first layer, tanh if it isn't elementwise."""
    name = experiment.network.activations[0]
    return name if ACTIVATIONS[name].elementwise else "tanh"


def _activation(name: str) -> str:
    fine = [each.name for each in ACTIVATIONS.values() if each.elementwise]
    if name not in fine:
        raise ExplainError(f"activation = {name!r}: must be {listing(fine)}.{nearest(str(name), fine)}")
    return name


def _check_stack(depth: int, width: int) -> None:
    whole("depth", depth, least=1, most=MOST_DEPTH)
    whole("width", width, least=1, most=MOST_WIDTH)
    weights = depth * width * width
    if weights > MOST_WEIGHTS:
        raise ExplainError(
            f"depth = {depth:,}, width = {width:,}: a stack of {weights:,} weights; at most "
            f"{MOST_WEIGHTS:,} are allowed, as 10 layers of 173. Lower one of the two."
        )
