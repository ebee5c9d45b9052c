"""Losses that ask for something else than is wanted: the other sign, no floor, class numbers."""

from __future__ import annotations

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding, by_structure, proven_if
from trainlab.diagnosis.observed.events import Divergence, SignedTargets
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import Graph, Node
from trainlab.diagnosis.observed.torch_names import BINARY, LOSS_NODES, OF_NUMBERS, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.shared_pictures import chain_to_loss
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals.baselines import numbers_in_order, references
from trainlab.diagnosis.signals.signed_terms import cancelling, endless
from trainlab.diagnosis.signals.training import Training

# wrong_loss: A loss that asks for the opposite, or that measures classes as if they were numbers.

HALF = 0.5
ZEROS = 0.05
"""A few zeros may be rows that are to be left out, which they are."""
UNFIT, BEHIND = 0.1, 0.12
OUTSIDE = 0.05
ROUNDING = 1e-3
_OF_ZERO = {
    "soft_margin_loss": "for which it is ln 2 whatever the output says",
    "cosine_embedding_loss": "which cost nothing: with the others alone all vectors may become one",
    "hinge_embedding_loss": "which count as both at once",
}


def judge_wrong_loss(training: Training) -> Finding | None:
    """Fire if a distance is maximized, if a loss has no floor, or if class numbers are fitted as numbers."""
    if training.learning.adversarial or _moves_inputs(training):
        return None
    return (
        _turned(training)
        or _no_floor(training)
        or _classes_as_numbers(training)
        or _no_probabilities(training)
        or _no_divergence(training)
        or _no_signs(training)
        or _nothing_left(training)
    )


def _moves_inputs(training: Training) -> bool:
    """Whether what is moved is given to a network that stays: an attack makes its loss larger on purpose."""
    params = training.record.params
    moved = {key for one in training.stepped for key in one.params}
    still = any(one.registered and one.reached for key, one in params.items() if key not in moved)
    return still and bool(moved) and not any(params[key].registered for key in moved if key in params)


def _turned(training: Training) -> Finding | None:
    """The loss is a distance with a minus sign."""
    for graph in training.record.graphs:
        node = negated(graph)
        if node is not None and len(training.stepped) == 1:
            site = node.op and node.op.site
            return Finding(
                place=place_at(site, "sign", call=node.kind),
                where=f"the sign of the loss at {quoted(site, node.kind)}",
                confidence=0.85,
                proof=by_structure("every step makes the distance larger"),
                evidence=(
                    f"{node.kind} enters the loss with a minus sign: training makes it larger",
                    training.learning.words,
                ),
                remedy="Remove the minus sign.",
                code="loss = criterion(output, target)",
            )
    return None


def _no_floor(training: Training) -> Finding | None:
    """Targets that are no probabilities, or a term that is never below 0 and is taken away."""
    for loss in training.record.losses:
        outside = loss.count and loss.kind in BINARY and loss.share_outside > OUTSIDE
        if outside and _counts_all(training, loss):
            return _of_no_probabilities(training, loss)
    if any(one.index < 0 or one.settings.get("maximize") for one in training.stepped):
        return None
    found = endless(training.record.graphs, training.learning.loss_curve)
    if found is None:
        return None
    node, turned = found.term.node, found.term.turned
    at, sign = node.op and node.op.site, turned and turned.site
    name = node.op.name.strip("_") if node.op is not None else node.kind.lower()
    minus = quoted(sign, before=" by the minus sign at ") if sign != at else ""
    ending = f"the loss went from {found.start:.3g} to {found.end:.3g}"
    if found.certain:
        ending += "; a divergence between normal distributions has eᵘ − u − 1, never below 0, not u − eᵘ"
    return Finding(
        place=place_at(at or sign, "loss", call=name),
        where=f"a term of the loss: {name}{quoted(at, before=' at ')}",
        confidence=0.93 if found.certain else 0.85,
        proof=proven_if(found.end < 0, "each step makes this term larger, and nothing ends that"),
        evidence=(
            f"{name} is never below 0 and has no upper end, and is taken away from the loss{minus}: the loss "
            "has no floor",
            ending,
        ),
        remedy="Add the term instead of taking it away: turn its sign.",
        code="loss = reconstruction + beta * kl  # kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()"
        if found.certain
        else "loss = error + weight * term  # plus, not minus",
    )


def _counts_all(training: Training, loss: LossRecord) -> bool:
    """Whether targets of all values count, and none is a mask's: else only a loss below 0 shows it."""
    return not loss.masked or training.learning.improvement > 1


