"""Weight decay and dropout that are too strong, and overfitting, where they are too weak."""

from __future__ import annotations

import math

from trainlab.diagnosis.edits import setting
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import Dropout
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import Graph, Op
from trainlab.diagnosis.observed.torch_names import LINEAR_NODES, LOSS_NODES, SHAPE_NODES
from trainlab.diagnosis.pictures.kinds import Picture, bars, is_wide, lines, one_line
from trainlab.diagnosis.pictures.shared_pictures import MOST_LINES, held_out_line
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals.curve import mean, median
from trainlab.diagnosis.signals.loss_readings import held_out
from trainlab.diagnosis.signals.training import (
    GONE,
    Training,
    epochs,
    from_loss,
    is_a_copy_judged,
    largest_rate,
    named,
    vanished,
    with_setting,
)

# weight_decay_too_high: Weight decay pulls harder than the loss: the weights shrink to nothing.

SHRUNK = 0.5
UNFIT, SHORT = 0.5, 0.15
DECOUPLED, EXTREME = 5e-3, 1e-2


def judge_weight_decay_too_high(training: Training) -> Finding | None:
    """Fire where decay outweighs the gradient, weights shrink by half, and the fit is poor.

    Where nothing is known of the fit: if the loss hasn't come down by half. Decoupled decay of 1 % a step, by
    which weights forget in 70 steps what they learnt, is too much in any training that stays short of a fit.

    One weight matrix that decay, outweighing its gradient, has brought below 1 % of its start stands for half
    of them; not one that no gradient reached anyway.

    Compared are wd·rms(w) and rms(g); of AdamW, where decay is a step of its own, lr·wd and 0.5 %.
    """
    import numpy as np

    unfit = training.learning.is_unfit(UNFIT)
    blind = training.learning.state == "unknown" and not training.learning.improvement > 0.5
    short = training.learning.ratio > SHORT and not training.learning.adversarial
    if not unfit and not blind and not short:
        return None
    for optimizer in training.stepped:
        decay = optimizer.settings.get("weight_decay")
        if not isinstance(decay, int | float) or decay <= 0:
            continue
        rate = largest_rate(optimizer)
        weights = [param for param in training.weights() if optimizer.index in param.optimizers]
        if not weights:
            continue
        decoupled = optimizer.kind in ("AdamW", "NAdamW", "Lion")
        pulls = [
            median(decay * np.asarray(param.weight_rms) > np.asarray(param.grad_rms)) for param in weights
        ]
        heavy = rate * decay > DECOUPLED if decoupled else mean(pulls) > 0.5
        extreme = decoupled and rate * decay >= EXTREME
        # One factor of a product that is gone takes the other with it, whatever the rest does.
        gone = [
            param
            for param, pull in zip(weights, pulls, strict=True)
            if pull > 0.5 and vanished(param) and median(param.grad_zeros or [1.0]) < 0.9
        ]
        heavy = heavy or (bool(gone) and not decoupled)
        shrunk = [
            param
            for param in weights
            if param.weight_rms and param.weight_rms[-1] < SHRUNK * max(param.weight_rms[0], 1e-12)
        ]
        if not extreme and not (heavy and (unfit or blind) and (gone or len(shrunk) >= 0.5 * len(weights))):
            continue
        return Finding(
            place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
            where=with_setting(optimizer, "weight_decay", decay),
            confidence=0.88,
            evidence=(
                ", ".join(
                    f"rms of {param.name} {param.weight_rms[0]:.3g} → {param.weight_rms[-1]:.3g}"
                    for param in (shrunk or [one for one in weights if one.weight_rms])[:5]
                ),
                f"decay outweighs the gradient in {named(param.name for param in weights)}"
                if not decoupled
                else f"each step shrinks the weights by {rate * decay:.2%}",
                training.learning.words,
            ),
            remedy=f"Divide weight_decay by 100: {decay / 100:g}.",
            code=f"weight_decay={decay / 100:g}",
            value=decay / 100,
        )
    return None


