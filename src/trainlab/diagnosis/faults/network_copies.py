"""Weights that ought to be copied: into a target network, or aside as the best so far."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import LoadedItself, MixedWithItself
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.signals.training import LEAST_PASSES, Training, learning_twin, learns

# target_net_not_updated: A target network that never follows the network it is a copy of, or that is this
# network itself.
#
# Silent for a frozen teacher or reference, which is asked about the same rows, for one that was loaded or
# trained before, and for an opponent in games, whose passes are many in a step.

LONG = 200
OFTEN = 0.5
AT_ONCE = 2
_SURE, _LIKELY = 0.95, 0.75


def judge_target_net_not_updated(training: Training) -> Finding | None:
    """Look at averages of a network with itself, at a state loaded from itself, at one that never changes."""
    return _mixed(training) or _loaded(training) or _still(training)


def _mixed(training: Training) -> Finding | None:
    for event in training.record.events_of(MixedWithItself):
        root = _network_of(training, event.params)
        if root is None or event.count < LEAST_PASSES or not learns(root):
            continue
        if any(event.site == one.site for one in training.record.events_of(LoadedItself)):
            continue  # a state of its own is loaded: no target is meant, but a copy kept aside
        return Finding(
            place=place_at(event.site, "call", module=root.name, call=event.name),
            where=quoted(event.site, root.name),
            confidence=_SURE,
            evidence=(
                f"{event.name} is given a weight of {root.name} and the same weight again, "
                f"{event.count:,} times: what ought to follow the network is the network",
                "so it gives its own targets, and follows itself",
            ),
            remedy="Make the target a network of its own, a copy without gradients.",
            code="target = copy.deepcopy(network).requires_grad_(False)",
        )
    return None


def _loaded(training: Training) -> Finding | None:
    for event in training.record.events_of(LoadedItself):
        root = _network_of(training, event.params)
        if root is None or root.judge_ticks < LEAST_PASSES or root.never_changed is False:
            continue
        twin = learning_twin(training.record, root)
        if twin is None or learns(root):
            continue
        target, online = _names(root, twin)
        return Finding(
            place=place_at(event.site, "call", module=root.name, call="load_state_dict"),
            where=quoted(event.site, root.name),
            confidence=_SURE,
            evidence=(
                f"{target} loads its own weights, {_times(event.count)}: that changes nothing",
                f"{online}, built like it, learns; {target} answered in {root.judge_ticks:,} steps, "
                "and never changed",
            ),
            remedy=f"Load the weights of {online}.",
            code=_loading(root, twin),
        )
    return None


def _still(training: Training) -> Finding | None:
    if training.learning.adversarial:
        return None
    for root in training.record.networks:
        twin = learning_twin(training.record, root) if _never_follows(training, root) else None
        if twin is None:
            continue
        target, online = _names(root, twin)
        site = root.judge_site or root.eval_site
        finding = Finding(
            place=place_at(site, "module", module=root.name),
            where=f"{target}{quoted(site, before=' at ')}",
            confidence=_LIKELY,
            evidence=(
                f"{target} answered without gradients in {root.judge_ticks:,} of "
                f"{training.record.tick:,} steps, and its weights never changed",
                f"{online}, built like it, learnt meanwhile, from other batches",
            ),
            remedy=f"Let it follow: load the weights of {online} now and then, or average them in.",
            code=f"{_loading(root, twin)}  # every few hundred steps",
        )
        return finding.as_note() if _may_teach(training, root) else finding
    return None


def _may_teach(training: Training, root: NetworkRecord) -> bool:
    """Whether a fixed network with weights of its own may be what is to be learnt, and is.

    Then its answers are the targets themselves: these have as many columns.
    """
    main = training.learning.main
    params = [training.record.params[key] for key in root.params]
    if root.began_as_twin or training.learning.state != "learnt" or main is None or not params:
        return False
    return main.target_shape[-1:] == params[-1].shape[:1]


def _never_follows(training: Training, root: NetworkRecord) -> bool:
    params = [training.record.params[key] for key in root.params]
    trained = any(param.optimizers or param.reached for param in params)
    given = any(param.loaded for param in params) and not root.began_as_twin
    passes = root.judge_in_train + root.judge_in_eval
    return (
        root.never_changed is True
        and not trained
        and not given
        and root.judge_ticks >= max(LONG, OFTEN * training.record.tick)
        and passes <= AT_ONCE * root.judge_ticks
        and root.rows_of_its_own >= 3
        and not root.rows_of_twin
    )


def _network_of(training: Training, keys: set[int]) -> NetworkRecord | None:
    """Return the network that half of whose parameters these are."""
    roots = [root for root in training.record.networks if root.params]
    return next((root for root in roots if len(keys & set(root.params)) >= 0.5 * len(root.params)), None)


def _names(root: NetworkRecord, twin: NetworkRecord) -> tuple[str, str]:
    """Return both networks' names; where these are their class's, what they do."""
    if root.name != twin.name:
        return root.name, twin.name
    return "the network that only answers", "the one that learns"


def _loading(root: NetworkRecord, twin: NetworkRecord) -> str:
    named = root.name != twin.name
    target, online = (root.name, twin.name) if named else ("target", "online")
    return f"{target}.load_state_dict({online}.state_dict())"


def _times(count: int) -> str:
    return f"{count:,} times" if count > 1 else "once"


def _picture_of_target_net_not_updated(training: Training) -> Picture | None:
    """What each network did: passes to learn, and passes without gradients."""
    pairs: list[tuple[str, float]] = []
    shown = training.record.networks[:4]
    several = len({root.name for root in shown}) < len(shown)
    for place, root in enumerate(shown):
        name = f"{root.name} {place + 1}" if several else root.name
        pairs += [
            (f"{name}: to learn", root.learn_in_train + root.learn_in_eval),
            (f"{name}: without gradients", root.judge_in_train + root.judge_in_eval),
        ]
    return bars("Forward passes of the networks", "forward passes", pairs)


TARGET_NET_NOT_UPDATED = Fault(
    name="target_net_not_updated",
    family="The loop",
    title="the target network never follows",
    what="The network that gives the targets is never given the weights learnt, or it is the network that "
    "learns: the targets stay those of the beginning, or run away with every step.",
    formula="A network's weights are averaged with themselves. Or a network that only answers loads its own "
    f"weights, beside one of the same shapes that learns. Or it answers in {OFTEN:.0%} of the steps (and "
    f"{LONG}), on other rows than its twin learns from, and never changes."
    f" All of this is told after {LEAST_PASSES} steps.",
    source="The first two are facts, read off the tensors' addresses. The third leaves out what is meant to "
    "stand still: teachers and references, which see the same rows.",
    silent="the network follows in any way, was loaded or trained before, sees the rows that its twin learns "
    "from, or makes many passes in a step, as an opponent does. It is a note where it began with weights of "
    "its own, and its answers may be the targets themselves, which are learnt."
    f" Many are more than {AT_ONCE}.",
    remedy="`target.load_state_dict(online.state_dict())` now and then, with `target` a copy of its own.",
    judge=judge_target_net_not_updated,
    picture=_picture_of_target_net_not_updated,
    untried="the script's own loop decides when the target follows",
    explains=(
        Explains(
            ("loss_plateau", "oscillating_loss", "lr_too_high", "exploding_gradient"),
            "its targets aren't those of the network learnt so far",
        ),
    ),
)


# average_lags: The average of the weights that is evaluated is still near where they began.
#
# A copy of the best weights was all the way along when it was taken, so that it isn't one. A teacher that
# answers in every step may be meant to be slow.

HALFWAY, STARTED = 0.5, 1e-3
SELDOM = 0.5


def judge_average_lags(training: Training) -> Finding | None:
    """Fire where a network that is evaluated follows its twin, and never came half of the way."""
    root = _lagging(training)
    twin = None if root is None else learning_twin(training.record, root)
    if (unfilled := _without_statistics(training)) is not None:
        return unfilled
    if root is None or twin is None:
        return None
    steps, way = training.record.tick, f"{root.followed[-1]:.2g}"
    judged = training.record.judged_accuracy[-1:]
    fitting = max(0.5, 1 - 10 / steps)
    site = root.eval_site or root.judge_site
    finding = Finding(
        place=place_at(site, "evaluation", module=root.name),
        where=f"the evaluation{quoted(site, before=' at ')}, of {root.name}, which only follows",
        confidence=0.93,
        evidence=(
            f"of the way that the weights learnt have gone from their start it has come {way} (all of it is "
            f"1) after {steps:,} steps",
            "with a decay of d an average is some 1 / (1 - d) steps behind: 10,000 with 0.9999",
            *(
                f"accuracy of what is evaluated {share:.3g}; {training.learning.words}"
                for _, share, _, _ in judged
            ),
        ),
        remedy=f"Take a decay that fits the {steps:,} steps, as {fitting:.3g}, or let it grow with them.",
        code="decay = min(decay, (1 + step) / (10 + step))",
        value=fitting,
    )
    return finding.as_note() if twin.judge_in_train + twin.judge_in_eval else finding


def _without_statistics(training: Training) -> Finding | None:
    """An average of the weights alone: what normalization measures stays where it began."""
    for root in training.record.networks:
        # One that was never trained, as to compare with, doesn't follow: it lies far from the way.
        follows = bool(root.followed) and STARTED < root.followed[-1] < math.inf
        if not root.unfilled or learns(root) or not root.judge_in_eval or not follows:
            continue
        site = root.eval_site or root.judge_site
        judged = training.record.judged_accuracy[-1:]
        return Finding(
            place=place_at(site, "evaluation", module=root.name),
            where=f"the evaluation{quoted(site, before=' at ')}, of {root.name}, which only follows",
            confidence=0.95,
            evidence=(
                f"the weights of {root.name} follow those that learn, but the running mean and variance of "
                f"{root.unfilled} are those of a new layer, 0 and 1, and it is evaluated by them",
                *(
                    f"accuracy of what is evaluated {share:.3g}; {training.learning.words}"
                    for _, share, _, _ in judged
                ),
            ),
            remedy="Copy the buffers, too, or average them: `parameters()` has the weights alone.",
            code="for mine, theirs in zip(ema.buffers(), model.buffers()):\n    mine.copy_(theirs)",
        )
    return None


def _lagging(training: Training) -> NetworkRecord | None:
    for root in training.record.networks:
        known = root.followed
        seldom = root.judge_ticks < SELDOM * training.record.tick
        rises = len(known) > 1 and known[-1] > max(STARTED, known[0])
        if rises and seldom and max(known) < HALFWAY and not learns(root):
            return root
    return None


def _picture_of_average_lags(training: Training) -> Picture | None:
    """How far it has come each time that it was evaluated."""
    root = _lagging(training)
    if root is None:
        return None
    pairs = [(f"look {place}", share) for place, share in enumerate(root.followed[-8:], 1)]
    return bars("How far the average has come", "of the way of the weights that learn", pairs)


AVERAGE_LAGS = Fault(
    name="average_lags",
    family="The loop",
    title="the average that is evaluated lags behind",
    what="The network that is evaluated is a moving average of the one that learns, and so slow that it "
    "hardly leaves the weights of the start in all of the training. Or its weights follow, but not what its "
    "normalization layers measure.",
    formula="A network that only answers, in less than half of the steps "
    f"({SELDOM:g}), beside one of the same shapes that learns, has come less than {HALFWAY:g} of its way "
    f"each time that was looked at, and more in the end than at first, over {STARTED:g}. Or it comes "
    f"farther than {STARTED:g}, and the running mean and variance of a layer that it is evaluated by are "
    "still 0 and 1.",
    source="A fact, measured: the projection on the way from the first weights to the present ones. After t "
    "steps an average with decay d still holds dᵗ of its start.",
    silent="it was all the way along at any time, as a copy of the best weights is when it is taken; or it "
    "answers in most steps, as a teacher does, which may be meant to be slow; or several networks learn. "
    "Where the one that learns is evaluated, too, it is a note.",
    remedy="A smaller decay, or one that grows with the steps: min(decay, (1 + step) / (10 + step)).",
    judge=judge_average_lags,
    picture=_picture_of_average_lags,
    untried="it changes which weights are evaluated, not how they are learnt",
    not_to_blame="it changes which weights are evaluated, not how they are learnt",
    explains=(Explains(("overfitting", "train_mode_evaluation"), "what is evaluated isn't what was learnt"),),
)


# best_state_not_copied: Weights that were kept to be loaded again, but not copied: they went on changing
# with the network.
#
# Silent where a state is loaded in the step in which it was taken: nothing could have changed.


def judge_best_state_not_copied(training: Training) -> Finding | None:
    """Fire if a network that learns was given its own tensors to load, steps after they were taken."""
    event = _worst(training)
    if event is None:
        return None
    kept = f"{quoted(event.taken, before=', taken at ')}," if event.taken is not None else ""
    name = event.module or "the network"
    return Finding(
        place=place_at(event.site, "call", module=event.module, call="load_state_dict"),
        where=quoted(event.site, f"load_state_dict of {name}"),
        confidence=0.97,
        evidence=(
            f"the state that {name} loads{kept} is made of its own tensors: "
            "after loading, no weight is another than before",
            f"{event.steps:,} optimizer steps came between taking and loading it; they changed it as well",
        ),
        remedy="Copy the weights when you keep them: state_dict() only points to them.",
        code=f"best = copy.deepcopy({_variable(training, event)}.state_dict())",
    )


def _variable(training: Training, event: LoadedItself) -> str:
    """Return the network's name, if the script has one for it."""
    classes = {root.kind for root in training.record.networks}
    return "model" if event.module in classes or not event.module else event.module