def _of_no_probabilities(training: Training, loss: LossRecord) -> Finding:
    low, high = loss.target_low, loss.target_high
    values = training.learning.loss_curve
    ending = f"the loss ends at {values.last:.3g}" if values is not None else training.learning.words
    remedy, code = "Scale the targets to 0 and 1.", "target = (target > threshold).float()"
    if (low, high) == (-1, 1):
        remedy, code = "Give it 1 and 0 instead of 1 and −1.", "target = (target + 1) / 2"
    elif high - low == 1:
        remedy, code = f"Subtract {low:g}: no is 0 and yes is 1.", f"target = target - {low:g}"
    elif low >= 0:
        remedy = f"Divide the targets by {high:g}, or ask which are above a threshold."
        code = f"target = target / {high:g}  # or (target > 0).float()"
    return Finding(
        place=place_at(loss.site, "loss", call=loss.kind),
        where=f"the targets of {loss.kind} at {quoted(loss.site, 'the loss')}",
        confidence=0.95,
        evidence=(
            f"targets lie between {low:.3g} and {high:.3g}, and "
            f"{loss.share_outside:.0%} of them outside of 0 to 1: no probabilities, so the loss has no floor",
            f"{ending}; with targets of 0 and 1 it is never below 0",
        ),
        remedy=remedy,
        code=code,
    )


def _no_divergence(training: Training) -> Finding | None:
    """A divergence below 0, which none is: what it was given are no logarithms, or no probabilities."""
    for event in training.record.events_of(Divergence):
        if 2 * event.below <= event.count:
            continue
        target = f"{event.target_low:.3g} to {event.target_high:.3g}"
        raw = event.high > ROUNDING
        if raw:
            squashed = event.low >= 0 and event.high <= 1
            given = "probabilities" if squashed else "raw outputs"
            words = f"its input goes from {event.low:.3g} to {event.high:.3g}: {given}"
            remedy = "Give it logarithms first: log_softmax."
            code = "loss = kl_div(logits.log_softmax(-1), target)"
        elif event.log_target and event.target_high > ROUNDING:
            words = f"with log_target=True its target goes from {target}: no logarithms of probabilities"
            remedy, code = "Give it log_softmax for a target, too, or leave log_target out.", ""
        elif not event.log_target and event.target_low < -ROUNDING:
            words = f"its target goes from {target}: no probabilities"
            remedy = "Give it probabilities for a target: softmax. Or say that it has logarithms."
            code = "loss = kl_div(log_q, p.softmax(-1))  # or log_target=True"
        else:
            continue
        return Finding(
            place=place_at(event.site, "output" if raw else "targets", call="kl_div"),
            where=f"kl_div at {quoted(event.site, 'the loss')}",
            confidence=0.95,
            evidence=(
                f"kl_div is {event.value:.3g} at the end, and was below 0, or none, in {event.below:,} of "
                f"the {event.count:,} calls looked at: a divergence is never below 0",
                f"it takes logarithms of probabilities, then probabilities; {words}",
            ),
            remedy=remedy,
            code=code,
        )
    return None


def _nothing_left(training: Training) -> Finding | None:
    """Two terms that are the same, one with a minus sign: the loss is 0 whatever the network answers."""
    found = cancelling(training.record.graphs, training.learning.loss_curve)
    if found is None:
        return None
    one, other = found
    places = " and ".join(quoted(op.site, op.name) for op in found)
    return Finding(
        place=place_at(one.site, "loss", call=one.name),
        where=f"two terms of the loss: {places}",
        confidence=0.9,
        proof=by_structure("the loss is 0 whatever the network answers"),
        evidence=(
            f"{one.name.strip('_')} and {other.name.strip('_')} have the same size, {abs(one.total):.3g}, "
            "and enter with opposite signs: they cancel",
            training.learning.words,
        ),
        remedy="Compare with something else: both terms are computed from the same.",
    )


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
            where=f"the targets of {name} at {quoted(event.site, 'the loss')}",
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
        shapes = f"output {list(loss.out_shape)}, target {list(loss.target_shape)} ({loss.target_dtype})"
        return Finding(
            place=place_at(loss.site, "loss", call="cross_entropy"),
            where=f"cross_entropy at {quoted(loss.site, loss.kind)}",
            confidence=0.95 if one else 0.85,
            proof=proven_if(
                one and len(training.record.losses) == 1, "the loss is 0 whatever the network answers"
            ),
            evidence=(
                "softmax over a single output is always 1: the loss is 0 whatever the network answers"
                if one
                else f"{loss.soft_rows_off:.0%} of the rows of targets don't add up to 1: "
                + ("several classes at once, or none" if loss.soft_low >= 0 else _below(loss)),
                shapes,
            ),
            remedy="Use binary_cross_entropy_with_logits: one yes or no for each output."
            if loss.soft_low >= 0
            else "Make probabilities of the targets first: softmax.",
            code="loss = torch.nn.functional.binary_cross_entropy_with_logits(output, target.float())"
            if loss.soft_low >= 0
            else "loss = torch.nn.functional.cross_entropy(output, target.softmax(-1))",
        )
    return None


