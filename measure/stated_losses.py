"""What the assignment states about what a loss is, and which goes with which output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from measure import statements
from measure.blocks import percent
from measure.explained import CLASSES_SEEDS
from measure.statements import Answer, Found, Outcome, Question, Statement
from measure.xor_studies import loss_by_point
from trainlab.draw import format_number
from trainlab.explain import pairing
from trainlab.maths import LOSSES
from trainlab.maths.activation_functions import softmax
from trainlab.stats import Rate, Reading
from trainlab.studies.verdicts.change_verdicts import OUTCOMES

PAGE, PLACE, ASKED = "loss", "question 4", "`trainlab explain loss`"
_statement = Question(page=PAGE, place=PLACE, command=ASKED).statement
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
    return statements.parts(outcomes=outcomes, number=number, told=told)


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
    return statements.parts(outcomes=outcomes, number=number, told=told)


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
    return statements.parts(outcomes=outcomes, number=number, told=told)


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
    return statements.parts(outcomes=outcomes, number=number, told="Shares solved.")


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
    } | {"the mathematics": "upheld" if gap < statements.EXACT else "refuted"}
    number = "; ".join(f"{name} {percent(each)}" for name, each in solved.items())
    return statements.parts(
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
    return statements.parts(outcomes=outcomes, number=number, told="A letter too few: `nn.NLLLoss` is meant.")


def _named(found: Found) -> Mapping[str, Any]:
    import torch

    return {"known": {"LLLoss": hasattr(torch.nn, "LLLoss")}}


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
        statements.exact,
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
)
