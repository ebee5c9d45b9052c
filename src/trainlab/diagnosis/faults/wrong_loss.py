"""A loss that asks for the opposite, or that measures classes as if they were numbers."""

from __future__ import annotations

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding, by_structure, proven_if
from trainlab.diagnosis.observed.events import SignedTargets
from trainlab.diagnosis.observed.record import Graph, Node
from trainlab.diagnosis.observed.torch_names import BINARY, LOSS_NODES, OF_NUMBERS, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import chain_to_loss
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.baselines import references
from trainlab.diagnosis.signals.training import Training

HALF = 0.5
ZEROS = 0.05
"""A few zeros may be rows that are to be left out, which they are."""
UNFIT, BEHIND = 0.1, 0.12
_OF_ZERO = {
    "soft_margin_loss": "for which it is ln 2 whatever the output says",
    "cosine_embedding_loss": "which cost nothing: with the others alone all vectors may become one",
    "hinge_embedding_loss": "which count as both at once",
}


def judge(training: Training) -> Finding | None:
    """Fire if a distance is maximized, or if class numbers are fitted as numbers."""
    if training.learning.adversarial:
        return None
    for graph in training.record.graphs:
        node = negated(graph)
        if node is not None and len(training.stepped) == 1:
            place = node.op.site.quoted if node.op is not None and node.op.site else node.kind
            return Finding(
                place=place_at(node.op.site if node.op is not None else None, "sign", call=node.kind),
                where=f"the sign of the loss at {place}",
                confidence=0.85,
                proof=by_structure("every step makes the distance larger"),
                evidence=(
                    f"{node.kind} enters the loss with a minus sign: training makes it larger",
                    training.learning.words,
                ),
                remedy="Remove the minus sign.",
                code="loss = criterion(output, target)",
            )
    return _classes_as_numbers(training) or _no_probabilities(training) or _no_signs(training)


def _no_signs(training: Training) -> Finding | None:
    """Targets of 0 and 1 where the loss takes 1 and −1: the zeros teach nothing."""
    for event in training.record.events_of(SignedTargets):
        name, share = event.name, event.zeros / max(1, event.values)
        # A teacher's vector can't follow, so that leaving pairs out does no harm.
        left_out = name == "cosine_embedding_loss" and not event.learnt_both
        if share < ZEROS or event.lowest < 0 or left_out:
            continue
        return Finding(
            place=place_at(event.site, "targets", call=name),
            where=f"the targets of {name} at {event.site.quoted if event.site else 'the loss'}",
            confidence=0.95,
            proof=proven_if(
                name == "soft_margin_loss" and len(training.record.losses) == 1,
                "only the targets of 1 teach anything, and what they teach is to answer 1",
            ),
            evidence=(
                f"{name} takes targets of 1 and −1; {share:.0%} of these are 0, {_OF_ZERO[name]}",
                training.learning.words,
            ),
            remedy="Give it 1 and −1."
            + (" Or take binary_cross_entropy_with_logits, for 1 and 0." if name in BINARY else ""),
            code="target = 2 * target - 1",
        )
    return None


def _no_probabilities(training: Training) -> Finding | None:
    """Cross-entropy over one class, or with targets that are no distribution: several ones in a row."""
    for loss in training.record.losses:
        if loss.kind != "cross_entropy" or not loss.count:
            continue
        one = loss.classes == 1
        if not one and not loss.soft_rows_off > HALF:
            continue
        site = loss.site.quoted if loss.site else loss.kind
        shapes = f"output {list(loss.out_shape)}, target {list(loss.target_shape)} ({loss.target_dtype})"
        return Finding(
            place=place_at(loss.site, "loss", call="cross_entropy"),
            where=f"cross_entropy at {site}",
            confidence=0.95 if one else 0.85,
            proof=proven_if(
                one and len(training.record.losses) == 1, "the loss is 0 whatever the network answers"
            ),
            evidence=(
                "softmax over a single output is always 1: the loss is 0 whatever the network answers"
                if one
                else f"{loss.soft_rows_off:.0%} of the rows of targets don't add up to 1: "
                "several classes at once, or none",
                shapes,
            ),
            remedy="Use binary_cross_entropy_with_logits: one yes or no for each output.",
            code="loss = torch.nn.functional.binary_cross_entropy_with_logits(output, target.float())",
        )
    return None