def _worst(training: Training) -> LoadedItself | None:
    params = training.record.params
    events = [
        event
        for event in training.record.events_of(LoadedItself)
        if event.steps and any(params[key].optimizers or params[key].reached for key in event.params)
    ]
    return max(events, key=lambda event: event.steps, default=None)


def _picture_of_best_state_not_copied(training: Training) -> Picture | None:
    """Steps between taking and loading, and the weights that loading changed."""
    event = _worst(training)
    if event is None:
        return None
    pairs = [("steps from taking to loading", event.steps), ("tensors that loading changed", 0.0)]
    return bars("A state that was never copied", "count", pairs)


BEST_STATE_NOT_COPIED = Fault(
    name="best_state_not_copied",
    family="The loop",
    title="the weights that are loaded back were never copied",
    what="`model.state_dict()` points to the network's own weights. What is kept of the best epoch goes on "
    "changing with every step, and loading it at the end restores nothing: the last weights stay.",
    formula="Every parameter that `load_state_dict` gives a network lies in the memory of that parameter "
    "itself, and optimizer steps came since `state_dict()` was called.",
    source="A fact, read off the tensors' addresses.",
    silent="the state was copied, went through a file, or is loaded in the step in which it was taken.",
    remedy="`best = copy.deepcopy(model.state_dict())`, or save it with `torch.save`.",
    judge=judge_best_state_not_copied,
    picture=_picture_of_best_state_not_copied,
    untried="it changes which weights are kept, not how they are learnt",
    not_to_blame="it changes which weights are kept, not how they are learnt",
    explains=(Explains(("overfitting",), "the best weights were to be loaded back, and weren't"),),
)