def _picture_of_weight_decay_too_high(training: Training) -> Picture | None:
    """The rms of the weights that shrank most, over the steps looked at; None where none lost half of it."""
    found = [param for param in training.weights() if len(param.weight_rms) > 1 and param.weight_rms[0] > 0]
    shrunk = sorted(found, key=lambda param: param.weight_rms[-1] / param.weight_rms[0])[:MOST_LINES]
    if not shrunk or shrunk[0].weight_rms[-1] > 0.5 * shrunk[0].weight_rms[0]:
        return None
    drawn = [one_line(param.name, param.ticks, param.weight_rms) for param in found if param in shrunk]
    return lines("Size of the weights over the steps", "step", "rms of the weight", drawn)


WEIGHT_DECAY_TOO_HIGH = Fault(
    name="weight_decay_too_high",
    family="Settings",
    title="weight decay pulls harder than the loss",
    what="The weights shrink to nothing, and the network's output to a constant.",
    formula="wd·rms(w) > rms(g) in over half of the steps looked at (of AdamW: lr·wd above "
    f"{DECOUPLED:.1%} a step), over half of the weights end below {SHRUNK:.0%} of their start, or one "
    f"matrix below {GONE:.0%}, and the loss is above {UNFIT:.0%} of that of the best constant answer, or, "
    "where that isn't known, hasn't come down by half. Or, of AdamW, lr·wd is at least "
    f"{EXTREME:.0%} a step, and the loss is above {SHORT:.0%} of it.",
    source="The two pulls on a weight, compared; usual values, 1e-4 to 0.1, are a tenth of the gradient "
    "or less.",
    silent="the fit is good.",
    remedy="Divide `weight_decay` by 100.",
    judge=judge_weight_decay_too_high,
    picture=_picture_of_weight_decay_too_high,
    edit=setting("weight_decay", lambda decay: decay / 100),
    remedies=tuple(
        single(words, "weight_decay", times=times)
        for words, times in (("the weight decay / 100", 0.01), ("no weight decay", 0.0))
    ),
    explains=(
        Explains(
            ("vanishing_gradient", "dead_relu", "lr_too_low", "loss_plateau"),
            "nothing passes through weights near 0",
        ),
    ),
    signals=("loss of the best constant answer", "loss ratio", "rms gradient"),
)


# dropout_misuse: Dropout that drops nearly all, or that acts on the network's answer.

HIGH = 0.75
GATED = 0.6
_TO_LOSS = LOSS_NODES | frozenset(
    ("LogSoftmax", "Softmax", "Sigmoid", "Mean", "Sum", "Pow", "Sub", "Abs", "Add", "Div", "Neg")
)


def judge_dropout_misuse(training: Training) -> Finding | None:
    """Look at shares, and at what comes between the last layer and the loss."""
    for graph in training.record.graphs:
        op = _on_output(graph)
        if op is not None:
            return _finding(
                place_at(op.site, "output", module=op.module, call="dropout"),
                op.place,
                f"dropout (p = {op.dropout:g}) acts on the network's output, after the last layer",
                "some outputs are zeroed at random, and the others scaled up",
                "Put dropout before the last layer, not after it.",
            )
    limit = GATED if training.learning.failing else HIGH
    high = [event for event in training.record.events_of(Dropout) if event.p > limit]
    if high:
        event = max(high, key=lambda one: one.p)
        return _finding(
            place_at(event.site, "module", module=event.module, call="dropout"),
            f"{event.module}{quoted(event.site, before=' at ')}",
            f"p = {event.p:g}: only {1 - event.p:.0%} of the units are left in each step",
            training.learning.words,
            "Use p between 0.1 and 0.5.",
        )
    return None


def _finding(place: Place, where: str, first: str, second: str, remedy: str) -> Finding:
    return Finding(
        place=place,
        where=where,
        confidence=0.85,
        evidence=(first, second),
        remedy=remedy,
        code="nn.Dropout(0.2)",
    )


def _on_output(graph: Graph) -> Op | None:
    """Return the dropout that is met on the way from the loss to the first layer."""
    for node in from_loss(graph, lambda node: node.kind in _TO_LOSS or node.kind in SHAPE_NODES):
        if node.op is not None and node.op.dropout and node.op.name.startswith("dropout"):
            behind = [graph.nodes[parent] for parent in node.inputs]
            while behind and all(one.kind in SHAPE_NODES for one in behind):
                behind = [graph.nodes[parent] for one in behind for parent in one.inputs]
            return node.op if any(one.kind in LINEAR_NODES for one in behind) else None
    return None


