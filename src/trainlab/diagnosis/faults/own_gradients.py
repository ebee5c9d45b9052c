"""Gradients that the script computes itself, in a `backward` of its own."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof
from trainlab.diagnosis.observed.answers import OwnGradient
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.remedies.remedy import single
from trainlab.diagnosis.signals.training import Training

# wrong_gradient: A `backward` of the user's own that isn't the derivative of its `forward`.
#
# What steps or rounds has the slope 0 nearly everywhere: a gradient there is a surrogate, and meant.

OFF, FLAT = 0.05, 1e-6
"""A gradient is wrong if it is off by over 5 % of the largest slope; a slope of a millionth of it is none."""


def judge_wrong_gradient(training: Training) -> Finding | None:
    """Fire where a training falls short; else it is a note, as a surrogate may be meant."""
    one = _worst(training)
    if one is None:
        return None
    if one.gives_zeros:
        finding = _of_zeros(training, one)
        return finding if training.learning.failing else finding.as_note()
    pairs = ", ".join(f"{slope:.3g} and {given:.3g}" for slope, given in _pairs(one))
    finding = Finding(
        place=place_at(one.site, "call", call=one.function),
        where=quoted(one.site, f"{one.function}.backward"),
        confidence=0.95,
        proof=Proof(words="it may be a surrogate, and meant"),
        evidence=(
            f"along random directions of `{one.input}` the output of {one.function} changes otherwise than "
            f"its backward says (finite differences in float64, and backward): {pairs}",
            training.learning.words,
        ),
        remedy=f"Mend backward() of {one.function}, or leave it out: autograd knows the derivative of what "
        "forward() calls. torch.autograd.gradcheck tells.",
        code=f"torch.autograd.gradcheck({one.function}.apply, inputs)  # of float64, with gradients",
    )
    return finding if training.learning.failing else finding.as_note()


def _of_zeros(training: Training, one: OwnGradient) -> Finding:
    still = [
        param.name
        for param in training.record.params.values()
        if training.is_stepped(param) and param.moved is False
    ]
    return Finding(
        place=place_at(one.site, "call", call=one.function),
        where=quoted(one.site, f"{one.function}.backward"),
        confidence=0.95 if still else 0.8,
        evidence=(
            f"backward of {one.function} gives back zeros for all of `{one.input}`, whatever comes in, and "
            "the output depends on it: nothing before it gets a gradient",
            *([f"of what is stepped these never moved: {', '.join(still[:4])}"] if still else []),
            training.learning.words,
        ),
        remedy=f"Mend backward() of {one.function}: if it is to pass gradients on where the input is within "
        "a range, it needs the input, not the output.",
        code="ctx.save_for_backward(x)  # in forward, to ask x.abs() <= 1 in backward",
        value=0.0,
    )


def _worst(training: Training) -> OwnGradient | None:
    known = [one for asked in training.record.dependences for one in asked.own_gradients]
    return next((one for one in known if is_wrong(one)), None)


def is_wrong(one: OwnGradient) -> bool:
    """Whether backward is off, by how much doesn't matter."""
    if one.gives_zeros:
        return True
    slope, given = (max(map(abs, values), default=0.0) for values in (one.slopes, one.given))
    if not math.isfinite(slope) or slope <= FLAT * given:
        return False
    off = [abs(a - b) for a, b in zip(one.slopes, one.given, strict=True)]
    return not all(value <= OFF * slope for value in off)  # nor is one that is NaN right


def _pairs(one: OwnGradient) -> list[tuple[float, float]]:
    return list(zip(one.slopes, one.given, strict=True))[:3]


def _picture_of_wrong_gradient(training: Training) -> Picture | None:
    """The slope along each direction, and how far off backward is."""
    one = _worst(training)
    if one is None:
        return None
    if one.gives_zeros:
        return bars(f"What {one.function} gives back", "gradient", [("coming in", 1.0), ("given back", 0.0)])
    pairs = [
        (f"direction {place}, {what}", abs(value))
        for place, (slope, given) in enumerate(_pairs(one), 1)
        for what, value in (("slope", slope), ("backward off by", slope - given))
    ]
    return bars(f"How the output of {one.function} changes", "absolute change", pairs)


WRONG_GRADIENT = Fault(
    name="wrong_gradient",
    family="The network",
    title="a backward() of your own isn't the derivative of its forward()",
    what="A `torch.autograd.Function` of the script's own gives other gradients than what it computes has: a "
    "factor left out, a derivative of the output where that of the input is meant, a gradient summed over "
    "another axis.",
    formula="Called again in float64 with the inputs of a training pass, along random directions, a function "
    f"changes otherwise than its backward says, by more than {OFF:.0%} of the largest slope. Or backward "
    "gives zeros for all of an input, and the output is another where that has the other sign.",
    source="Central differences, as torch.autograd.gradcheck takes them.",
    silent=f"the slope is 0 (to {FLAT:g} of what backward gives), or another by another step, as of what "
    "rounds or jumps; backward gives on what it is given, as of what clamps; the function gives what it is "
    "given, to turn or scale a gradient; it draws, or takes no float64. Where the training doesn't fail, it "
    "is a note: surrogates may be meant.",
    remedy="Mend it, or leave backward() to autograd.",
    judge=judge_wrong_gradient,
    picture=_picture_of_wrong_gradient,
    # Autograd's own gradient of what steps or rounds is zero, too.
    remedies=lambda finding: (
        ()
        if finding.value == 0
        else (
            single(
                f"autograd's own gradient of {finding.place.call}",
                "own_backward",
                function=finding.place.call,
                narrow="no such function is there before the training begins",
            ),
        )
    ),
    explains=(
        Explains(
            ("loss_plateau", "lr_too_high", "lr_too_low", "capacity_too_small", *GROWTH),
            "steps along a wrong gradient don't go downhill",
        ),
    ),
)
