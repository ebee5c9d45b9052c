"""Train mode and eval mode, and what depends on them: dropout and batch-norm."""

from __future__ import annotations

import math
import re

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.answers import ModelAsked
from trainlab.diagnosis.observed.events import BatchNorm, DropoutInEval
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.shared_pictures import modes
from trainlab.diagnosis.place import Place, Site, place_at, quoted
from trainlab.diagnosis.remedies.remedy import single
from trainlab.diagnosis.signals.training import Training, named

# eval_mode_training: The network is trained in eval mode: dropout is off and batch-norm uses old statistics.
#
# Silent where nothing in the network depends on the mode, where only parts of it are in eval mode, and where
# those that are hold nothing that is trained (batch norms of a backbone that is kept frozen on purpose).

SHARE_IN_EVAL = 0.4
LEAST = 20


def judge_eval_mode_training(training: Training) -> Finding | None:
    """Fire if more than 40 % of the forward passes that learn are in eval mode."""
    for root in training.record.networks:
        calls = root.learn_in_train + root.learn_in_eval
        if not root.noisy or root.learn_in_eval < LEAST or root.learn_in_eval < SHARE_IN_EVAL * calls:
            continue
        trained = [name for name, keys in root.noisy_in_eval.items() if _are_trained(training, keys)]
        if not trained or any(training.record.params[key].loaded for key in root.params):
            continue
        since = quoted(root.last_eval, before=" since ")
        name = _as_called(root, root.last_eval)
        return Finding(
            place=place_at(root.last_eval, "module", module=root.name),
            where=f"{name}.eval(){since}: no {name}.train() before training goes on ({named(trained)})",
            confidence=0.95,
            evidence=(
                f"{root.learn_in_eval} of {calls} training passes of {root.name} were made in eval mode",
                f"{named(trained)} behave differently then: dropout is off, batch-norm doesn't adapt",
            ),
            remedy=f"Call {name}.train() at the start of each epoch, after the evaluation.",
            code=f"{name}.train()",
        )
    return None


def _as_called(root: NetworkRecord, site: Site | None) -> str:
    """Return a network's name; of one without a variable, what calls it on a line: ``self.model``."""
    if root.name != root.kind or site is None:
        return root.name
    called = set(re.findall(r"\b(self(?:\.\w+)+?)(?:\.eval)?\(", site.text))
    return called.pop() if len(called) == 1 else root.name


def _are_trained(training: Training, keys: list[int]) -> bool:
    """Whether an optimizer moves any of these parameters; without one, whether any is to be learnt."""
    params = [training.record.params[key] for key in keys if key in training.record.params]
    moved = any(one.optimizers for one in training.record.params.values())
    return not keys or any(one.optimizers if moved else one.requires_grad for one in params)


EVAL_MODE_TRAINING = Fault(
    name="eval_mode_training",
    family="The loop",
    title="the network is trained in eval mode",
    what="`model.train()` wasn't called after an evaluation: dropout is off, and batch-norm uses old "
    "statistics instead of the batch's.",
    formula=f"More than {SHARE_IN_EVAL:.0%} of the forward passes that a backward pass follows, and at least "
    f"{LEAST}, are made in eval mode, by a network with dropout or batch-norm.",
    source="A fact, counted. One forgotten call leaves that share of a training of a few epochs.",
    silent="nothing in the network depends on the mode, weights were loaded (fine-tuning with frozen "
    "batch-norm), only a part of it is in eval mode, or what is in eval mode holds nothing that is trained, "
    "as a frozen backbone.",
    remedy="Call `model.train()` at the start of each epoch.",
    judge=judge_eval_mode_training,
    picture=modes,
    remedies=(single("train mode in passes that learn", "train_to_learn", same_loss=False),),
    explains=(
        Explains(
            ("overfitting", "exploding_gradient", "loss_plateau"), "dropout and batch-norm are switched off"
        ),
    ),
)


# train_mode_evaluation: The network is evaluated in train mode: dropout still drops, batch-norm uses (and
# learns) the test batch.
#
# Silent if any evaluation is in eval mode, and where passes without gradients come in most steps: those feed
# another network or a target, and judge nothing.


