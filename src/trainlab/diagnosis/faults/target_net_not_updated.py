"""A target network that never follows the network it is a copy of, or that is this network itself.

Silent for a frozen teacher or reference, which is asked about the same rows, for one that was loaded or
trained before, and for an opponent in games, whose passes are many in a step.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import LoadedItself, MixedWithItself
from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training
from trainlab.diagnosis.signals.twins import LEAST, learning_twin, learns

LONG = 200
OFTEN = 0.5
AT_ONCE = 2
SURE, LIKELY = 0.95, 0.75


def judge(training: Training) -> Finding | None:
    """Look at averages of a network with itself, at a state loaded from itself, at one that never changes."""
    return _mixed(training) or _loaded(training) or _still(training)


def _mixed(training: Training) -> Finding | None:
    for event in training.record.events_of(MixedWithItself):
        root = _whole(training, event.params)
        if root is None or event.count < LEAST or not learns(root):
            continue
        return Finding(
            place=place_at(event.site, "call", module=root.name, call=event.name),
            where=event.site.quoted if event.site else root.name,
            confidence=SURE,
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
        root = _whole(training, event.params)
        if root is None or root.judge_ticks < LEAST or root.never_changed is False:
            continue
        twin = learning_twin(training.record, root)
        if twin is None or learns(root):
            continue
        target, online = _names(root, twin)
        return Finding(
            place=place_at(event.site, "call", module=root.name, call="load_state_dict"),
            where=event.site.quoted if event.site else root.name,
            confidence=SURE,
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
            where=f"{target} at {site.quoted}" if site else target,
            confidence=LIKELY,
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


def _whole(training: Training, keys: set[int]) -> NetworkRecord | None:
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


def _picture(training: Training) -> Picture | None:
    """What each network did: passes to learn, and passes without gradients."""
    pairs: list[tuple[str, float]] = []
    several = len({root.name for root in training.record.networks[:4]}) < len(training.record.networks[:4])
    for place, root in enumerate(training.record.networks[:4]):
        name = f"{root.name} {place + 1}" if several else root.name
        pairs += [
            (f"{name}: to learn", float(root.learn_in_train + root.learn_in_eval)),
            (f"{name}: without gradients", float(root.judge_in_train + root.judge_in_eval)),
        ]
    return bars("Forward passes of the networks", "forward passes", pairs)


FAULT = Fault(
    name="target_net_not_updated",
    family="The loop",
    title="the target network never follows",
    what="The network that gives the targets is never given the weights learnt, or it is the network that "
    "learns: the targets stay those of the beginning, or run away with every step.",
    formula="A network's weights are averaged with themselves. Or a network that only answers loads its own "
    f"weights, beside one of the same shapes that learns. Or it answers in {OFTEN:.0%} of the steps (and "
    f"{LONG}), on other rows than its twin learns from, and never changes.",
    source="The first two are facts, read off the tensors' addresses. The third leaves out what is meant to "
    "stand still: teachers and references, which see the same rows.",
    silent="the network follows in any way, was loaded or trained before, sees the rows that its twin learns "
    "from, or makes many passes in a step, as an opponent does. It is a note where it began with weights of "
    "its own, and its answers may be the targets themselves, which are learnt.",
    remedy="`target.load_state_dict(online.state_dict())` now and then, with `target` a copy of its own.",
    judge=judge,
    picture=_picture,
    untried="the script's own loop decides when the target follows",
    explains=(
        Explains(
            ("loss_plateau", "oscillating_loss", "lr_too_high", "exploding_gradient"),
            "its targets aren't those of the network learnt so far",
        ),
    ),
)
