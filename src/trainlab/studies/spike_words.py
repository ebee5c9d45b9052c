"""How a run unlearned, in plain words: what happened, to which weight, and why so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainlab.draw import counted, format_number, without_noise_by_column
from trainlab.spec import name_of
from trainlab.studies.spike_anatomy import CALM, Spike, parameter_place

if TYPE_CHECKING:
    from trainlab.explain.questions.chain_rule.example_pass import Entry


FALLEN = 2.0
"""Where √v has fallen less than so many times, it isn't why a step is large."""
NEAR_EPS = 10.0
"""√v within so many times eps: eps holds the step back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """How many of the seeds were solved and later unlearned, `without` amsgrad and with it.

    `p` is McNemar's.
    """

    seeds: int
    without: int
    with_amsgrad: int
    p: float


def entry_of(spike: Spike) -> Entry:
    """Return the moved parameter by its name: ``w1[2,1]``, or ``b1[2]``."""
    from trainlab.explain.questions.chain_rule.example_pass import Entry

    layer, unit, source = parameter_place(spike.experiment.network, spike.column)
    return Entry(layer=layer, unit=unit, source=source)


def at_step(spike: Spike, step: int) -> str:
    """Return when a step was: ``step 7,973 (epoch 1,994)``."""
    epoch = f" (epoch {spike.epoch_of(step):,})" if spike.experiment.steps_per_epoch > 1 else ""
    return f"step {step:,}{epoch}"


def happened(spike: Spike) -> str:
    """Say when the run lost it, and whether it came back."""
    if spike.again is None:
        rest = f"after that it was never solved for {CALM} steps on end"
    else:
        rest = f"{counted(spike.again - spike.step, 'step')} later it was solved again"
    return (
        f"Seed {spike.seed:,} had been solved for {counted(spike.solved_for, 'step')} on end when "
        f"{at_step(spike, spike.step)} unlearned it; {rest}."
    )


def rise(spike: Spike) -> str:
    """Say how the loss rose."""
    low, before, after, end = (
        format_number(value)
        for value in (
            spike.low,
            float(spike.loss[spike.step - 1]),
            float(spike.loss[spike.step]),
            float(spike.loss[-1]),
        )
    )
    slow = ""
    if spike.begun is not None:
        slow = f" (a thousandth of that {counted(spike.step - spike.begun, 'step')} earlier)"
    later = spike.peak_step - spike.step
    peak = f", {counted(later, 'step')} later" if later else ", at once"
    return (
        f"Over all examples {low} at its lowest while solved, {before} before this step and {after} after "
        f"it{slow}; {format_number(spike.peak)} at its peak{peak}; {end} at the end."
    )


def seen(spike: Spike) -> str:
    """Say which examples the step was taken on."""
    data = spike.experiment.data()
    if spike.example is None:
        return f"All {data.points:,} examples."
    if len(spike.example) > 1:
        return f"A batch of {len(spike.example):,} examples."
    row = int(spike.example[0])
    x, y = (
        ", ".join(format_number(float(value)) for value in without_noise_by_column(values)[row])
        for values in (data.inputs, data.targets)
    )
    few = data.features <= 4 and data.targets.shape[1] <= 4
    return f"Example {row + 1} of {data.points:,}" + (f": ({x}) → {y}." if few else ".")


def moved(spike: Spike) -> str:
    """Say which parameter moved most, and how far."""
    entry = entry_of(spike)
    change, rate = float(spike.change[spike.step - 1]), float(spike.rate[spike.step - 1])
    many = f"{counted(spike.moved, 'parameter')} of {spike.experiment.network.parameters:,} moved"
    share = f", or {format_number(abs(change) / rate)} × lr" if rate > 0 else ""
    longest = ""
    if spike.begun is not None and spike.divides and spike.step - spike.begun > 1 and rate > 0:
        most = float(
            np.abs(spike.change[spike.begun : spike.step] / spike.rate[spike.begun : spike.step]).max()
        )
        longest = (
            f" The longest step of this one in the last {spike.step - spike.begun:,} was "
            f"{format_number(most)} × lr."
        )
    return (
        f"{entry}, {entry.words}: from {format_number(spike.before, digits=6)} to "
        f"{format_number(spike.after, digits=6)}, by {format_number(change)}{share}. {many} by more than "
        f"half of lr.{longest}"
    )


def state(spike: Spike) -> str:
    """Say what the optimizer had for that parameter in that step."""
    at = spike.step - 1
    parts = [f"gradient {format_number(float(spike.gradient[at]))}"]
    if spike.momentum is not None:
        word = "velocity" if name_of(spike.experiment.optimizer) == "sgd" else "m"
        parts.append(f"{word} {format_number(float(spike.momentum[at]))}")
    if spike.scale is not None:
        parts.append(f"√v {format_number(float(spike.scale[at]))}, eps {format_number(spike.eps)}")
    parts.append(f"lr {format_number(float(spike.rate[at]))}")
    words = "; ".join(parts)
    formula = ". The step is −lr · m / (√v + eps)" if spike.divides else ""
    return f"{words[0].upper()}{words[1:]}{formula}."


def why(spike: Spike) -> str:
    """Say what made the step so large, as far as it is known."""
    if spike.scale is None or spike.fallen is None:
        return (
            "This optimizer divides by no √v: the step is what lr and the gradients, or their sum, make it."
        )
    at, first = spike.step - 1, spike.first - 1
    now, then = float(spike.scale[at]), float(spike.scale[first])
    past = (
        f"√v of {entry_of(spike)} was {format_number(then)} when the run was first solved, at "
        f"{at_step(spike, spike.first)}; {counted(spike.step - spike.first, 'step')} later it was "
        f"{format_number(now)}"
    )
    if spike.fallen < FALLEN:
        reason = ": not half of it, so it isn't this √v that makes the step large"
    else:
        reason = f", {format_number(spike.fallen)} times less"
        if spike.divides and spike.momentum is not None:
            share = abs(float(spike.momentum[at])) / (then + spike.eps)
            reason += f": then the same m would have moved it by {format_number(share)} × lr"
    return f"{past}{reason}. {_beside_eps(spike, now)}".rstrip()


def _beside_eps(spike: Spike, now: float) -> str:
    if not spike.eps:
        return ""
    times = float(f"{now / spike.eps:.2g}")
    if times <= NEAR_EPS:
        return f"It is {format_number(times)} times eps, so eps holds the step back."
    return f"It is {format_number(times)} times eps: eps plays no part."


def replayed(spike: Spike, engine: str) -> str:
    """Say how the replay knows."""
    if engine.startswith("reference"):
        return "Replayed by the plain PyTorch loop that trained it."
    if spike.experiment.looks_ahead:
        return (
            "Replayed by a plain PyTorch loop from the start, since its schedule lets no weights be read on "
            f"the way; one differs from the {engine} engine's by {format_number(spike.apart)} at the end."
        )
    return (
        f"Replayed by a plain PyTorch loop with the {engine} engine's weights at the end of every epoch, "
        f"from which its own differed by {format_number(spike.apart)} at most."
    )


def which(unlearnt: int, seeds: int, asked: int | None) -> str:
    """Say how many runs unlearned; this is the first."""
    if asked is not None:
        return ""
    if unlearnt == 1:
        return f"1 of {counted(seeds, 'seed')} was solved at some time and isn't at the end: this one."
    return (
        f"{unlearnt:,} of {counted(seeds, 'seed')} were solved at some time and aren't at the end; this is "
        "the first of them that comes out so when it is replayed."
    )


def without_falling(lost: Lost) -> str:
    """Say whether runs unlearn if v can't fall."""
    strange = "" if lost.p < 0.05 else ", which shows nothing"
    return (
        f"Is it that v falls? With amsgrad, where it can't, {lost.with_amsgrad:,} of "
        f"{counted(lost.seeds, 'seed')} lost it again after they were first solved, instead of "
        f"{lost.without:,} (p = {format_number(lost.p)}{strange})."
    )


def nothing(seeds: int, asked: int | None, *, ever: bool) -> str:
    """Say that there is no spike."""
    if asked is not None:
        return f"Seed {asked:,} was never unlearnt: it never was solved and then not."
    if ever:
        return "Of the runs that were unlearnt none is when it is replayed by a plain PyTorch loop."
    return (
        f"None of {counted(seeds, 'seed')} was solved at some time and not at the end. Ask more of them: "
        "--seeds 1000."
    )