def judge_train_mode_evaluation(training: Training) -> Finding | None:
    """Fire if all evaluations of a trained network with dropout or batch-norm are in train mode."""
    if training.learning.adversarial:
        return None
    for root in training.record.networks:
        learnt = root.learn_in_train + root.learn_in_eval
        often = root.judge_ticks > 0.5 * max(1, training.record.tick)
        if (
            not root.noisy
            or learnt < 20
            or often
            or root.judge_in_eval
            or not root.judge_in_train
            or root.eval_ever
        ):
            continue
        site = root.judge_site
        name = _as_called(root, site)
        return Finding(
            place=place_at(site, "module", module=root.name),
            where=f"{root.name} at {quoted(site, 'the evaluation')}: no {name}.eval() before it "
            f"({named(root.noisy)})",
            confidence=0.9,
            evidence=(
                f"all {root.judge_in_train} passes of {root.name} that evaluate were made in train mode",
                f"{named(root.noisy_kinds)} ({named(root.noisy)}) are at work then: results change from call "
                "to call and depend on the batch",
            ),
            remedy=f"Call {name}.eval() before evaluating and {name}.train() after it.",
            code=f"{name}.eval()\nwith torch.no_grad():\n    …\n{name}.train()",
        )
    return None


TRAIN_MODE_EVALUATION = Fault(
    name="train_mode_evaluation",
    family="The loop",
    title="the network is evaluated in train mode",
    what="Dropout still drops, and batch-norm uses the test batch and learns from it: the evaluation's "
    "numbers are too low and change from call to call.",
    formula="All passes of a network with dropout or batch-norm that no backward pass follows are made "
    "in train mode, and `eval()` was never called.",
    source="A fact, counted.",
    silent="any evaluation is in eval mode, or passes without gradients come in over half of the steps: "
    "those feed another network or a target.",
    remedy="Call `model.eval()` before an evaluation and `model.train()` after it.",
    judge=judge_train_mode_evaluation,
    picture=modes,
    remedies=(single("eval mode in passes without gradients", "eval_to_judge"),),
    not_to_blame="it changes the evaluation, not the training",
)


# dropout_always_on: Dropout that `eval()` can't reach: a function that isn't told the mode, or a layer
# made in forward.
#
# Silent where the same rows are evaluated many times over: then the answers are averaged, and it is meant. A
# note where the line says so itself, with ``training=True``.

MANY = 5
_TOLD = re.compile(r"\btraining\s*=\s*True\b")


def judge_dropout_always_on(training: Training) -> Finding | None:
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
        where=quoted(event.site, event.module),
        confidence=0.9,
        evidence=(f"dropout (p = {event.p:g}) is active in {event.count} evaluations, in eval mode", why),
        remedy="Make nn.Dropout in __init__ and call it, or pass training=self.training.",
        code=f"F.dropout(x, {event.p:g}, training=self.training)",
    )
    return finding.as_note() if told else finding


def _picture_of_dropout_always_on(training: Training) -> Picture | None:
    """What dropout drops in evaluations."""
    events = training.record.events_of(DropoutInEval)
    pairs = {f"dropout {event.module}".rstrip(): 100 * event.p for event in events}
    title = "What dropout drops in evaluations"
    return bars(title, "% of the units", list(pairs.items()), worst=lambda value: value)


DROPOUT_ALWAYS_ON = Fault(
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
    judge=judge_dropout_always_on,
    picture=_picture_of_dropout_always_on,
    untried="it changes the evaluation, not the training",
    not_to_blame="it changes the evaluation, not the training",
)


# batchnorm_small_batch: Batch-norm over so few values that mean and variance are noise.

SHARE_SMALL = 0.5


def judge_batchnorm_small_batch(training: Training) -> Finding | None:
    """Fire if a batch-norm in training had at most 4 values a channel in over half of its calls."""
    small = [
        event
        for event in training.record.events_of(BatchNorm)
        if event.small > SHARE_SMALL * event.calls and event.calls >= 10
    ]
    if not small:
        return None
    return Finding(
        place=Place(kind="module", module=small[0].module),
        where=named(event.module for event in small),
        confidence=0.9,
        evidence=tuple(
            f"{event.module}: {event.small} of {event.calls} training batches "
            f"gave at most 4 values a channel (fewest {event.values})"
            for event in small[:4]
        ),
        remedy="Use larger batches, or LayerNorm / GroupNorm, which don't look at other samples.",
        code="nn.GroupNorm(num_groups, channels)  # or nn.LayerNorm(features)",
    )


def _picture_of_batchnorm_small_batch(training: Training) -> Picture | None:
    """The fewest values that each batch-norm took mean and variance of."""
    pairs = [
        (f"batch-norm {event.module}".rstrip(), event.values)
        for event in training.record.events_of(BatchNorm)
    ]
    title = "Fewest values a channel in a training batch"
    return bars(title, "values", pairs, worst=lambda value: -value)


