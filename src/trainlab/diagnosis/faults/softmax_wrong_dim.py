"""Softmax normalizes over another axis than the one that its weights are summed over."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.dependence import Dependence, PassCall
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

MOST = 0.5
"""So large a share of the rows has to change."""
GOOD = 0.95
"""Accuracy, or R²: a network that reaches it may normalize over its queries on purpose."""


def judge(training: Training) -> Finding | None:
    """Look for softmax over the rows of a batch, and for attention that sums over what isn't normalized."""
    if training.learning.adversarial:
        return None
    for asked in training.record.dependences:
        if asked.over_rows and asked.others > MOST and asked.regrouped:
            return _over_rows(asked, asked.over_rows[0])
        if asked.over_queries:
            finding = _over_queries(asked, asked.over_queries[0])
            return finding.as_note() if training.learning.reached > GOOD else finding
    return None


def _over_rows(asked: Dependence, call: PassCall) -> Finding:
    others = asked.rows - 1
    return Finding(
        place=place_at(call.site, "call", call=call.name),
        where=f"{asked.name} at {call.site.quoted if call.site else call.name}",
        confidence=0.93,
        evidence=(
            f"{call.name} of {list(call.given)} over axis {call.axis}, the {asked.rows} rows asked: the "
            "examples "
            "of a batch share one sum of 1",
            f"asked at the end in eval mode, {round(asked.others * others)} of {others} rows got other "
            "answers "
            "when another row of their batch was replaced",
        ),
        remedy="Normalize over the axis of what is chosen among: the places of a sequence, or the classes.",
        code="torch.softmax(scores, dim=1)  # not the axis of the batch",
    )


def _over_queries(asked: Dependence, call: PassCall) -> Finding:
    other = {len(call.given) - 1: len(call.given) - 2}.get(call.axis, len(call.given) - 1)
    return Finding(
        place=place_at(call.site, "call", call=call.name),
        where=f"{asked.name} at {call.site.quoted if call.site else call.name}",
        confidence=0.9,
        evidence=(
            f"{call.name} of the scores {list(call.given)} over axis {call.axis}; their product with the "
            "values "
            f"sums over axis {other}",
            "the weights of one sum don't add up to 1: queries compete for each key, where keys ought to "
            "compete for each query",
        ),
        remedy=f"Normalize over the axis that is summed over: dim={other - len(call.given)}.",
        code=f"weights = scores.softmax(dim={other - len(call.given)})",
    )


def _picture(training: Training) -> Picture | None:
    """The scores, and which axis is normalized."""
    for asked in training.record.dependences:
        for call in (*asked.over_rows, *asked.over_queries):
            return {
                "kind": "shapes",
                "title": "What softmax normalizes",
                "boxes": [
                    {"label": "scores", "shape": list(call.given), "wrong": False},
                    {"label": "share a sum of 1", "shape": [call.given[call.axis]], "wrong": True},
                ],
            }
    return None


FAULT = Fault(
    name="softmax_wrong_dim",
    family="The network",
    title="softmax normalizes over the wrong axis",
    what="Attention weights are to add up to 1 over the keys that are summed; normalized over the queries or "
    "over the batch they don't, and other examples or other queries decide how much an answer gets.",
    formula=f"Softmax in the network normalizes over the rows of the batch, and over {MOST:.0%} of the rows "
    "asked at the end, in eval mode, get other answers if another row is replaced. Or scores that are the "
    "product of two activations are normalized over one axis, and their product with the values sums over "
    "the other one.",
    source="A fact, read off the calls of a copy's pass.",
    silent="rows are never met in another batch (a batch may be a set of its own), weights are "
    "normalized anew before they are used (slot attention), scores come from a layer "
    "rather than from a product (soft assignments), both factors are weights, or rows are chosen by "
    f"rank (experts that choose theirs); over {GOOD:g} accuracy or R² attention over queries is a note.",
    remedy="Normalize over the keys: `scores.softmax(dim=-1)`.",
    judge=judge,
    picture=_picture,
    untried="what each axis means isn't known",
    explains=(
        Explains(
            ("loss_plateau", "capacity_too_small", "lr_too_low", "shuffled_targets", "overfitting"),
            "what is attended to is decided by other examples or queries",
        ),
    ),
)
