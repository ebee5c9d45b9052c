"""The section on whether the pairing matters: how often others solve the task, on the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.draw import Cell, Picture, format_number, intervals
from trainlab.engine import Runs
from trainlab.explain.common.paired import difference_interval, differences_from_first, solved_share
from trainlab.explain.questions.loss.variants import Variant
from trainlab.page.section import Section, Table, paragraphs
from trainlab.spec import LossBelow, solved_words
from trainlab.stats import Rate, ReadEstimate, Reading, percent_words


@dataclass(frozen=True, kw_only=True, slots=True)
class PairRate:
    """How often a pairing solved the task, and the difference to one's own on the same seeds.

    `difference` is None for one's own pairing.
    """

    output: str
    loss: str
    verdict: str
    solved: Rate
    diverged: int
    difference: ReadEstimate | None = None

    @property
    def reading(self) -> Reading | None:
        """How the difference reads, None for one's own pairing."""
        return None if self.difference is None else self.difference.reading

    @property
    def label(self) -> str:
        """Output and loss."""
        return f"{self.output} + {self.loss}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; a difference is a share, not in per cent."""
        return {
            "output": self.output,
            "loss": self.loss,
            "verdict": self.verdict,
            "solved": self.solved.to_dict(),
            "diverged": self.diverged,
            "difference": None if self.difference is None else self.difference.to_dict(),
        }


def pair_rates(variants: Sequence[Variant], population: Sequence[Runs]) -> tuple[PairRate, ...]:
    """Return the rate of each variant, the first one's own; differences to it are read together (Holm)."""
    read = differences_from_first(population)
    return tuple(
        PairRate(
            output=variant.pairing.output,
            loss=variant.pairing.loss,
            verdict=variant.pairing.verdict,
            solved=solved_share(runs),
            diverged=int(runs.diverged.sum()),
            difference=read.get(place),
        )
        for place, (variant, runs) in enumerate(zip(variants, population, strict=True))
    )


GROUPS = {"right": "Right pairings", "works": "Pairings that work", "wrong": "Wrong pairings"}


def population_section(
    variants: Sequence[Variant], rates: Sequence[PairRate], asked: object, refused: Sequence[str]
) -> Section:
    """Show the rates beside the verdicts on the pairings; `asked` is the experiment's own rule of solved."""
    first, n = variants[0].experiment, rates[0].solved.n
    solved = solved_words(first.solved)
    read = "" if variants[0].pairing.task == "regression" else ", of logits after their sigmoid or softmax"
    said = (
        "The experiment says of its loss when it is solved, by which losses can't be compared; here a run is "
        f"solved {solved}."
        if isinstance(asked, LossBelow)
        else f"A run is solved {solved}{read}."
    )
    return Section(
        name="population",
        heading="Does the pairing matter?",
        text=paragraphs(
            f"{first.network.label} with other outputs and losses, {n:,} seeds each, the same weights at the "
            f"start and the same samples. {said}",
            f"The learning rate stays {format_number(first.optimizer.lr)} for all. Plain SGD takes larger "
            "steps under a loss with larger slopes, so a difference may come from their size as well as from "
            "their shape.",
            refused,
        ),
        tables=(
            Table(
                title=f"Solved, of {n:,} seeds, and the difference to yours",
                headers=[
                    "Output + loss",
                    "Pairing",
                    "Solved",
                    "Share",
                    "95 % interval",
                    "Diverged",
                    "Points",
                ],
                rows=[_row(each) for each in rates],
            ),
        ),
        pictures=_differences(rates),
    )


def _row(each: PairRate) -> list[Cell]:
    share, gap = each.solved, each.difference
    interval = f"{100 * share.low:.1f} to {100 * share.high:.1f} %"
    row: list[Cell] = [each.label, each.verdict, share.k, f"{100 * share.estimate:.1f} %", interval]
    return [*row, each.diverged, "yours" if gap is None else str(gap.value).replace(" points", "")]


def _differences(rates: Sequence[PairRate]) -> tuple[Picture, ...]:
    """Draw the differences to one's own pairing, grouped by what the table says of each."""
    bars = [
        difference_interval(each.label, each.difference, group=GROUPS[each.verdict])
        for each in rates
        if each.difference is not None
    ]
    if not bars:
        return ()
    title = f"Solved more or less often than {rates[0].label}"
    return (intervals(bars, x_label="Difference, points of seeds solved", title=title),)


def population_sentence(rates: Sequence[PairRate]) -> str:
    """Return the largest shown differences in a sentence."""
    own, n = rates[0], rates[0].solved.n
    helped = [each for each in rates[1:] if each.reading == "helps"]
    hurt = [each for each in rates[1:] if each.reading == "hurts"]
    start = f"On {n:,} seeds {own.label} solved {percent_words(own.solved)}"
    parts: list[str] = []
    for found, pick in ((helped, max), (hurt, min)):
        if found:
            gaps = [(each, each.difference.value) for each in found if each.difference is not None]
            best, gap = pick(gaps, key=lambda item: item[1].estimate)
            words = "more" if found is helped else "less"
            parts.append(f"{best.label} {words}, {percent_words(best.solved)}, {gap}")
    if not parts:
        return f"{start}; no other pairing was seen to differ."
    return f"{start}; {' and '.join(parts)}."