def _picture_of_dropout_misuse(training: Training) -> Picture | None:
    """The share that each dropout drops."""
    events = training.record.events_of(Dropout)
    pairs = {f"dropout {event.module}".rstrip(): 100 * event.p for event in events}
    made = bars(
        "What dropout drops",
        "% of the units",
        list(pairs.items()),
        usual=(10.0, 50.0),
        worst=lambda value: value,
    )
    # One on the output drops too much at any rate: within the usual range it would look well.
    return made if max(pairs.values(), default=0.0) > 50.0 else None


def _remedies_for_dropout_misuse(finding: Finding) -> tuple[Remedy, ...]:
    """Without dropout the training loss is another one: it was measured under the noise."""
    if finding.place.kind == "output":
        return (single("no dropout", "dropout", most=0.0, same_loss=False),)
    return (single("dropout of at most 0.1", "dropout", most=0.1, same_loss=False),)


DROPOUT_MISUSE = Fault(
    name="dropout_misuse",
    family="Settings",
    title="dropout drops what it shouldn't",
    what="It drops nearly everything, or acts on the network's output.",
    formula=f"p above {HIGH:g} (above {GATED:g} where the training fails); or dropout between the last "
    "layer and the loss, by the autograd graph.",
    source="Srivastava et al. 2014: p of 0.2 to 0.5 for hidden units; the output is never dropped.",
    silent=f"p is at most {GATED:g}, before the last layer.",
    remedy="Use p between 0.1 and 0.5, before the last layer.",
    judge=judge_dropout_misuse,
    picture=_picture_of_dropout_misuse,
    remedies=_remedies_for_dropout_misuse,
    explains=(
        Explains(
            ("oscillating_loss", "capacity_too_small", "loss_plateau"), "too little is left in each step"
        ),
    ),
)


# overfitting: The loss on held-out data rises while the training loss goes on falling, and nobody stops it.

RISEN = 1.3
BEFORE = 0.6
GAP = 3.0
MANY, RISES = 8, 3
"""Of fewer evaluations than 8 the last ones must all have risen, three times at least."""
BY_HEART, APART, PASSES = 0.98, 0.25, 5


