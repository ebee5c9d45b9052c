"""A layer that is made anew in each forward pass: new random weights each time, which nothing can train.

A note where its weights are the same each time, as those of a norm or a filter: it's no other function then.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import LayerMadeAnew
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

LEAST = 8


def judge(training: Training) -> Finding | None:
    """Fire if one line called another new layer in at least 8 steps."""
    found = _found(training)
    if not found:
        return None
    event = found[0]
    site, others = event.site, _is_another(event)
    weights = "random weights are new" if len(event.different) > 1 else "weights are the same"
    finding = Finding(
        place=place_at(site, "module", module=event.module, call=event.kind),
        where=site.quoted if site else f"the {event.kind} within forward()",
        confidence=0.95,
        evidence=(
            f"in each of {event.ticks} steps looked at, this line called another {event.kind}, "
            f"which isn't part of the network: its {weights} each time",
            "no optimizer has these weights, and no evaluation meets them again"
            if others
            else "no optimizer has these weights: they stay as they begin",
        ),
        remedy="Make the layer once, in __init__, and call it in forward().",
        code=f"def __init__(self, …):\n    self.layer = nn.{event.kind}(…)\n\n"
        "def forward(self, x):\n    … self.layer(x) …",
    )
    return finding if others else finding.as_note()


def _found(training: Training) -> list[LayerMadeAnew]:
    """Return such layers, first those that are other functions each time."""
    found = [event for event in training.record.events_of(LayerMadeAnew) if event.ticks >= LEAST]
    return sorted(found, key=lambda event: not _is_another(event))


def _is_another(event: LayerMadeAnew) -> bool:
    """Whether weights are drawn anew; batch-norm has statistics besides, which are never gathered."""
    return len(event.different) > 1 or "BatchNorm" in event.kind


def _picture(training: Training) -> Picture | None:
    """How many layers there were at each line, one after the other."""
    pairs = [
        (f"{event.kind}{f' at line {event.site.line}' if event.site else ''}", float(event.count))
        for event in _found(training)
    ]
    return bars("Layers made one after the other", "layers", pairs)


FAULT = Fault(
    name="layer_made_in_forward",
    family="The network",
    title="a layer is made anew in each forward pass",
    what="`nn.Linear(…)(x)` within `forward` draws new weights in each call: what it computes is another "
    "random function each time, and no step trains it.",
    formula=f"One line of a network's pass calls a layer with weights of its own that isn't part of the "
    f"network, and another one in each of at least {LEAST} steps looked at.",
    source="A fact, counted.",
    silent="it is the same layer each time, its weights are the network's, or they are computed or need no "
    "gradient. Where they are the same each time, as those of a norm, it is a note.",
    remedy="Make the layer in `__init__`, and call it in `forward`.",
    judge=judge,
    picture=_picture,
    untried="a layer that is gone after each pass can't be kept from outside",
    explains=(
        Explains(
            ("capacity_too_small", "loss_plateau", "oscillating_loss", "shuffled_targets"),
            "its random weights are others in each pass",
        ),
    ),
)
