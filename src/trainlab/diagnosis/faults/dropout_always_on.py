"""Dropout that `eval()` can't reach: a function that isn't told the mode, or a layer made in forward.

Silent where the same rows are evaluated many times over: then the answers are averaged, and it is meant. A
note where the line says so itself, with ``training=True``.
"""

from __future__ import annotations

import re

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import DropoutInEval
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

MANY = 5
_TOLD = re.compile(r"\btraining\s*=\s*True\b")


def judge(training: Training) -> Finding | None:
    """Fire if dropout was at work in an evaluation in eval mode."""
    events = training.record.events_of(DropoutInEval)
    if not events or training.record.data.judged_at_once >= MANY:
        return None
    event = events[0]
    told = event.site is not None and _TOLD.search(event.site.text) is not None
    why = (
        "the layer is made in forward(): it isn't part of the network, and eval() doesn't reach it"
        if event.made_anew
        else "the line says training=True, in either mode"
        if told
        else "functional dropout is always on unless it's told the mode"
    )
    finding = Finding(
        place=place_at(event.site, "module", module=event.module, call="dropout"),
        where=event.site.quoted if event.site else event.module,
        confidence=0.9,
        evidence=(
            f"dropout (p = {event.p:g}) is active in {event.count} evaluations, in eval mode",
            why,
        ),
        remedy="Make nn.Dropout in __init__ and call it, or pass training=self.training.",
        code=f"F.dropout(x, {event.p:g}, training=self.training)",
    )
    return finding.as_note() if told else finding


def _picture(training: Training) -> Picture | None:
    """What dropout drops in evaluations."""
    events = training.record.events_of(DropoutInEval)
    pairs = {f"dropout {event.module}".rstrip(): 100 * event.p for event in events}
    title = "What dropout drops in evaluations"
    return bars(title, "% of the units", list(pairs.items()), worst=lambda value: value)


FAULT = Fault(
    name="dropout_always_on",
    family="The loop",
    title="dropout stays on in eval mode",
    what="`eval()` doesn't reach it: `F.dropout(x)` drops always, and so does an `nn.Dropout` that is made "
    "in `forward`. Evaluations are too bad, and others each time.",
    formula="In a pass without gradients dropout drops, called by a module in eval mode, or by a layer that "
    "isn't part of a network in eval mode.",
    source="A fact, counted.",
    silent=f"rows are evaluated {MANY} times over between one step and the next: their answers are averaged. "
    "Where the line itself says `training=True`, as for Monte Carlo dropout, it is a note.",
    remedy="`nn.Dropout` in `__init__`, or `F.dropout(x, p, training=self.training)`.",
    judge=judge,
    picture=_picture,
    untried="it changes the evaluation, not the training",
    not_to_blame="it changes the evaluation, not the training",
)
