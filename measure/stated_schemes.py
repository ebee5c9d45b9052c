"""What the assignment states about schemes of initial weights: PyTorch's default, Xavier's and He's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from measure import statements
from measure.explained import STACK_SCHEMES
from measure.stated_weight_sizes import ASKED, PAGE, PLACE
from measure.statements import Answer, Found, Outcome, Question, Statement, all_of
from trainlab.draw import format_number, join
from trainlab.explain.questions.init.schemes import find_schemes

_statement = Question(page=PAGE, place=PLACE, command=ASKED).statement
XAVIERS = ("xavier", "xavier_uniform")
VANISHED = 0.01
"""Below this share of the largest the doctor calls the gradient of a stuck training vanished."""
KEPT = (0.8, 1.25)
"""Between these a gradient is called as large at the first layer as at the last."""


def default(*, inside: Mapping[str, bool], same: Mapping[str, bool]) -> Answer:
    """PyTorch draws U(±1/√fan_in): nothing lies outside, and its own formula draws the same to the bit."""
    facts = {f"{name} inside": each for name, each in inside.items()}
    facts |= {f"{name} as `kaiming_uniform_(a=√5)`": each for name, each in same.items()}
    outcome = all_of("upheld" if each else "refuted" for each in facts.values())
    told = "No weight or bias is outside, and `kaiming_uniform_(a=√5)` draws the same to the bit."
    failing = [name for name, each in facts.items() if not each]
    return Answer(
        outcome=outcome,
        number=f"{sum(inside.values())} of {len(inside)} layers",
        told=f"Not so: {join(failing)}." if failing else told,
    )


def _default(kind: str) -> Any:
    def read(found: Found) -> Mapping[str, Any]:
        layers = [each for each in found.explained.init.torch_layers if each.name.startswith(kind)]
        return {
            "inside": {each.name: max(each.most_weight, each.most_bias) <= each.bound for each in layers},
            "same": {each.name: each.same_as_kaiming for each in layers},
        }

    return read


def keeps(*, ratios: Mapping[str, tuple[float, float]], fading: bool = False, told: str = "") -> Answer:
    """A scheme keeps the gradient's size through ten layers, with every activation; or, `fading`, it doesn't.

    `ratios` are the gradient at the first layer over that at the last, measured and by theory.
    """
    low, high = KEPT
    right: Outcome = "refuted" if fading else "upheld"
    wrong: Outcome = "upheld" if fading else "refuted"
    outcomes: dict[str, Outcome] = {
        name: right if low < each < high else wrong for name, (each, _) in ratios.items()
    }
    number = "; ".join(
        f"{name} {format_number(each)} (theory {format_number(theory)})"
        for name, (each, theory) in ratios.items()
    )
    return statements.parts(
        outcomes=outcomes,
        number=number,
        told="Gradient at the first of ten layers of 64 over that at the last; kept is "
        f"{low} to {high}. {told}".strip(),
    )


def _keeps(*asked: tuple[str, str], **more: Any) -> Any:
    """Return what reads the stacks of these schemes and activations."""

    def read(found: Found) -> Mapping[str, Any]:
        ratios: dict[str, tuple[float, float]] = {}
        several = len({scheme for scheme, _ in asked}) > 1
        for scheme, activation in asked:
            stacks = found.explained.stacks
            each = stacks[activation, scheme]
            name = f"{activation} under `{scheme}`" if several else activation
            ratios[name] = each.gradient_ratio, each.theory_ratio
        return {"ratios": ratios} | more

    return read


def _xavier(found: Found) -> Mapping[str, Any]:
    """Return what reads both schemes with both activations, and why the doctor advises one all the same."""
    common, normalised = XAVIERS
    left = {place: each.gradient_ratio for place, each in found.explained.stacks.items()}
    asked = _keeps(*((scheme, each) for scheme in XAVIERS for each in ("sigmoid", "tanh")))
    tanh, usual, sigmoid = (
        format_number(left[place])
        for place in (("tanh", normalised), ("tanh", common), ("sigmoid", normalised))
    )
    return {
        **asked(found),
        "told": f"Kept is more than not vanished: of tanh's gradient {tanh} is left after ten layers of "
        f"`{normalised}`, and {usual} of `{common}`, PyTorch's default. The doctor calls a gradient vanished "
        f"below {VANISHED:g}, and advises the first against that, for tanh. Of sigmoid's {sigmoid} is left; "
        "there it advises ReLU.",
    }


def sample(*, drawn: Mapping[str, tuple[bool, float, tuple[float, float], float]]) -> Answer:
    """1,000 weights lie within the bounds, with the formula's deviation inside their interval.

    By scheme: whether all are inside, the deviation, its 95 % interval, and theory's.
    """
    outcomes: dict[str, Outcome] = {
        name: "upheld" if inside and low <= theory <= high else "refuted"
        for name, (inside, _, (low, high), theory) in drawn.items()
    }
    number = "; ".join(
        f"{name} {format_number(std)} ({format_number(low)} to {format_number(high)}), theory "
        f"{format_number(theory)}"
        for name, (_, std, (low, high), theory) in drawn.items()
    )
    return statements.parts(outcomes=outcomes, number=number, told="Standard deviations of one draw, seed 0.")


def _sample(found: Found) -> Mapping[str, Any]:
    drawn: dict[str, Any] = {}
    for name in STACK_SCHEMES:
        each = found.explained.init.samples[name]
        drawn[f"`{name}`"] = each.inside, each.std, each.std_interval or (math.nan, math.nan), each.law.std
    return {"drawn": drawn}


def _sources(found: Found) -> Mapping[str, Any]:
    wanted: Sequence[tuple[str, str]] = (("xavier_uniform", "Glorot"), ("he_normal", "He"))
    sources = {each.label: each.source for each in find_schemes([label for label, _ in wanted])}
    return {
        "facts": {f"{name} for `{label}`": name in sources[label] for label, name in wanted},
        "number": f"{len(sources)} papers",
        "told": " ".join(f"`{label}`: {source.removesuffix('.')}." for label, source in sources.items()),
    }


COMMON = (
    "It is PyTorch's default by another name. Glorot and Bengio's paper calls it the common heuristic, and "
    "shows that "
    "gradients shrink under it; what bears Xavier Glorot's name is the normalised one."
)
STATEMENTS: tuple[Statement, ...] = (
    _statement(
        "67", "PyTorch draws U(±1/√fan_in) for Linear.", "layers that torch made", default, _default("Linear")
    ),
    _statement("68", "And for Conv1d.", "layers that torch made", default, _default("Conv1d")),
    _statement(
        "69",
        "Xavier, U(±1/√n), keeps signals as large as they are.",
        "a stack of ten layers",
        keeps,
        _keeps(("xavier", "linear"), ("xavier", "tanh")),
        "40 stacks",
        COMMON,
    ),
    _statement(
        "70",
        "Normalised Xavier is U(±√6/√(n_in + n_out)), and keeps them.",
        "a stack of ten layers",
        keeps,
        _keeps(("xavier_uniform", "linear"), ("xavier_uniform", "tanh")),
        "40 stacks",
    ),
    _statement(
        "71",
        "Xavier is for sigmoid and tanh (taken as: with them it keeps the gradient's size).",
        "a stack of ten layers, from 1/√n and normalised",
        keeps,
        _xavier,
        "40 stacks",
        "The derivation takes the activation for linear about 0; sigmoid's slope there is ¼.",
    ),
    _statement(
        "72",
        "With ReLU Xavier is a problem.",
        "a stack of ten layers, normalised Xavier",
        keeps,
        _keeps(("xavier_uniform", "relu"), fading=True, told="Upheld if it isn't kept."),
        "40 stacks",
    ),
    _statement(
        "73",
        "He, N(0, √(2/n)), is for ReLU.",
        "a stack of ten layers",
        keeps,
        _keeps(("he_normal", "relu"), told="√(2/n) is the deviation, not the variance."),
        "40 stacks",
    ),
    _statement(
        "74",
        "10 inputs, 1,000 weights: within the bounds, with the formula's deviation.",
        "the worked example",
        sample,
        _sample,
        "1",
    ),
    _statement(
        "75", "Each scheme has its authors and paper.", "its table of sources", statements.done, _sources
    ),
)
