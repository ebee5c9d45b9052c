"""What the assignment states on losses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from docs import rules
from docs.asked import own_loss
from docs.explained import CLASSES_SEEDS
from docs.figures import loss_by_point
from docs.rules import Answer, Outcome
from docs.stated import Found, Statement
from docs.words import percent, under
from trainlab.draw import format_number, join
from trainlab.explain import pairing
from trainlab.explain.questions.loss.outliers import CLIMBS, DIRTY, SHRUGGED
from trainlab.explain.questions.loss.outliers import percent as climb
from trainlab.maths import LOSSES
from trainlab.maths.activation_functions import softmax
from trainlab.stats import SIGNIFICANCE, Rate, Reading
from trainlab.studies.verdicts.rules import OUTCOMES

PAGE, PLACE, ASKED = "loss", "question 4", "`trainlab explain loss`"
ROUNDING = 1e-5
"""Float32 losses are so near to those of their predictions, relatively."""
FAITHFUL = 0.9


def defined(*, gaps: Mapping[str, float]) -> Answer:
    """A loss is one number made of predictions and targets: made of them again, it is the same."""
    outcomes: dict[str, Outcome] = {
        name: "upheld" if gap < ROUNDING else "refuted" for name, gap in gaps.items()
    }
    number = f"at most {format_number(max(gaps.values()), digits=1)}"
    told = "Recorded losses against those of the predictions, relatively, over all runs."
    return rules.parts(outcomes=outcomes, number=number, told=told)


def _defined(found: Found) -> Mapping[str, Any]:
    gaps: dict[str, float] = {}
    for name, changes in (("L1", ()), ("MSE", ("B",))):
        runs = found.studies.cell("Model 1", *changes).runs
        again = loss_by_point(runs).mean(axis=1)
        gaps[name] = float(np.max(np.abs(again - runs.loss) / (np.abs(again) + 1e-6)))
    return {"gaps": gaps}


def higher(*, ranks: Mapping[str, float]) -> Answer:
    """A higher loss is farther off: runs in the order of the loss are in that of their errors.

    `ranks` are Spearman's correlations of the two, by cell.
    """
    outcomes: dict[str, Outcome] = {
        name: "upheld" if each > FAITHFUL else "refuted" if each <= 0 else "in part"
        for name, each in ranks.items()
    }
    number = ", ".join(f"{name} {each:.2f}" for name, each in ranks.items())
    told = (
        f"Rank correlation of the loss and the mean or largest |error| at the end; upheld above {FAITHFUL}."
    )
    return rules.parts(outcomes=outcomes, number=number, told=told)


def _higher(found: Found) -> Mapping[str, Any]:
    cells = {"L1": ("Model 1",), "MSE": ("Model 1", "B")}
    ranks: dict[str, float] = {}
    for name, asked in cells.items():
        runs = found.studies.cell(*asked).runs
        gaps = np.abs(runs.predictions.astype(np.float64) - runs.experiment.data().targets)
        ranks[f"{name} and mean error"] = _correlation(_ranks(runs.loss), _ranks(gaps.mean(axis=(1, 2))))
        ranks[f"{name} and largest error"] = _correlation(_ranks(runs.loss), _ranks(gaps.max(axis=(1, 2))))
    return {"ranks": ranks}


def _ranks(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(np.float64)


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def _derivative(found: Found) -> Mapping[str, Any]:
    gap = found.explained.loss.numbers["autograd_difference"]
    return {"gaps": {"derivatives by formula and by PyTorch's autograd": float(gap)}}


def paired(*, verdicts: Mapping[str, str], told: str = "") -> Answer:
    """A pair of output and loss belongs together: by the rules of the pairing table, each right."""
    outcomes: dict[str, Outcome] = {
        name: "upheld" if each == "right" else "refuted" if each == "wrong" else "in part"
        for name, each in verdicts.items()
    }
    number = ", ".join(f"{name}: {each}" for name, each in verdicts.items())
    return rules.parts(outcomes=outcomes, number=number, told=told)


def _regression(found: Found) -> Mapping[str, Any]:
    return {
        "verdicts": {loss: pairing("regression", "linear", loss).verdict for loss in ("mse", "l1", "huber")},
        "told": "By the rules alone: no population was asked.",
    }


def binary(*, verdict: str, reading: Reading, solved: Mapping[str, Rate]) -> Answer:
    """Two classes go with a sigmoid and binary cross-entropy: right by the rules, and more are solved.

    `reading` is how the difference to the assignment's own output and loss reads.
    """
    outcomes: dict[str, Outcome] = {
        "by the rules": "upheld" if verdict == "right" else "refuted" if verdict == "wrong" else "in part",
        "on XOR": OUTCOMES[reading] or "mixed",
    }
    number = "; ".join(f"{name} {percent(each)}" for name, each in solved.items())
    return rules.parts(outcomes=outcomes, number=number, told="Shares solved.")


def _binary(found: Found) -> Mapping[str, Any]:
    rates = {(each.output, each.loss): each for each in found.explained.loss.rates}
    own, bce = found.explained.loss.rates[0], rates["sigmoid", "bce"]
    return {
        "verdict": pairing("binary", "sigmoid", "bce").verdict,
        "reading": bce.reading,
        "solved": {each.label: each.solved for each in (bce, own)},
    }


def _cross(found: Found) -> Mapping[str, Any]:
    pair = pairing("binary", "sigmoid", "cross_entropy")
    return {
        "verdicts": {"sigmoid + CrossEntropyLoss": pair.verdict},
        "told": f"{pair.reason} Better: {pair.remedy}.",
    }


def many(*, gap: float, readings: Mapping[str, Reading | None], solved: Mapping[str, Rate]) -> Answer:
    """Many classes go with softmax and these losses: in mathematics, and as PyTorch's classes of these names.

    `gap` is between the logarithm of a softmax and cross-entropy. `readings` are, by loss, how the difference
    reads that PyTorch's own way makes, without a second softmax or with its logarithm: "helps" refutes the
    pair as the assignment has it.
    """
    outcomes: dict[str, Outcome] = {
        name: {"helps": "refuted", "hurts": "upheld", "shown to be small": "upheld"}.get(each or "", "mixed")  # type: ignore[misc]
        for name, each in readings.items()
    } | {"the mathematics": "upheld" if gap < rules.EXACT else "refuted"}
    number = "; ".join(f"{name} {percent(each)}" for name, each in solved.items())
    return rules.parts(
        outcomes=outcomes,
        number=number,
        told="Of PyTorch's classes `nn.CrossEntropyLoss` has a softmax of its "
        "own, and "
        "`nn.NLLLoss` wants logarithms. Three spiral arms.",
    )


def _many(found: Found) -> Mapping[str, Any]:
    rates = {(each.output, each.loss): each for each in found.explained.classes}
    shown = [
        ("softmax", "cross_entropy"),
        ("linear", "cross_entropy"),
        ("softmax", "nll"),
        ("log_softmax", "nll"),
    ]
    wrong, right = rates["softmax", "nll"].solved, rates["log_softmax", "nll"].solved
    apart: Reading = (
        "helps" if right.low > wrong.high else "hurts" if right.high < wrong.low else "no difference seen"
    )
    z, y = np.array([[2.0, -1.0, 0.5], [0.1, 0.2, 3.0]]), np.eye(3)[[1, 2]]
    by_hand = -float((y * np.log(softmax(z))).sum() / len(y))
    return {
        "gap": abs(by_hand - LOSSES["cross_entropy"].value(z, y)),
        "readings": {"CrossEntropyLoss": rates["linear", "cross_entropy"].reading, "NLLLoss": apart},
        "solved": {rates[each].label: rates[each].solved for each in shown},
    }


def named(*, known: Mapping[str, bool]) -> Answer:
    """A class of PyTorch has that name."""
    outcomes: dict[str, Outcome] = {name: "upheld" if each else "refuted" for name, each in known.items()}
    number = ", ".join(f"`nn.{name}`: {'there' if each else 'none'}" for name, each in known.items())
    return rules.parts(outcomes=outcomes, number=number, told="A letter too few: `nn.NLLLoss` is meant.")


def _named(found: Found) -> Mapping[str, Any]:
    import torch

    return {"known": {"LLLoss": hasattr(torch.nn, "LLLoss")}}


Lower = tuple[float, float]
"""Of two losses on the same data and seeds: in how many more runs the first is lower, a share, and its p."""


def outliers(
    *, less: Mapping[str, Lower], doubled: Mapping[str, tuple[float, float]], number: str, told: str
) -> Answer:
    """Losses are shown to be lower than another in some respect, and outliers don't double their error.

    `less` has the first by what it says, `doubled` the interval of what outliers multiply the clean error by.
    """
    outcomes: dict[str, Outcome] = {
        name: "mixed" if p >= SIGNIFICANCE else "upheld" if more > 0 else "refuted"
        for name, (more, p) in less.items()
    }
    for name, (low, high) in doubled.items():
        outcomes[name] = "upheld" if high < SHRUGGED else "refuted" if low >= SHRUGGED else "mixed"
    return rules.parts(outcomes=outcomes, number=number, told=told)


def _outliers(label: str, *beside: str, shrugs: bool = False, smooth: bool = False) -> Any:
    """Return what reads the losses whose names begin so; those `beside` are only told.

    `shrugs`: whether outliers harm them; `smooth`: whether the loss comes down without climbing back.
    """

    def read(found: Found) -> Mapping[str, Any]:
        asked = found.explained.loss.outliers
        assert asked is not None
        losses = [each for each in asked.losses if each.label.startswith(label)]
        shown = [*losses, *(each for each in asked.losses if each.label in beside)]
        of = {
            (each.what, each.first, each.second): (each.difference.estimate, each.p_adjusted)
            for each in asked.comparisons
        }
        less: dict[str, Lower] = {}
        doubled: dict[str, tuple[float, float]] = {}
        numbers, told = list[str](), list[str]()
        if shrugs:
            for each in losses:
                less[f"{_listed(each.label)} is harmed less than mse"] = of[DIRTY, each.label, "mse"]
                ends = (each.ratio.low, each.ratio.high) if each.ratio.sure else (0.0, math.inf)
                doubled[f"{_listed(each.label)} has its error less than doubled"] = ends
            numbers.append("error × " + join([f"{each.ratio} ({each.label})" for each in shown]))
            told.append("A fifth of outliers multiplies the clean error.")
        if smooth:
            less |= {
                f"{_listed(each.label)} climbs less than l1": of[CLIMBS, each.label, "l1"] for each in losses
            }
            numbers.append("climbs by " + join([f"{climb(each.climbs)} ({each.label})" for each in shown]))
            told.append("At the end the loss still climbs back, as a share of itself.")
        return {"less": less, "doubled": doubled, "number": "; ".join(numbers), "told": " ".join(told)}

    return read


def _listed(label: str) -> str:
    """Return a loss's label without a comma, for where several are listed."""
    return label.replace(", ", " with ")


