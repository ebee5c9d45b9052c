"""A tensor leaves the autograd graph on its way to the loss: what lies before it learns nothing.

The place is the call, inside the network or on the way to the loss, whose input was computed from just
these parameters: ``detach()``, ``.data``, ``torch.tensor(…)``, ``argmax``, ``no_grad``.
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import Event, ParamSeen
from trainlab.diagnosis.signals.case import Case, modules_of

FAULT = "detached_graph"
LEAST = 10


def judge(case: Case) -> Finding | None:
    """Fire if a loss has no graph at all, or if a cut explains parameters without gradient."""
    for stream in case.seen.streams:
        if stream.leafs >= 5 and stream.leafs > 0.5 * stream.count:
            return Finding(
                fault=FAULT,
                where=f"the loss at {stream.site.quoted}" if stream.site else "the loss",
                confidence=0.97,
                evidence=(
                    f"{stream.leafs} of {stream.count} losses that backward() was called on "
                    "have no graph: they are "
                    "new tensors, not results of the network",
                ),
                remedy="Call backward() on the loss itself, not on a tensor made of its value.",
                code="loss = criterion(model(x), y)\nloss.backward()",
            )
    lost = without_gradient(case)
    cut = cut_above(case, lost) if lost else None
    if cut is None:
        return None
    called = {"data": ".data", "tensor": "torch.tensor(…)", "no_grad": "torch.no_grad()"}.get(
        str(cut.facts["name"]), f"{cut.facts['name']}()"
    )
    place = cut.site.quoted if cut.site is not None else cut.module
    return Finding(
        fault=FAULT,
        where=(
            f"{called} at {place}{f' in {cut.module}' if cut.module else ''}; before it: "
            f"{modules_of(param.name for param in lost)}"
        ),
        confidence=0.93,
        evidence=(
            f"{called} takes a tensor out of the graph that was computed from {case.names(lost)}",
            f"these {len(lost)} parameters ({sum(param.size for param in lost):,} values) are "
            "in an optimizer and never get a gradient",
        ),
        remedy=f"Pass the tensor on without {called}.",
    )


def without_gradient(case: Case) -> list[ParamSeen]:
    """Return the trainable parameters that a stepped optimizer has and that never got a gradient."""
    seen = case.seen
    if seen.tick < LEAST:
        return []
    keys = dict.fromkeys(
        key for optimizer in case.stepped for key in optimizer.params if optimizer.empty < optimizer.steps
    )
    found = [seen.params[key] for key in keys]
    lost = [
        param
        for param in found
        if param.requires_grad and not param.with_grad and not param.reached and param.without_grad >= 5
    ]
    return [] if len(lost) == len(found) or not _are_layers(lost) else lost


def _are_layers(lost: list[ParamSeen]) -> bool:
    return any(len(param.shape) >= 2 for param in lost)


def cut_above(case: Case, lost: list[ParamSeen]) -> Event | None:
    """Return the call that took what these parameters compute out of the graph."""
    keys = {param.key for param in lost}
    cuts = case.seen.events_of("cut") + case.seen.events_of("no_grad_inside")
    # Only what the network itself does counts: loss.item() and metrics after the loss cut nothing off.
    inside = [cut for cut in cuts if cut.facts["inside"] or cut.facts["name"] != "item"]
    matching = [cut for cut in inside if keys & cut.facts["params"] and cut.facts["params"] <= keys]
    return max(matching, key=lambda cut: (len(keys & cut.facts["params"]), cut.facts["inside"]), default=None)