BATCHNORM_SMALL_BATCH = Fault(
    name="batchnorm_small_batch",
    family="Settings",
    title="batch-norm sees too few values",
    what="The mean and variance of so few values are noise, and differ from the running statistics that "
    "evaluations use.",
    formula=f"A channel has at most 4 values (batch × positions) in over {SHARE_SMALL:.0%} of at least 10 "
    "training calls.",
    source="Wu and He 2018, Group Normalization: the error of batch-norm rises steeply below 8 samples.",
    silent="positions make up for it: a convolution's map has many values a channel.",
    remedy="Use larger batches, `LayerNorm` or `GroupNorm`.",
    judge=judge_batchnorm_small_batch,
    picture=_picture_of_batchnorm_small_batch,
    remedies=(single("group norm for batch-norm", "group_norm", same_loss=False),),
    explains=(
        Explains(
            ("oscillating_loss", "overfitting", "loss_plateau"), "the statistics of a few values are noise"
        ),
    ),
    signals=("values a channel",),
)


# batchnorm_momentum: Batch-norm keeps nothing of what it has seen, or the last batch alone; evaluations use
# what it keeps.

LAST_ALONE = 0.9
WORSE = 0.1
FEWEST_CALLS = 10
_DEFAULT = 0.1
"""PyTorch's."""


def judge_batchnorm_momentum(training: Training) -> Finding | None:
    """Fire where eval mode is clearly worse on the rows trained on, and the momentum says why."""
    odd = _odd_momentum(training)
    asked = next((one for one in training.record.asked if _gap(one) > WORSE), None)
    if not odd or (asked is None and odd[0].momentum > 0):
        return None
    kept = "nothing" if odd[0].momentum == 0 else "next to nothing but the last batch"
    evidence = [
        f"{event.module}: momentum={event.momentum:g}, so the running mean and variance that eval mode uses "
        f"keep {kept}: PyTorch's momentum is the share of the new batch, {_DEFAULT:g} if left out"
        for event in odd[:1]
    ]
    if asked is not None:
        evidence.append(
            f"asked on the same rows at the end, {asked.name} reaches {asked.train.reached:.3g} in train "
            f"mode and {asked.evaluation.reached:.3g} in eval mode"
        )
    finding = Finding(
        place=Place(kind="module", module=odd[0].module),
        where=named(event.module for event in odd),
        confidence=0.93,
        evidence=tuple(evidence),
        remedy="Leave momentum out; what Keras calls 0.99 is 0.01 here.",
        code="nn.BatchNorm2d(channels)",
    )
    return finding if asked is not None else finding.as_note()


def _odd_momentum(training: Training) -> list[BatchNorm]:
    """Return the batch-norms in question, those that keep nothing first."""
    met = [one for one in training.record.events_of(BatchNorm) if one.calls >= FEWEST_CALLS]
    odd = [one for one in met if one.momentum == 0 or one.momentum >= LAST_ALONE]
    return sorted(odd, key=lambda one: one.momentum)


def _gap(asked: ModelAsked) -> float:
    gap = asked.train.reached - asked.evaluation.reached
    return 0.0 if math.isnan(gap) else gap


def _picture_of_batchnorm_momentum(training: Training) -> Picture | None:
    """What is reached in both modes on the same rows."""
    asked = max(training.record.asked, key=_gap, default=None)
    if asked is None or not _odd_momentum(training) or not _gap(asked) > 0:
        return None
    pairs = [("train mode", asked.train.reached), ("eval mode", asked.evaluation.reached)]
    return bars("Reached on the same rows", "accuracy or R²", pairs)


BATCHNORM_MOMENTUM = Fault(
    name="batchnorm_momentum",
    family="Settings",
    title="batch-norm keeps no statistics for evaluations",
    what="In eval mode batch-norm uses the mean and variance that it kept in training. With `momentum=0` "
    "these are 0 and 1 for ever; with Keras's 0.99 they are those of the last batch.",
    formula=f"The momentum of a batch-norm that took {FEWEST_CALLS} training batches or more is 0, or "
    f"{LAST_ALONE:g} or more, and on the rows trained on eval mode reaches {WORSE:g} less than train mode.",
    source="PyTorch's documentation: running = (1 − momentum) · running + momentum · batch.",
    silent="both modes reach the same; with a momentum of 0 it is a note then.",
    remedy=f"Leave `momentum` out: it is {_DEFAULT:g}.",
    judge=judge_batchnorm_momentum,
    picture=_picture_of_batchnorm_momentum,
    untried="it changes the evaluation, not the training",
    not_to_blame="it changes the evaluation, not the training",
    explains=(Explains(("overfitting",), "evaluations use statistics that aren't those of the data"),),
)