def logarithm(*, costs: tuple[float, float], pulls: tuple[float, float]) -> Answer:
    """The logarithm punishes a right answer with a small probability: it costs more, and pulls harder.

    `costs` of −ln p at 0.9 and at 0.01; `pulls` at 0.01 of −ln p and of (1 − p)².
    """
    outcomes: dict[str, Outcome] = {
        "ten times dearer": "upheld" if costs[1] > 10 * costs[0] else "refuted",
        "it pulls harder than (1 − p)²": "upheld" if abs(pulls[0]) > abs(pulls[1]) else "refuted",
    }
    number = f"−ln 0.01 = {format_number(costs[1])}, −ln 0.9 = {format_number(costs[0])}"
    told = (
        f"At p = 0.01 −ln p pulls with {format_number(-pulls[0])}, (1 − p)² with {format_number(-pulls[1])}."
    )
    return rules.parts(outcomes=outcomes, number=number, told=told)


def _logarithm(found: Found) -> Mapping[str, Any]:
    rows = {row[0]: row for row in found.explained.loss.numbers["log_table"]}
    likely, unlikely = rows[0.9], rows[0.01]
    return {"costs": (likely[1], unlikely[1]), "pulls": (unlikely[4], unlikely[5])}


def _own(found: Found) -> Mapping[str, Any]:
    asked = own_loss()
    return {
        "facts": {
            "one's own squared error trains as MSE does": asked.square < rules.EXACT,
            "its fourth power trains otherwise": asked.quartic > rules.EXACT,
        },
        "number": f"own squared error: weights differ from MSE's by {under(asked.square)}",
        "told": "By `trainlab.custom_loss`, in float64. Of the fourth power of the error they differ by "
        f"{format_number(asked.quartic)}.",
    }


