"""The blocks of docs/loss.md."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from measure.blocks import cell, chance, percent, points, table
from measure.explained import Explained, carry_out, pictures_of
from trainlab.draw import format_number
from trainlab.explain import pairing
from trainlab.explain.questions.loss.outliers import percent as climb
from trainlab.explain.questions.loss.pairing import PairRate
from trainlab.stats import share_words

TAUGHT = (
    ("regression", "linear", "mse"),
    ("regression", "linear", "l1"),
    ("regression", "linear", "huber"),
    ("binary", "sigmoid", "bce"),
    ("binary", "sigmoid", "cross_entropy"),
    ("classes", "softmax", "cross_entropy"),
    ("classes", "softmax", "nll"),
)
"""The assignment's table, row by row."""

INSTEAD = (
    ("binary", "linear", "bce_with_logits"),
    ("binary", "sigmoid", "mse"),
    ("binary", "sigmoid", "bce_with_logits"),
    ("classes", "linear", "cross_entropy"),
    ("classes", "log_softmax", "nll"),
)
"""Pairs beside them: what PyTorch's classes want, and two common ones that aren't to choose."""

DRAWS = 1_000
CLASSES = (2, 3, 10)

PROBABILITIES = (0.9, 0.1, 0.01, 1e-6)

WORDS = {"regression": "regression", "binary": "two classes", "classes": "many classes"}

__all__ = ["BLOCKS", "carry_out", "pictures"]

PICTURED = {"slopes": ("shapes", 1), "outliers": ("outliers", 0), "fits": ("outliers", 1)}
"""The page's pictures: the section of the explanation that has each, and its place there."""


def loss_answer(explained: Explained) -> str:
    """The answer in three sentences."""
    own, *others = explained.loss.rates
    best = max(others, key=lambda each: each.solved.k)
    assert explained.loss.outliers is not None
    by_label = {each.label: each for each in explained.loss.outliers.losses}
    return (
        "A loss says in one number how far predictions are from targets, and its slope says in which "
        f"direction, and how strongly, to correct them. With {own.output} and {own.loss}, as the assignment "
        f"began, 2-5-4-1 solved XOR from {share_words(own.solved)}; with {best.output} and {best.loss}, made "
        f"for two classes, from {share_words(best.solved)}. A fifth of the targets shifted far off "
        f"multiplies the error on clean data by {by_label['mse'].ratio} under MSE and by "
        f"{by_label['l1'].ratio} under L1."
    )


def loss_pairs(explained: Explained) -> str:
    """The assignment's pairing table, judged, and what to use instead."""
    return _pairs(TAUGHT) + "\n\nAnd beside the table:\n\n" + _pairs(INSTEAD)


def single_output(*, draws: int = DRAWS) -> tuple[float, float]:
    """Return the largest loss and gradient that PyTorch's CrossEntropyLoss has of one sigmoid output.

    Of XOR's four targets, at `draws` sets of sums from N(0, 10²).
    """
    import torch

    targets = torch.tensor([[0.0], [1.0], [1.0], [0.0]], dtype=torch.float64)
    normal = np.random.default_rng(0).normal(scale=10.0, size=(draws, 4, 1))
    losses, slopes = list[float](), list[float]()
    for sums in torch.from_numpy(normal):
        sums.requires_grad_()
        loss = torch.nn.CrossEntropyLoss()(torch.sigmoid(sums), targets)
        (gradient,) = torch.autograd.grad(loss, sums)
        losses.append(abs(loss.item()))
        slopes.append(float(gradient.abs().max()))
    return max(losses), max(slopes)


def loss_single(explained: Explained) -> str:
    """What PyTorch's CrossEntropyLoss makes of one sigmoid output."""
    loss, slope = single_output()
    return (
        f"Tried with PyTorch: over {DRAWS:,} draws of the last sums for XOR's four points the largest loss "
        f"is {format_number(loss)} and the largest gradient {format_number(slope)}."
    )


def twice(classes: int) -> tuple[float, float]:
    """Return the most that a softmax after a softmax can give the right class, and the least loss then."""
    most = np.e / (np.e + classes - 1.0)
    return float(most), float(-np.log(most))


def loss_twice(explained: Explained) -> str:
    """What remains reachable with a softmax before CrossEntropyLoss, by number of classes."""
    rows = [
        (f"{classes}", f"{100 * most:.1f} %", format_number(least), "100 %", "0")
        for classes in CLASSES
        for most, least in [twice(classes)]
    ]
    heads = ("classes", "softmax twice: at most", "least loss then", "softmax once: at most", "least loss")
    return table(heads, rows)


def _pairs(asked: Sequence[tuple[str, str, str]]) -> str:
    rows: list[tuple[str, ...]] = []
    for kind, output, loss in asked:
        found = pairing(kind, output, loss)
        rows.append(
            (
                WORDS[kind],
                output,
                f"{loss} (`nn.{found.torch_class}`)",
                found.takes,
                cell(found.gradient),
                f"**{found.verdict}**" + (f": {found.reason}" if found.verdict == "wrong" else ""),
            )
        )
    heads = ("task", "output", "loss", "the class takes", "what arrives at the last sum", "the pair is")
    return table(heads, rows)


def loss_log(explained: Explained) -> str:
    """What the logarithm does to a right answer with a small probability."""
    rows = [
        tuple(format_number(float(each)) for each in row)  # type: ignore[arg-type]
        for row in explained.loss.numbers["log_table"]
        if row[0] in PROBABILITIES
    ]
    heads = ("p", "−ln p", "(1 − p)²", "1 − p", "slope of −ln p at the last sum", "slope of (1 − p)² there")
    return table(heads, rows)


def loss_two_classes(explained: Explained) -> str:
    """XOR with other outputs and losses."""
    return _rates(explained.loss.rates)


def loss_many_classes(explained: Explained) -> str:
    """Three spiral arms with other outputs and losses."""
    return _rates(explained.classes)


def _rates(rates: Sequence[PairRate]) -> str:
    rows = [
        (
            f"{each.output} + {each.loss}",
            each.verdict,
            percent(each.solved),
            *(
                ("–", "–", "–")
                if each.difference is None
                else (points(each.difference.value), chance(each.difference.p_adjusted), each.reading or "–")
            ),
        )
        for each in rates
    ]
    heads = (
        "output + loss",
        "by the table",
        "solved",
        "difference to the first, points",
        "p (Holm)",
        "reading",
    )
    return table(heads, rows)


def loss_outliers(explained: Explained) -> str:
    """Errors with outliers and without, and how smoothly the loss comes down."""
    outliers = explained.loss.outliers
    assert outliers is not None
    rows = [
        (each.label, str(each.clean), str(each.dirty), str(each.ratio), climb(each.climbs))
        for each in outliers.losses
    ]
    heads = ("loss", "clean error", "with outliers", "times", "climb of the loss")
    statements = "\n".join(
        f"- “{each.statement}”: **{each.reading}**; {each.evidence}." for each in outliers.statements
    )
    return f"{table(heads, rows)}\n\n{statements}"


def pictures(explained: Explained) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return pictures_of("loss", explained.loss, PICTURED)


BLOCKS: tuple[Callable[[Explained], str], ...] = (
    loss_answer,
    loss_pairs,
    loss_single,
    loss_twice,
    loss_log,
    loss_two_classes,
    loss_many_classes,
    loss_outliers,
)
