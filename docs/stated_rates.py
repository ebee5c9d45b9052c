"""What the assignment states on neurons and learning rates."""

from __future__ import annotations

import math

from docs.explained import CONTEST_SEEDS, Explained
from docs.figures import percent
from docs.stated import Maker, Statement
from docs.words import points, under
from trainlab.draw import format_number, join
from trainlab.explain.rates.named_schedules import step_example


def _neuron(explained: Explained) -> Statement:
    gap = explained.neuron.autograd_difference
    assert gap is not None
    return Statement(
        page="neuron",
        said="A neuron is an accumulator, a weighted sum plus a bias, and an activation.",
        outcome="upheld" if gap < 1e-9 else "refuted",
        numbers="Sum, output and slope, added up by hand, differ from what PyTorch's autograd makes of the "
        f"same layer by {under(gap)}.",
        seeds="1",
    )


def _collapse(explained: Explained) -> Statement:
    stacks, numbers = explained.neuron.stacks, explained.neuron.numbers["stack"]
    gap = max(numbers["data_difference"], numbers["random_difference"])
    none = all(each.linear.k == 0 for each in stacks)
    upper = math.ceil(1000 * max(each.linear.high for each in stacks)) / 10
    return Statement(
        page="neuron",
        said="Without activations stacked layers collapse into one linear layer.",
        outcome="upheld" if none and gap < 1e-9 else "refuted",
        numbers=f"The stack and its single layer differ by {under(gap)}. {len(stacks)} linear stacks of "
        f"{stacks[0].layers} to {stacks[-1].layers} layers solve XOR on {'0' if none else 'some'} seeds: "
        f"below {upper:g} % each.",
        seeds=f"{stacks[0].linear.n:,} each",
    )


def _activations(explained: Explained) -> Statement:
    deep = [each for each in explained.neuron.stacks if each.layers > 1]
    helps = [each for each in deep if each.p < 0.05 and each.difference.estimate > 0]
    told = join([f"{each.layers} layers {percent(each.active)}" for each in deep])
    return Statement(
        page="neuron",
        said="With activations they don't.",
        outcome="upheld" if len(helps) == len(deep) else "in part" if helps else "refuted",
        numbers=f"Solved with tanh: {told}; one layer with it {percent(explained.neuron.stacks[0].active)}.",
        seeds=f"{deep[0].active.n:,} each",
    )


def _step(explained: Explained) -> Statement:
    step = explained.learning_rate.step
    exact = step.after == step.before - step.rate * step.gradient
    checks = explained.learning_rate.numbers["checks"]
    checked = next(each for each in checks if each["what"] == "the new weight")
    return Statement(
        page="learning_rate",
        said="w_new = w − lr × gradient.",
        outcome="upheld" if exact and checked["difference"] < 1e-9 else "refuted",
        numbers=f"Plain SGD; `torch.optim.SGD` differs by {under(checked['difference'])}. From its second "
        "step on momentum adds earlier gradients, and Adam rescales every one: there lr multiplies something "
        "else than this step's gradient.",
        seeds="1",
    )


def _small(explained: Explained) -> Statement:
    found, rates = explained.learning_rate.regimes, explained.learning_rate.rates
    best = min((each for each in rates if each.rate in found.best), key=lambda each: each.epochs)
    low = rates[found.low]
    slower = low.epochs > best.epochs
    fewer = rates[0].solved.high < best.solved.low
    return Statement(
        page="learning_rate",
        said="Small rates: slow, steady, may stall.",
        outcome="in part" if slower and fewer else "bounded",
        numbers=f"Solved after {low.epochs:g} epochs (median) at {format_number(low.rate)} and "
        f"{best.epochs:g} at {format_number(best.rate)}; at {format_number(rates[0].rate)} "
        f"{percent(rates[0].solved)} within {explained.learning_rate.experiment.epochs} epochs. Whether "
        "these stall or are only slow wasn't told apart.",
        seeds=f"{best.solved.n:,} a rate",
    )


def _fast(explained: Explained) -> Statement:
    found, rates = explained.learning_rate.regimes, explained.learning_rate.rates
    low, high = rates[found.low], rates[found.high]
    return Statement(
        page="learning_rate",
        said="Large rates: fast.",
        outcome="upheld" if high.epochs < low.epochs else "refuted",
        numbers=f"Where it works, up to {format_number(high.rate)}: {low.epochs:g} epochs until solved at "
        f"the least such rate, {high.epochs:g} at the greatest.",
        seeds=f"{low.solved.n:,} a rate",
    )


def _large(explained: Explained) -> Statement:
    found, rates = explained.learning_rate.regimes, explained.learning_rate.rates
    above = rates[found.high + 1 :]
    worse = bool(above) and all(each.solved.high < rates[found.high].solved.low for each in above)
    badly = [each for each in above if each.diverged.k == 0 and each.solved.estimate < 0.5]
    settled = ""
    if badly:
        settled = (
            f" At {format_number(badly[0].rate)} none diverges, and {percent(badly[0].solved)} are solved."
        )
    edge = max(edge.difference for edge in explained.learning_rate.stability)
    diverging = "" if found.diverging is None else f" From {format_number(found.diverging)} on most diverge."
    return Statement(
        page="learning_rate",
        said="They may overshoot, oscillate, diverge or settle badly.",
        outcome="upheld" if worse and badly and found.diverging is not None and edge < 1e-9 else "in part",
        numbers=f"At {format_number(above[0].rate)} {percent(above[0].solved)} are solved, at "
        f"{format_number(rates[found.high].rate)} {percent(rates[found.high].solved)}.{settled}{diverging} "
        "In a valley of curvature λ a step overshoots above 1/λ and diverges above 2/λ, exactly.",
        seeds=f"{above[0].solved.n:,} a rate",
    )


def _schedules(explained: Explained) -> Statement:
    helped = [each for each in explained.contests if each.difference.reading == "helps"]
    told = "; ".join(
        f"{each.network} {points(each.difference.value)}, {each.difference.reading}"
        for each in explained.contests
    )
    return Statement(
        page="learning_rate",
        said="A constant rate is rarely best, so schedules.",
        outcome="upheld" if len(helped) == len(explained.contests) else "in part" if helped else "bounded",
        numbers=f"Best schedule less best constant rate, in points, with A and B: {told}.",
        seeds=f"{CONTEST_SEEDS // 2} + {CONTEST_SEEDS // 2}",
    )


def _step_lr(explained: Explained) -> Statement:
    rates = [rate for _, _, rate in step_example()]
    exact = all(math.isclose(rate, 0.05 * 0.1**place, rel_tol=1e-12) for place, rate in enumerate(rates))
    found = explained.learning_rate.numbers["checks"]
    checks = [each["difference"] for each in found if " rates of " in each["what"]]
    return Statement(
        page="learning_rate",
        said="StepLR: 0.05, divided by ten every 30 epochs, over 100.",
        outcome="upheld" if exact and len(rates) == 4 else "refuted",
        numbers=f"{', '.join(f'{rate:.5f}'.rstrip('0') for rate in rates)}. {len(checks)} schedules differ "
        f"from PyTorch's by {under(max(checks))}.",
        seeds="–",
    )


MAKERS: tuple[Maker, ...] = (
    _neuron,
    _collapse,
    _activations,
    _step,
    _small,
    _fast,
    _large,
    _schedules,
    _step_lr,
)