def _statement(
    number: str, said: str, asked: str, rule: Any, read: Any, seeds: str = "–", note: str = ""
) -> Statement:
    return Statement(
        number=number,
        said=said,
        place=PLACE,
        asked=f"{ASKED}: {asked}",
        rule=rule,
        read=read,
        page=PAGE,
        seeds=seeds,
        note=note,
    )


STATEMENTS: tuple[Statement, ...] = (
    _statement(
        "76",
        "A loss says how far predictions are from targets.",
        "losses made again of the predictions",
        defined,
        _defined,
        "1,000 each",
    ),
    _statement(
        "77",
        "Its derivative gives direction and size of the correction.",
        "slopes, against autograd",
        rules.exact,
        _derivative,
    ),
    _statement(
        "78",
        "Higher is farther, lower is closer.",
        "runs in the order of the loss and of their errors",
        higher,
        _higher,
        "1,000 each",
    ),
    _statement(
        "79", "Regression: linear output with MSE, L1 or Huber.", "the pairing table", paired, _regression
    ),
    _statement(
        "80",
        "Two classes: sigmoid with binary cross-entropy.",
        "the pairing table, and XOR trained",
        binary,
        _binary,
        "1,000 each",
    ),
    _statement(
        "81",
        "Two classes: sigmoid with CrossEntropyLoss.",
        "the pairing table",
        paired,
        _cross,
    ),
    _statement(
        "82",
        "Many classes: softmax with cross-entropy or NLL.",
        "the pairing table, and three spiral arms trained",
        many,
        _many,
        f"{CLASSES_SEEDS} each",
    ),
    _statement("83", "The class is called `LLLoss`.", "PyTorch's names", named, _named),
    _statement(
        "84",
        "L1 shrugs off outliers.",
        "a sine with outliers",
        outliers,
        _outliers("l1", "mse", shrugs=True),
        "8 on each of 20 data sets",
    ),
    _statement(
        "85",
        "MSE is more stable.",
        "how the loss comes down",
        outliers,
        _outliers("mse", "l1", smooth=True),
        "8 on each of 20 data sets",
    ),
    _statement(
        "86",
        "Huber does both.",
        "a sine with outliers",
        outliers,
        _outliers("huber", shrugs=True, smooth=True),
        "8 on each of 20 data sets",
    ),
    _statement(
        "87",
        "NLL's logarithm punishes a right answer given with a small probability.",
        "formulas",
        logarithm,
        _logarithm,
    ),
    Statement(
        number="88",
        said="Losses may be one's own.",
        place=PLACE,
        asked="XOR trained by a squared error of our own, and by its fourth power",
        rule=rules.done,
        read=_own,
        page=PAGE,
        seeds="1",
    ),
)
