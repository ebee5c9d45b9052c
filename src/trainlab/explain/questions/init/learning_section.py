"""What the start does to learning: the share solved by scheme, activation and depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.draw import Picture, format_percent, join, rate_grid
from trainlab.draw.table import Cell
from trainlab.explain.common.paired import diverged_share, solved_share
from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.init.schemes import Scheme
from trainlab.explain.questions.init.variants import stack_output, with_stack
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment, name_of, solved_words
from trainlab.stats import Rate

DEPTHS = (1, 2, 4, 8)
WIDTH = 8
ACTIVATIONS = ("tanh", "relu", "sigmoid")


@dataclass(frozen=True, kw_only=True, slots=True)
class Learnt:
    """How many seeds were solved from one scheme, and how many diverged."""

    scheme: str
    activation: str
    depth: int
    solved: Rate
    diverged: Rate

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {
            "scheme": self.scheme,
            "activation": self.activation,
            "depth": self.depth,
            "solved": self.solved.to_dict(),
            "diverged": self.diverged.to_dict(),
        }


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
            f"{solved_words(experiment.solved)}. Biases start as the experiment's do, "
            "so that weights of 0 alone leave no symmetry where there are random biases.",
            *(f"{activation}: {_extremes(found, activation)}." for activation in activations),
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


def _extremes(found: Sequence[Learnt], activation: str) -> str:
    """Return the least and the greatest share at each depth, with the schemes they come from."""
    told: list[str] = []
    for depth in sorted({each.depth for each in found}):
        mine = [each for each in found if (each.activation, each.depth) == (activation, depth)]
        ends = [pick(each.solved.k for each in mine) for pick in (min, max)]
        shares = [_with_schemes(k, mine) for k in ends]
        layers = f"with {depth} layer{'s' if depth > 1 else ''}"
        words = f"{layers} from {' to '.join(shares)}"
        same = f"{layers} {format_percent(ends[0], mine[0].solved.n)} % from every scheme"
        told.append(same if ends[0] == ends[1] else words)
    return "; ".join(told)


def _with_schemes(k: int, mine: Sequence[Learnt]) -> str:
    schemes = [each.scheme for each in mine if each.solved.k == k]
    names = join(schemes) if len(schemes) < 3 else f"{len(schemes)} of {len(mine)} schemes"
    return f"{format_percent(k, mine[0].solved.n)} % ({names})"


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
