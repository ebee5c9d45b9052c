"""What runs came to, in numbers and words: how many are solved, and how the others failed."""

from __future__ import annotations

from typing import Any

from trainlab.draw import format_number
from trainlab.engine import Runs
from trainlab.maths import format_share
from trainlab.stats import Rate, percent_words, rate
from trainlab.studies.causes import HIGH_LOSS, THRESHOLD, failed, high_loss, standing_still, vanishing
from trainlab.studies.cells import spread_of

WORDS = {
    "diverged": "to an output that is no finite number",
    "vanishing gradient": "with a high loss: almost no gradient in the first layer, but one in the last",
    "standing still": "with a high loss, and almost no gradient in any layer",
    "stuck": "or still on the way: the loss is high, though gradients arrive",
    "low loss": "but the goal is missed",
}
"""How runs fail, by the rule of `trainlab.studies.causes`."""

RULE = (
    f"At the end: a loss is high from {HIGH_LOSS:g} times that of the best constant answer on; there is "
    f"almost no gradient where the mean |∂L/∂w| of a layer's weights is below {format_number(THRESHOLD)}. "
    "That is how runs end, not what would have saved them: solved runs can have small gradients, too."
)


def solved_sentence(solved: Rate, asked: int) -> str:
    """Return ``248 of 256 seeds solve it: 97 % (94 to 98 %).``"""
    seeds = "seed solves" if solved.n == 1 else "seeds solve"
    so_far = "" if solved.n == asked else " so far"
    return f"{solved.k:,} of {solved.n:,} {seeds} it{so_far}: {interval_words(solved)}."


def interval_words(share: Rate) -> str:
    """Return a share with its interval in whole percents: ``97 % (94 to 98 %)``."""
    return f"{percent_words(share)} ({100 * share.low:.0f} to {100 * share.high:.0f} %)"


def held_out_sentence(runs: Runs) -> str | None:
    """Return how runs do on the examples held out; None if there are none."""
    data = runs.experiment.data()
    if not data.held_out:
        return None
    found = spread_of(runs.held_out_loss if data.kind == "regression" else runs.held_out_accuracy)
    if found is None:
        return None
    if data.kind == "regression":
        what = "Loss on the held-out examples"
        low, middle, high = (format_number(value) for value in found)
    else:
        what = "Held-out examples classified correctly"
        low, middle, high = (f"{format_share(value, decimals=1)} %" for value in found)
    return f"{what}: {middle} in the median run, {low} to {high} in the middle nine tenths."


def failures(runs: Runs) -> list[dict[str, Any]]:
    """Return how the unsolved runs failed, each kind as its share of them, the commonest first."""
    unsolved = int((~runs.solved).sum())
    if not unsolved:
        return []
    failed_ones, high = failed(runs), high_loss(runs)
    lost, still = vanishing(runs), standing_still(runs)
    counts = {
        "diverged": unsolved - int(failed_ones.sum()),
        "vanishing gradient": int(lost.sum()),
        "standing still": int(still.sum()),
        "stuck": int((high & ~lost & ~still).sum()),
        "low loss": int((failed_ones & ~high).sum()),
    }
    order = sorted((name for name in WORDS if counts[name]), key=lambda name: -counts[name])
    return [_failure(name, rate(counts[name], unsolved)) for name in order]


def _failure(name: str, share: Rate) -> dict[str, Any]:
    words = f"{share.k:,} of {share.n:,} ({percent_words(share)}): {name} {WORDS[name]}."
    return {"name": name, "words": words, **share.to_dict()}
