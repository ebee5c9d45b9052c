"""Parameters that an optimizer has and no gradient reaches: a layer whose output nobody uses.

Small ones that are never called (under a tenth) are a note: heads that wait for another phase.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.faults.detached_graph import cut_above, without_gradient
from trainlab.diagnosis.finding import Finding, Proof
from trainlab.diagnosis.pictures.network import reached
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.signals.limits import rest_words
from trainlab.diagnosis.signals.training import Training

SMALL = 0.05


def judge(training: Training) -> Finding | None:
    """Fire if such parameters exist and no call that leaves the graph explains them."""
    lost = without_gradient(training)
    if "params_not_in_optimizer" in training.faults:
        lost = [
            param for param in lost if param.owner is not None
        ]  # the others were replaced, and are told of
    if not lost or cut_above(training, lost) is not None:
        return None
    record = training.record
    held = [record.params[key] for optimizer in training.stepped for key in optimizer.params]
    declared = sum(param.size for param in held if param.requires_grad)
    size = sum(param.size for param in lost)
    finding = Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in lost)),
        where=f"{training.layers(lost)} ({training.names(lost)})",
        confidence=0.95,
        proof=Proof(words=rest_words(training, lost)),
        evidence=(
            f"no gradient has reached {len(lost)} parameters in any step looked at: their "
            "output isn't part of the loss",
            f"declared {declared:,}, reachable from the loss {declared - size:,}, out of reach {size:,}",
        ),
        remedy="Use the output of this layer where the next one takes its input, or remove the layer.",
        code="",
    )
    return finding.as_note() if size < SMALL * declared else finding


FAULT = Fault(
    name="unreachable_params",
    family="The network",
    title="a layer isn't part of the loss",
    what="The optimizer has parameters that no gradient reaches: `forward` doesn't call their layer, or "
    "doesn't use what it returns. The network is smaller than it is declared to be.",
    formula=f"Trainable parameters of a stepped optimizer never get a gradient, at least {SMALL:.0%} of "
    "all, and no cut of the graph explains it.",
    source="A fact, read off the autograd graph.",
    silent=f"they are less than {SMALL:.0%}: then it is a note (a head may wait for another phase); or other "
    "tensors took their place in their module (running means).",
    remedy="Use the layer's output where the next layer takes its input, or remove the layer.",
    see=(
        "chain_rule",
        "assignment",
    ),
    judge=judge,
    picture=reached,
    untried="where the layer belongs is written in the network's forward()",
    explains=(
        Explains(
            ("no_nonlinearity", "capacity_too_small", "loss_plateau"),
            "the layer, and all that comes with it, is missing from the network",
        ),
    ),
    signals=("reach",),
)