def _below(loss: LossRecord) -> str:
    return f"the least is {loss.soft_low:.3g}, no probability, and the loss has no floor"


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
        elif node.kind not in ("Mul", "Div", "Mean", "Sum") and node.kind not in SHAPE_NODES:
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
    judged, data = training.record.judged_accuracy, training.record.data
    if not whole or len(values) != values.max() + 1 or not judged:
        return None
    if numbers_in_order(data.sample_x, data.sample_y):
        return None  # stars, grades, ages: 2 lies between 1 and 3
    found = references(data.sample_x, data.sample_y, classes=True)
    behind = found is not None and found.neighbours - judged[-1][1] > BEHIND
    if not training.learning.ratio > UNFIT and not behind:
        return None
    return Finding(
        place=place_at(main.site, "loss", call=main.kind),
        where=f"{main.kind} at {quoted(main.site, 'the loss')}",
        confidence=0.7,
        evidence=(
            f"the targets are the class numbers 0 to {values.max():.0f}, measured as if 2 were twice 1",
            f"evaluated as classes: accuracy {judged[-1][1]:.2f}"
            + (f"; 5 nearest neighbours {found.neighbours:.2f} on training batches" if found else ""),
        ),
        remedy="Give the network one output a class, and use cross_entropy.",
        code="loss = torch.nn.functional.cross_entropy(logits, labels.long())",
    )


_NEGATING = frozenset(("neg", "__neg__", "negative", "mul", "__mul__", "__rmul__", "multiply"))


def _picture_of_wrong_loss(training: Training) -> Picture | None:
    """The operations from the input to the loss; a change of its sign is marked, else the loss itself."""
    if any(negated(graph) is not None for graph in training.record.graphs):
        return chain_to_loss(training, lambda left, op, _: left == 0 and op in _NEGATING)
    return chain_to_loss(
        training, lambda left, op, after: op not in _NEGATING and (not left or after in _NEGATING)
    )


def _remedies_for_wrong_loss(finding: Finding) -> tuple[Remedy, ...]:
    if finding.place.kind == "sign":
        return (single("the loss's sign turned", "other_sign", same_loss=False),)
    if finding.place.kind == "targets":
        return (single("targets of 1 and −1", "signed_targets", same_loss=False),)
    return ()


WRONG_LOSS = Fault(
    name="wrong_loss",
    family="The loss and its targets",
    title="the loss asks for the wrong thing",
    what="A distance is maximized, or a loss falls below 0 without end; class labels fitted as numbers claim "
    "that class 2 is twice class 1; a loss for targets of 1 and −1 learns nothing from a 0.",
    formula="A distance reaches the loss with its sign turned. Or it is taken to targets 0, 1, …, K − 1 that "
    f"are evaluated as classes, and stays above {UNFIT:.0%} of the best constant answer's, or {BEHIND:g} of "
    f"accuracy behind 5 nearest neighbours. Or {ZEROS:.0%} of the targets of `soft_margin_loss` and its like "
    f"are 0, and none is below. Or cross-entropy has a single class, or over {HALF:.0%} of its targets don't "
    f"sum to 1; or over {OUTSIDE:.0%} of a binary one's are no probabilities; or `kl_div` is mostly below 0, "
    f"given no distribution (off by {ROUNDING:g}). Or a term that is never below 0 and has no upper end is "
    "taken away, and the loss ends farther below 0 than it began above. Or two terms cancel in all steps.",
    source="The autograd graph; Gibbs' inequality: no divergence is below 0.",
    silent="optimizers compete (a GAN's losses have either sign), maximize, or move inputs; the loss is of "
    "densities, policies, critics or cosines; a mask may leave targets out, until the loss is below 0; the "
    "numbers stand in an order; or a zero leaves a pair out.",
    proven="the sign is turned; the only loss is cross-entropy over a single output; it is "
    "`soft_margin_loss` with targets of 0 and 1; a term has taken the loss below 0; or all terms cancel.",
    remedy="Remove the minus sign; give targets between 0 and 1, and distributions to divergences; for "
    "classes use `cross_entropy` with one output a class.",
    see=("loss",),
    judge=judge_wrong_loss,
    picture=_picture_of_wrong_loss,
    remedies=_remedies_for_wrong_loss,
    untried="what is wanted instead isn't known well enough",
    explains=(
        Explains(
            ("lr_too_high", *GROWTH, "loss_plateau"),
            "maximizing has no end, and what is measured isn't what is wanted",
        ),
    ),
    signals=("loss ratio",),
)