def negated(graph: Graph) -> Node | None:
    """Return the distance that reaches the loss through one change of sign and nothing but scaling."""
    place, sign = 0, 1
    for _ in range(10):
        if not graph.nodes:
            return None
        node = graph.nodes[place]
        if node.kind in LOSS_NODES:
            return node if sign < 0 else None
        scalar = node.op.scalar if node.op is not None else None
        if node.kind == "Neg" or (node.kind == "Mul" and scalar is not None and scalar < 0):
            sign = -sign
        elif node.kind in ("Mul", "Div") and len(node.inputs) == 1:
            pass
        elif node.kind not in ("Mean", "Sum") and node.kind not in SHAPE_NODES:
            return None
        if len(node.inputs) != 1:
            return None
        place = node.inputs[0]
    return None


def _classes_as_numbers(training: Training) -> Finding | None:
    import numpy as np

    main = training.learning.main
    if main is None or main.kind not in OF_NUMBERS or main.columns != 1 or len(main.sample) < 50:
        return None
    values = np.unique(main.sample)
    whole = bool(np.all(values == np.round(values))) and values.min() == 0 and 3 <= len(values) <= 20
    judged = training.record.judged_accuracy
    if not whole or len(values) != values.max() + 1 or not judged:
        return None
    found = references(training.record.data.sample_x, training.record.data.sample_y, classes=True)
    behind = found is not None and found.neighbours - judged[-1][1] > BEHIND
    if not training.learning.ratio > UNFIT and not behind:
        return None
    return Finding(
        place=place_at(main.site, "loss", call=main.kind),
        where=f"{main.kind} at {main.site.quoted if main.site else 'the loss'}",
        confidence=0.7,
        evidence=(
            f"the targets are the class numbers 0 to {values.max():.0f}, measured as if 2 were twice 1",
            f"evaluated as classes: accuracy {judged[-1][1]:.2f}"
            + (
                f"; 5 nearest neighbours {found.neighbours:.2f} on training batches"
                if found is not None
                else ""
            ),
        ),
        remedy="Give the network one output a class, and use cross_entropy.",
        code="loss = torch.nn.functional.cross_entropy(logits, labels.long())",
    )


_NEGATING = frozenset(("neg", "__neg__", "negative", "mul", "__mul__", "__rmul__", "multiply"))


def _picture(training: Training) -> Picture | None:
    """The operations from the input to the loss; a change of its sign is marked, else the loss itself."""
    if any(negated(graph) is not None for graph in training.record.graphs):
        return chain_to_loss(training, lambda left, op, _: left == 0 and op in _NEGATING)
    return chain_to_loss(
        training, lambda left, op, after: op not in _NEGATING and (not left or after in _NEGATING)
    )


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    if finding.place.kind == "sign":
        return (single("the loss's sign turned", "other_sign", same_loss=False),)
    if finding.place.kind == "targets":
        return (single("targets of 1 and −1", "signed_targets", same_loss=False),)
    return ()


FAULT = Fault(
    name="wrong_loss",
    family="The loss and its targets",
    title="the loss asks for the wrong thing",
    what="A distance with a minus sign is maximized; class labels fitted as numbers claim that class 2 is "
    "twice class 1; a loss for targets of 1 and −1 learns nothing from a 0.",
    formula="A distance reaches the loss with its sign changed an odd number of times; or a distance is "
    f"taken to targets 0, 1, …, K − 1 and the evaluation treats them as classes; or {ZEROS:.0%} or more "
    "of the targets of `soft_margin_loss`, `hinge_embedding_loss` or `cosine_embedding_loss` are 0, "
    "and none is below.",
    source="A fact, read off the autograd graph.",
    silent="several optimizers train against each other (a GAN's losses have either sign); a zero "
    "leaves a pair out whose other vector isn't learnt.",
    proven="the sign is turned; the only loss is cross-entropy over a single output; or it is "
    "`soft_margin_loss` with targets of 0 and 1.",
    remedy="Remove the minus sign; for classes use `cross_entropy` with one output a class.",
    see=("loss",),
    judge=judge,
    picture=_picture,
    remedies=_remedies,
    untried="each class needs an output of its own, so the last layer must change",
    explains=(
        Explains(
            ("lr_too_high", *GROWTH, "loss_plateau"),
            "maximizing has no end, and what is measured isn't what is wanted",
        ),
    ),
    signals=("loss ratio",),
)
