"""What the start does to learning: the user's training from other starts, in other networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from trainlab.draw import Picture, format_percent, rate_grid
from trainlab.draw.table import Cell
from trainlab.explain.populations import Populations, diverged_share, solved_share
from trainlab.explain.questions.init.schemes import Scheme
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import BCE, Default, Experiment, Init, InitScheme, Network, Record, name_of, solved_words
from trainlab.spec.network import OVER_OUTPUTS
from trainlab.stats import Rate

# Experiments made from the user's: other networks and other starts, with the same training.


def without_curves(experiment: Experiment, *, parameters: bool = False) -> Experiment:
    """Return the experiment with nothing recorded that isn't needed here."""
    record = Record(
        loss_every=0,
        gradient_every=0,
        solved_every=experiment.record.solved_every,
        curves=0,
        predictions=0,
        parameters=parameters,
    )
    return msgspec.structs.replace(experiment, record=record)


def with_weights(experiment: Experiment, init: InitScheme) -> Experiment:
    """Return the experiment with other initial weights in every layer; biases start as before."""
    return without_curves(
        msgspec.structs.replace(experiment, init=msgspec.structs.replace(experiment.init, weight=init))
    )


def stack_output(experiment: Experiment) -> str:
    """Return the activation of the output layer of a stack that is trained as the experiment is."""
    last = experiment.network.activations[-1]
    return last if last in OVER_OUTPUTS or isinstance(experiment.loss, BCE) else "linear"


def with_stack(
    experiment: Experiment, *, init: InitScheme, activation: str, depth: int, width: int
) -> Experiment:
    """Return the experiment with `depth` hidden layers of `width` units instead of its own.

    The output layer is linear, unless the loss needs what the experiment has there.
    """
    network = Network(
        widths=(experiment.network.widths[0], *((width,) * depth), experiment.network.widths[-1]),
        activation=activation,
        output_activation=stack_output(experiment),
    )
    bias = Default() if isinstance(experiment.init.bias, tuple) else experiment.init.bias
    return without_curves(
        msgspec.structs.replace(experiment, network=network, init=Init(weight=init, bias=bias))
    )


# What the start does to learning: the share solved by scheme, activation and depth.


DEPTHS = (1, 2, 4, 8)
WIDTH = 8
TRAINED_ACTIVATIONS = ("tanh", "relu", "sigmoid")


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt(Plain):
    """How many seeds were solved from one scheme, and how many diverged."""

    scheme: str
    activation: str
    depth: int
    solved: Rate
    diverged: Rate


def learn(
    experiment: Experiment,
    schemes: Sequence[Scheme],
    activations: Sequence[str],
    populations: Populations,
    *,
    seeds: int,
) -> list[Learnt]:
    """Train stacks of `WIDTH` units and return how many learnt, for every scheme, activation and depth."""
    places = [(s, a, d) for s in schemes for a in activations for d in DEPTHS]
    experiments = [
        with_stack(experiment, init=scheme.init, activation=activation, depth=depth, width=WIDTH)
        for scheme, activation, depth in places
    ]
    return [
        Learnt(
            scheme=scheme.label,
            activation=activation,
            depth=depth,
            solved=solved_share(runs),
            diverged=diverged_share(runs),
        )
        for (scheme, activation, depth), runs in zip(
            places, populations.train(experiments, seeds=seeds), strict=True
        )
    ]


def learning_section(found: Sequence[Learnt], experiment: Experiment, name: str) -> Section:
    """Return the grids, one an activation."""
    activations = list(dict.fromkeys(each.activation for each in found))
    diverged, output = sum(each.diverged.k for each in found), stack_output(experiment)
    return Section(
        name="learning",
        heading="What it does to learning: scheme × activation × depth",
        text=(
            f"Networks of 1 to {max(DEPTHS)} hidden layers of {WIDTH} units with a {output} output, trained "
            f"as {name} is ({training_words(experiment)}), {found[0].solved.n:,} seeds each. Solved "
            f"{solved_words(experiment.solved)}. Biases start as the experiment's do: "
            "where those are random, even weights of 0 leave no symmetry.",
            f"{diverged:,} of {sum(each.diverged.n for each in found):,} runs diverged."
            if diverged
            else "No run diverged.",
        ),
        pictures=tuple(_grid(found, activation) for activation in activations),
        tables=tuple(_table(found, activation) for activation in activations),
    )


def training_words(experiment: Experiment) -> str:
    """Return the training in a few words."""
    return (
        f"{name_of(experiment.task)}, {name_of(experiment.optimizer)} with lr {experiment.optimizer.lr:g}, "
        f"{name_of(experiment.loss)} loss, {experiment.epochs:,} epochs"
    )


def _table(found: Sequence[Learnt], activation: str) -> Table:
    """The same in the terminal, which has no pictures."""
    schemes, depths, solved = _places(found, activation)
    rows: list[tuple[Cell, ...]] = [
        (scheme, *(_percent(solved[scheme, depth]) for depth in depths)) for scheme in schemes
    ]
    headers = ("Scheme", *(f"{depth} layer{'s' if depth > 1 else ''}" for depth in depths))
    return Table(title=f"Solved with {activation}, % of seeds (95 % interval)", headers=headers, rows=rows)


def _percent(solved: Rate) -> str:
    low, high = (f"{100 * value:.0f}" for value in (solved.low, solved.high))
    return f"{format_percent(solved.k, solved.n)} ({low}–{high})"


def _places(
    found: Sequence[Learnt], activation: str
) -> tuple[list[str], list[int], dict[tuple[str, int], Rate]]:
    mine = [each for each in found if each.activation == activation]
    schemes, depths = dict.fromkeys(each.scheme for each in mine), {each.depth for each in mine}
    return list(schemes), sorted(depths), {(each.scheme, each.depth): each.solved for each in mine}


def _grid(found: Sequence[Learnt], activation: str) -> Picture:
    schemes, depths, solved = _places(found, activation)
    return rate_grid(
        schemes,
        [str(depth) for depth in depths],
        [[solved[scheme, depth] for depth in depths] for scheme in schemes],
        title=f"Solved with {activation}, by scheme and hidden layers",
        row_label="scheme",
        column_label="hidden layers",
    )