def judge_overfitting(training: Training) -> Finding | None:
    """Fire if the held-out loss was least before 60 % of the run and ends 1.3 times that.

    And at 3 times the training loss at least. Also where the training data are learnt by heart, gone through
    5 times, and the accuracy on other rows is 0.25 lower.
    """
    import numpy as np

    if training.record.restored or training.learning.adversarial or is_a_copy_judged(training.record):
        return None
    for loss in training.record.losses:
        found = held_out(loss)
        if not found or not loss.fits:
            continue
        ticks, values = [one.tick for one in found], [one.loss for one in found]
        least = int(np.argmin(values))
        rises = len(values) - 1 - least
        if len(values) < MANY and (rises < RISES or any(np.diff(values[least:]) <= 0)):
            continue
        last = median(values[-3:]) if len(values) >= MANY else values[-1]
        train = median([fit.value for fit in loss.fits[-max(5, len(loss.fits) // 10) :]])
        train *= _between_modes(training, loss)
        if (
            ticks[least] > BEFORE * ticks[-1]
            or last < RISEN * values[least]
            or not last >= GAP * max(train, 1e-12)
        ):
            continue
        return Finding(
            place=Place(kind="evaluation", call=loss.kind),
            where=f"held-out loss ({loss.kind}) from step {ticks[least]} on",
            confidence=0.8,
            evidence=(
                f"held-out loss {values[least]:.3g} at step {ticks[least]}, {last:.3g} at the "
                f"end (step {ticks[-1]})",
                f"training loss {train:.3g} at the end",
            ),
            remedy="Stop at the lowest held-out loss, use weight decay or dropout, a smaller network, "
            "or more data.",
            code="# keep the weights of the best epoch\nbest = copy.deepcopy(model.state_dict())",
        )
    return _by_heart(training)


def _between_modes(training: Training, loss: LossRecord) -> float:
    """Return by how much the loss is larger in eval mode than in train mode, on the same rows; at least 1.

    That is batch-norm's doing, or dropout's. NaN where the networks depend on the mode and weren't asked:
    then it isn't known whose doing the gap is.
    """
    place = next((at for at, one in enumerate(training.record.losses) if one is loss), -1)
    asked = [one for one in training.record.asked if one.loss == place and one.train.loss > 0]
    if asked:
        return max(1.0, asked[-1].evaluation.loss / asked[-1].train.loss)
    return math.nan if any(root.noisy for root in training.record.networks) else 1.0


def _by_heart(training: Training) -> Finding | None:
    """Every training example is answered rightly and surely, but new ones are not."""
    learning, data = training.learning, training.record.data
    if training.faults or learning.main is None or not data.train_rows or not data.judged_rows:
        return None
    found = _judged(training, learning.main)
    if found is None or not learning.main.has_classes:
        return None
    judged, count, known = found
    passes = epochs(training.record) or 0.0
    asked = learning.asked
    if asked is not None:
        # In the mode that other rows are judged in: a gap between the modes is no overfitting.
        by_heart = asked.evaluation.reached > BY_HEART
    elif any(root.noisy for root in training.record.networks):
        return None
    else:
        by_heart = learning.reached > BY_HEART
    by_heart = by_heart and learning.ratio < 1 - BY_HEART
    if not by_heart or known > 0.5 or count < 100 or passes < PASSES or learning.reached - judged < APART:
        return None
    site = next((root.eval_site for root in training.record.networks if root.eval_site), None)
    values = sum(param.size for param in training.weights())
    return Finding(
        place=place_at(site, "evaluation"),
        where=f"the evaluation{quoted(site, before=' at ')}, on other rows than those trained on",
        confidence=0.65,
        evidence=(
            f"accuracy {learning.reached:.2f} on rows trained on, {judged:.2f} in the last evaluation "
            f"({count:,} answers)",
            f"{len(data.train_rows):,} different training rows, gone through {passes:.0f} times, "
            f"for {values:,} weights",
        ),
        remedy="More data, a smaller network, weight decay or dropout; stop where the evaluation is best.",
        code="# keep the weights of the best epoch\nbest = copy.deepcopy(model.state_dict())",
    )


def _judged(training: Training, main: LossRecord) -> tuple[float, int, float] | None:
    """Return the accuracy of the last evaluation, of how many answers, and which share of the rows is known.

    By the evaluations' own losses, where rows trained on can be left out; else by what was compared.
    """
    last, told, data = held_out(main)[-1:], training.record.judged_accuracy[-1:], training.record.data
    if last and last[0].accuracy >= 0 and all(fit.known is not None for fit in main.judged):
        return last[0].accuracy, last[0].rows, 0.0
    return (told[0][1], told[0][2], data.judged_known / len(data.judged_rows)) if told else None


def _picture_of_overfitting(training: Training) -> Picture | None:
    """Training and held-out loss, by the same criterion."""
    main, held = training.learning.main, held_out_line(training)
    if main is None or held is None:
        return None
    batches = one_line("training batches", [fit.tick for fit in main.fits], [fit.value for fit in main.fits])
    wide = is_wide([*batches["y"], *held["y"]], 100)
    return lines("Training and evaluation loss", "step", "loss", [batches, held], log_y=wide)


OVERFITTING = Fault(
    name="overfitting",
    family="Settings",
    title="it overfits, and does far worse on held-out data",
    what="From some step on the network gets better on its training data only.",
    formula=f"The held-out loss is least before {BEFORE:.0%} of the training, ends at {RISEN:g} times "
    f"that, and at {GAP:g} times the training loss at least."
    f" Or, if nothing else is found, over {BY_HEART:.0%} of the training rows are answered rightly, "
    f"their loss is below {1 - BY_HEART:.0%} of the best constant's after {PASSES} epochs, and at "
    f"least 100 other rows are {APART:.0%} less often answered rightly.",
    source="Such a rise is beyond the noise in evaluations of healthy trainings; single rises are common.",
    silent="the best weights are restored at the end, a copy of the network is evaluated then, or there are "
    f"fewer than {MANY} evaluations, of which the last {RISES} didn't all rise. Rows "
    "trained on don't count. The network is asked in both modes on rows trained on, too: a gap between these "
    "is dropout's or batch-norm's.",
    remedy="Stop at the lowest held-out loss; weight decay, dropout, a smaller network, or more data.",
    judge=judge_overfitting,
    picture=_picture_of_overfitting,
    untried="it takes more data or another network, not another training",
)
