"""Symmetry, shown: equal neurons have equal gradients and stay equal."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import counted
from trainlab.draw.table import Cell
from trainlab.explain.questions.init.symmetry import Symmetry
from trainlab.page.section import Section, Table
from trainlab.stats import percent_words


def symmetry_section(found: Sequence[Symmetry]) -> Section:
    """Return how many neurons are left that differ."""
    rows: list[tuple[Cell, ...]] = [
        (
            each.network,
            each.start,
            _by_layer([_share(layer.distinct_gradients, layer.neurons) for layer in each.layers]),
            *_after_training(each),
            percent_words(each.solved),
        )
        for each in found
        if each.layers
    ]
    if not rows:
        return Section(
            name="symmetry",
            heading="Symmetry: neurons that stay equal",
            text=("The network has no hidden layer, and so no neurons that could be equal.",),
        )
    return Section(
        name="symmetry",
        heading="Symmetry: neurons that stay equal",
        text=(
            "Two neurons of a layer with equal weights in and out get equal gradients, so that no step can "
            f"tell them apart: the layer is as good as one neuron. Counted to the bit, after {_steps(found)} "
            f"of the experiment's own training from {counted(found[0].seeds, 'seed')}; by hidden layer, "
            "first to last. Seeds differ in the order of the examples even where all weights start alike.",
            "Rank is the number of independent rows: of the weights after training, and of what training "
            f"added. Equal rows have rank 1.{_ranked(found)}",
            *_left_out(found),
        ),
        tables=(
            Table(
                title="Neurons that differ, of all, by hidden layer",
                headers=(
                    "Network",
                    "Start",
                    "gradients at the start",
                    "neurons after training",
                    "rank of W",
                    "rank of update",
                    "solved",
                ),
                rows=rows,
                shown=24,
            ),
        ),
    )


def _after_training(each: Symmetry) -> tuple[str, str, str]:
    """Return the neurons that differ and both ranks, of the seeds that didn't diverge."""
    if not each.kept:
        return "all diverged", "–", "–"
    return (
        _by_layer(
            [
                _share(layer.most, layer.neurons, None if layer.fewest == layer.most else layer.fewest)
                for layer in each.layers
            ]
        ),
        _by_layer([str(layer.rank) for layer in each.layers]),
        _by_layer([str(layer.update_rank) for layer in each.layers]),
    )


def _steps(found: Sequence[Symmetry]) -> str:
    """Return how many steps were trained, in words."""
    steps = " or ".join(f"{count:,}" for count in sorted({each.steps for each in found}))
    if any(each.stopped for each in found):
        return f"up to {steps} steps (some runs stop early)"
    return f"{steps} steps"


def _ranked(found: Sequence[Symmetry]) -> str:
    """Say so if only some of the seeds were ranked."""
    cut = [layer.ranked for each in found for layer in each.layers if layer.ranked < each.kept]
    return f" Of large layers only the first seeds are ranked, at least {min(cut):,}." if cut else ""


def _left_out(found: Sequence[Symmetry]) -> tuple[str, ...]:
    """Say of which starts runs diverged, whose neurons aren't counted."""
    lost = [
        f"{each.network} from {each.start}, {each.seeds - each.kept:,} of {each.seeds:,}"
        for each in found
        if each.kept < each.seeds
    ]
    return (f"Diverged, and so not counted: {'; '.join(lost)}.",) if lost else ()


def _by_layer(words: Sequence[str]) -> str:
    """Return one word for each layer, or the one that holds for all of many."""
    return f"{words[0]} in all {len(words)}" if len(words) > 2 and len(set(words)) == 1 else ", ".join(words)


def _share(count: int, of: int, least: int | None = None) -> str:
    return f"{count}/{of}" if least is None else f"{least}–{count}/{of}"
