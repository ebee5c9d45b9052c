"""What the assignment states about initial weights: equal, small and large ones, and their signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from measure import statements
from measure.blocks import percent, points
from measure.statements import Answer, Found, Outcome, Question, Statement
from measure.xor_studies import of
from trainlab.draw import format_number, join
from trainlab.explain.questions.init import signals_section as means
from trainlab.explain.questions.init.sizes import Claim
from trainlab.stats import Rate, ReadEstimate, Reading
from trainlab.studies.verdicts.change_verdicts import OUTCOMES

PAGE, PLACE, ASKED = "init", "question 3", "`trainlab explain init`"
_statement = Question(page=PAGE, place=PLACE, command=ASKED).statement
FADED = 0.1
"""A gradient that is less than this at the first layer, relative to the last, is called vanished."""


def equal(*, most: Mapping[str, int], gradients: Mapping[str, int], own: Mapping[str, Rate]) -> Answer:
    """Neurons that begin equal get the same gradient and stay the same: one a layer, in every start.

    `most` and `gradients` are, by start, the most neurons of a layer that differ after training, and that
    have different gradients at the start; `own` are the shares solved where only the weights are equal.
    """
    outcomes: dict[str, Outcome] = {
        start: "upheld" if most[start] == gradients[start] == 1 else "refuted" for start in most
    }
    shares = [f"{name} {percent(each)}" for name, each in own.items()]
    number = "; ".join(f"{start}: {count} a layer" for start, count in most.items())
    return statements.parts(
        outcomes=outcomes,
        number=number,
        told="Different neurons of a layer after training."
        + (f" Solved where biases are drawn: {join(shares)}." if shares else ""),
    )


def _equal(*starts: str) -> Any:
    def read(found: Found) -> Mapping[str, Any]:
        symmetry = found.explained.init.symmetry
        layers = {
            start: [layer for each in symmetry if each.start == start for layer in each.layers]
            for start in starts
        }
        return {
            "most": {start: max(layer.most for layer in each) for start, each in layers.items()},
            "gradients": {
                start: max(layer.distinct_gradients for layer in each) for start, each in layers.items()
            },
            "own": {
                f"{each.network} from {each.start.split(',')[0].removeprefix('weights ')}": each.solved
                for each in symmetry
                if each.start in starts and each.start.endswith("own biases")
            },
        }

    return read


def sizes(*, claims: Mapping[str, tuple[ReadEstimate, Rate, Rate]]) -> Answer:
    """A size of the weights is wrong: it solves fewer than size 1 does, in every case.

    `claims` has the difference, the share solved at 1 and that at the size, by network and draw. Where hardly
    any is solved at either nothing can be said.
    """
    outcomes: dict[str, Outcome] = {}
    for name, (difference, usual, solved) in claims.items():
        few = max(usual.high, solved.high) < statements.SELDOM
        outcomes[name] = "mixed" if few else _worse(difference)
    words: dict[Outcome, str] = {"upheld": "fewer solved", "refuted": "not fewer", "mixed": "open"}
    found = {
        word: [f"{name} {points(claims[name][0].value)}" for name in claims if outcomes[name] == outcome]
        for outcome, word in words.items()
    }
    number = "; ".join(f"{word}: {', '.join(each)}" for word, each in found.items() if each)
    return statements.parts(
        outcomes=outcomes,
        number=number,
        told="Difference in the share solved, against 1, in points.",
    )


def _worse(difference: ReadEstimate) -> Outcome:
    turned: dict[Outcome, Outcome] = {"upheld": "refuted", "mixed": "mixed"}
    if difference.reading == "hurts":
        return "upheld"
    return turned.get(OUTCOMES[difference.reading] or "mixed", "refuted")


def _sizes(value: float) -> Any:
    def read(found: Found) -> Mapping[str, Any]:
        asked = [each for each in found.explained.init.claims if each.value == value]
        return {"claims": {_case(each): (each.difference, each.usual, each.solved) for each in asked}}

    return read


def _case(claim: Claim) -> str:
    return f"{claim.case} {f'N(0, {claim.value:g}²)' if claim.draw == 'normal' else f'U(±{claim.value:g})'}"


def mean_zero(
    *, agreeing: int, without: int, lost: int, readings: Mapping[str, Reading], number: str, told: str = ""
) -> Answer:
    """Activations ought to have mean zero: then gradients keep their size, and more is solved.

    Of stacks `agreeing` are as the rule says, `without` pass gradients on whole though their mean isn't zero,
    and `lost` don't though it is. `readings` is what it does to learning, by network.
    """
    stacks: Outcome = "upheld" if not without + lost else "refuted" if not agreeing else "in part"
    outcomes = {"gradients in stacks": stacks}
    outcomes |= {f"learning, {name}": OUTCOMES[each] or "mixed" for name, each in readings.items()}
    return statements.parts(outcomes=outcomes, number=number, told=told)


def _mean_zero(found: Found) -> Mapping[str, Any]:
    """Return how stacks fare, and what the change to tanh would do: change C the other way round.

    Where the study's verdict on the change turns with the reading of solved, nothing is seen.
    """
    study = found.studies.xor44
    judged = [each for each in of(study, "change") if each.statement.startswith("Change C ")]
    effects = {each.network: each.main for each in study.effects if each.change == "C" and each.main}
    back: dict[Reading, Reading] = {"helps": "hurts", "hurts": "helps"}
    stacks = found.explained.stacks
    held = means.mean_zero([(f"{name} with {scheme}", each) for (name, scheme), each in stacks.items()])
    learning = "; ".join(f"{name} {points(main.value)}" for name, main in effects.items())
    return {
        "agreeing": len(held.agreeing),
        "without": len(held.without),
        "lost": len(held.lost),
        "readings": {
            network: "no difference seen" if each.outcome == "mixed" else back.get(main.reading, main.reading)
            for (network, main), each in zip(effects.items(), judged, strict=True)
        },
        "number": f"{len(held.agreeing)} of {len(stacks)} stacks agree; sigmoid less tanh: {learning}",
        "told": f"{held.sentence} Learning is asked of change C the other way round, as tanh has mean 0 "
        "and sigmoid ½.",
    }


def fades(*, small: Mapping[str, float], large: Mapping[str, float]) -> Answer:
    """Too small weights let the gradient vanish and too large ones explode, in every network.

    Both are the gradient at the first layer over that at the last, at the start.
    """
    outcomes: dict[str, Outcome] = {
        f"vanishing in {name}": "upheld" if each < FADED else "refuted" for name, each in small.items()
    }
    outcomes |= {
        f"exploding in {name}": "upheld" if each > 1 / FADED else "refuted" for name, each in large.items()
    }
    told = [f"{name} {format_number(each)} and {format_number(large[name])}" for name, each in small.items()]
    return statements.parts(
        outcomes=outcomes,
        number="; ".join(told),
        told=f"Gradient at the first layer over that at the last, from N(0, 0.5²) and N(0, 1.5²). Vanished "
        "is below "
        f"{FADED:g}, exploded above {1 / FADED:g}.",
    )


def _fades(found: Found) -> Mapping[str, Any]:
    ratios = found.explained.init.numbers["gradient_ratios"]
    by_size = {
        size: {each["case"]: each["measured"] for each in ratios if each["std"] == size}
        for size in (0.5, 1.5)
    }
    return {"small": by_size[0.5], "large": by_size[1.5]}


def variance(*, kept: Mapping[int, Rate], faded: Mapping[int, Rate]) -> Answer:
    """The same variance in every layer is better: a scheme that keeps it solves more than one that doesn't.

    Both are shares solved, by how many layers.
    """
    outcomes: dict[str, Outcome] = {}
    for depth, each in kept.items():
        other = faded[depth]
        outcomes[f"{depth} layers"] = (
            "upheld" if each.low > other.high else "refuted" if each.high < other.low else "mixed"
        )
    number = "; ".join(f"{depth} layers: {percent(kept[depth])}, {percent(faded[depth])}" for depth in kept)
    return statements.parts(
        outcomes=outcomes,
        number=number,
        told="Tanh: He, which keeps it, and PyTorch's default, under which it fades.",
    )


def _variance(found: Found) -> Mapping[str, Any]:
    learnt = {(e.scheme, e.depth): e.solved for e in found.explained.init.learning if e.activation == "tanh"}
    return {
        "kept": {depth: learnt["he_normal", depth] for depth in (4, 8)},
        "faded": {depth: learnt["default", depth] for depth in (4, 8)},
    }


STATEMENTS: tuple[Statement, ...] = (
    _statement(
        "60",
        "From zero all neurons of a layer get the same gradient and stay the same.",
        "neurons that differ after training",
        equal,
        _equal("all 0"),
        "100",
    ),
    _statement(
        "61",
        "From any constant it is the same.",
        "neurons that differ after training",
        equal,
        _equal(
            "weights 0.5, biases 0",
            "weights 1.5, biases 0",
            "weights 0.5, own biases",
            "weights 1.5, own biases",
        ),
        "100 a start",
        "True where biases are equal, too. PyTorch's random biases break the symmetry.",
    ),
    _statement(
        "62",
        "0.5 is too small: the cost converges before its minimum.",
        "share solved, against 1",
        sizes,
        _sizes(0.5),
        "1,000 each",
        "Only whether fewer are solved was asked, not whether the cost stops before its minimum.",
    ),
    _statement(
        "63",
        "1.5 is too large: it oscillates around the minimum.",
        "share solved, against 1",
        sizes,
        _sizes(1.5),
        "1,000 each",
        "Only whether fewer are solved was asked, not whether the cost oscillates.",
    ),
    Statement(
        number="64",
        said="Rule of thumb: activations with mean zero.",
        place=PLACE,
        asked=f"{ASKED}: means and gradients of stacks; `trainlab study xor44`: change C the other way round",
        rule=mean_zero,
        read=_mean_zero,
        page=PAGE,
        seeds="1,000 each",
    ),
    _statement(
        "65",
        "Rule of thumb: the same variance in every layer.",
        "share solved by scheme and depth",
        variance,
        _variance,
        "200 each",
    ),
    _statement(
        "66",
        "Too small weights mean vanishing gradients, too large ones exploding.",
        "gradients at the start",
        fades,
        _fades,
        "200 networks each",
    ),
)
