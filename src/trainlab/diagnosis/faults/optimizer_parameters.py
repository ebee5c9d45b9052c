"""Parameters that no optimizer changes: it wasn't given them, or they are frozen."""

from __future__ import annotations

import math
import re

from trainlab.diagnosis.edits import parsed, replaced
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, by_structure
from trainlab.diagnosis.observed.events import UnfrozenInName
from trainlab.diagnosis.observed.record import NetworkRecord, OptimizerRecord, ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.shared_pictures import by_layer
from trainlab.diagnosis.place import Place, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals.training import Training, gets_no_gradient, optimizer_name, rest_words

# params_not_in_optimizer: Parameters that get gradients and belong to no optimizer: they never learn.
#
# Silent for weights that were loaded or trained before (a backbone kept on purpose), and where what is
# optimized isn't the network at all (an image, say).

LEAST_LEFT_OUT = 10


def judge_params_not_in_optimizer(training: Training) -> Finding | None:
    """Compare what the loss depends on with what the optimizers hold."""
    record = training.record
    if not training.stepped or training.record.tick < LEAST_LEFT_OUT:
        return None
    keys = dict.fromkeys(key for optimizer in training.stepped for key in optimizer.params)
    held = [record.params[key] for key in keys]
    in_use = any(param.reached or param.with_grad for param in held)
    if in_use and not any(param.owner is not None or param.module_kind for param in held):
        return None
    outside = [param for param in record.params.values() if _is_left_out(training, param)]
    if not outside or (training.learning.adversarial and all(param.owner is None for param in outside)):
        return None
    inside = sum(param.size for param in held if param.reached)
    missing = sum(param.size for param in outside)
    name = optimizer_name(training.stepped[0])
    lost = [param for param in held if not param.reached and not param.with_grad]
    unregistered = [param for param in outside if not param.registered]
    stale = bool(lost) and not unregistered
    apart = _network_apart(training, outside, held)
    twins = _twins(training, outside) if apart is not None else None
    if unregistered:
        cause = "they lie in a plain list or dictionary, which nn.Module doesn't look into"
        remedy = "Keep layers in nn.ModuleList (or nn.ModuleDict), tensors in nn.Parameter."
        code = "self.layers = nn.ModuleList(…)"
    elif stale:
        cause = (
            f"{name} still holds {len(lost)} other parameters that no loss reaches: "
            "it was made before these layers were"
        )
        remedy = "Make the optimizer after the model has its final layers."
        code = _made_again(training, outside, name)
    elif apart is not None and twins is not None:
        name, other = (optimizer_name(one) for one in twins)
        cause = f"{name} and {other} both hold the same parameters, and none of these"
        remedy = f"Give {name} the parameters of {_called(apart)}: {other} has those that it holds."
        code = _of_network(twins[0], apart, name)
    elif apart is not None and _have_a_loss_apart(outside, held):
        cause = f"{name} was made without them: they are of another network, {_called(apart)}"
        remedy = f"Make an optimizer of its own for {_called(apart)}, and step it after the loss that is its."
        network = _name_of(apart) or "network"
        code = f"optimizer_{network} = torch.optim.{training.stepped[0].kind}({network}.parameters(), …)"
    else:
        cause = f"{name} was made without them"
        module = (_name_of(apart) if apart is not None else "") or "module"
        remedy = f"Give these parameters to {name}, too."
        code = f"{name}.add_param_group({{'params': {module}.parameters()}})"
    made = (training.stepped[0] if twins is None else twins[0]).site
    return Finding(
        place=Place(
            kind="parameters",
            module=apart.name if apart is not None else "",
            parameters=tuple(param.name for param in outside),
        ),
        where=f"{training.layers(outside)} ({training.names(outside)})",
        confidence=0.95,
        proof=by_structure("no parameter that the loss reaches is ever stepped")
        if gets_no_gradient(training)
        else Proof(words=rest_words(training, outside)),
        evidence=(
            f"{len(outside)} parameters with {missing:,} values get gradients and belong to no optimizer "
            f"({missing / max(1, missing + inside):.0%} of the values that the loss depends on)",
            cause,
            f"{name}{quoted(made, before=': ')}",
        ),
        remedy=remedy,
        code=code,
    )


def _network_apart(
    training: Training, outside: list[ParamRecord], held: list[ParamRecord]
) -> NetworkRecord | None:
    """Return the one network that all of these are of, where the optimizers hold nothing of it."""
    owners = {param.owner for param in outside}
    owner = owners.pop() if len(owners) == 1 else None
    if owner is None or any(param.owner in (owner, None) for param in held):
        return None
    return training.record.networks[owner]


def _name_of(root: NetworkRecord) -> str:
    """Return the script's name for a network, "" if it isn't known."""
    return root.name if root.name != root.kind else ""


def _called(root: NetworkRecord) -> str:
    return _name_of(root) or f"the {root.kind} that these are in"


def _have_a_loss_apart(outside: list[ParamRecord], held: list[ParamRecord]) -> bool:
    """Whether what the optimizers hold also learns by a loss that these parameters have no part in."""
    return max(param.reached for param in held) > max(param.reached for param in outside)


def _twins(training: Training, outside: list[ParamRecord]) -> tuple[OptimizerRecord, OptimizerRecord] | None:
    """Return two optimizers that hold the same parameters; first the one that should hold these.

    It is the one that steps after a loss which reaches them, or that was made first.
    """
    stepped = training.stepped
    pair = next(
        (
            (one, other)
            for place, one in enumerate(stepped)
            for other in stepped[place + 1 :]
            if set(one.params) == set(other.params)
        ),
        None,
    )
    if pair is None:
        return None
    keys = {param.key for param in outside}
    ticks = {
        graph.tick for graph in training.record.graphs if any(node.param in keys for node in graph.nodes)
    }
    one, other = pair
    return (other, one) if other.first_tick in ticks and one.first_tick not in ticks else pair


def _of_network(optimizer: OptimizerRecord, root: NetworkRecord, name: str) -> str:
    """Return the line that makes an optimizer, of another network: the user's own where it is simple."""
    site = optimizer.site
    line = site.text if site is not None else ""
    network = _name_of(root)
    if network and line.count(".parameters()") == 1 and parsed(line) is not None:
        return replaced(site, _with_network(line, network))
    return f"{name} = torch.optim.{optimizer.kind}({network or 'network'}.parameters(), …)"


def _made_again(training: Training, outside: list[ParamRecord], name: str) -> str:
    """Return the line that makes the optimizer, of the network whose parameters it lacks.

    It is the user's own where that is whole and speaks of one network.
    """
    optimizer = training.stepped[0]
    owner = next((param.owner for param in outside if param.owner is not None), None)
    root = training.record.networks[owner] if owner is not None else None
    model = _name_of(root) if root is not None else ""
    line = optimizer.site.text if optimizer.site is not None else ""
    if line.count(".parameters()") != 1 or parsed(line) is None:
        line = f"{name} = {optimizer.kind}({model or 'model'}.parameters(), …)"
    elif model:
        line = _with_network(line, model)
    return f"{line}  # below the line that makes its last layer"


def _with_network(line: str, network: str) -> str:
    return re.sub(r"[\w.]+(?=\.parameters\(\))", network, line)


def _is_left_out(training: Training, param: ParamRecord) -> bool:
    in_network = param.owner is not None or not param.registered
    module_like = bool(param.module_kind) or "." in param.name or "[" in param.name
    return (
        param.requires_grad
        and in_network
        and module_like
        and param.reached >= 5
        and param.reached >= 0.5 * _losses_of_it(training, param)
        and not param.loaded
        and not param.optimizers
        and param.moved is not True
    )


def _losses_of_it(training: Training, param: ParamRecord) -> int:
    """Return how many graphs were read of losses on the lines that reach it: other networks have others.

    Where those left out lie less deep than what is trained, all graphs count: they may be a fixed part of a
    loss, as a random projection is, and such a loss may have a line and a backward pass of its own.
    """
    params = training.record.params.values()
    trained = max((one.depth for one in params if one.optimizers), default=0)
    if max((one.depth for one in params if not one.optimizers), default=0) <= trained:
        return param.graphs
    curves = [one for one in training.record.loss_curves if one.site in param.reached_from]
    return min(param.graphs, sum(one.walked for one in curves))


def _picture_of_params_not_in_optimizer(training: Training) -> Picture | None:
    """Layers, and whether an optimizer has their parameters."""
    return by_layer(
        training,
        "In an optimizer",
        lambda param: "" if param.optimizers or not param.reached else "in no optimizer",
    )


def _edit_of_params_not_in_optimizer(finding: Finding, training: Training) -> str:
    """Wrap the plain lists that hold layers, named as the user names them."""
    outside = [
        param.name
        for param in training.record.params.values()
        if not param.registered and not param.optimizers
    ]
    found = [re.match(r"(?:.*\.)?(\w+)\[(\w|')+\]", name) for name in outside]
    lists = dict.fromkeys(match[1] for match in found if match is not None)
    keyed = any("['" in name for name in outside)
    if not lists or keyed:
        return ""
    return "\n".join(f"self.{name} = nn.ModuleList(self.{name})  # in __init__" for name in lists)


def _remedies_for_params_not_in_optimizer(finding: Finding) -> tuple[Remedy, ...]:
    """Parameters that belong into the optimizer are given to it; a network apart needs one of its own."""
    needs_its_own = bool(finding.place.module) and "add_param_group" not in finding.code
    given = single("the parameters left out given to the optimizer", "all_parameters")
    return () if needs_its_own else (given,)


PARAMS_NOT_IN_OPTIMIZER = Fault(
    name="params_not_in_optimizer",
    family="The network",
    title="the optimizer doesn't have all parameters",
    what="Layers in a plain list, layers made after the optimizer, a module that was forgotten: their "
    "parameters get gradients that no step applies.",
    formula="Parameters of a network are reached by at least half of the losses from the lines that reach "
    f"them at all (and by 5), for {LEAST_LEFT_OUT} steps or more, belong to no optimizer and don't move.",
    source="A fact, counted.",
    silent="they were loaded (a backbone kept on purpose), belong to the other network of a GAN, or "
    "`requires_grad` is off.",
    proven="no parameter that the optimizer has is reached by the loss.",
    remedy="Keep layers in `nn.ModuleList`, and make the optimizer last, from `model.parameters()`.",
    judge=judge_params_not_in_optimizer,
    picture=_picture_of_params_not_in_optimizer,
    edit=_edit_of_params_not_in_optimizer,
    remedies=_remedies_for_params_not_in_optimizer,
    untried="the network would need an optimizer of its own, which steps in its turn",
    explains=(
        Explains(("capacity_too_small", "loss_plateau"), "what isn't optimized stays random"),
        Explains(("unreachable_params",), "it holds layers that have been replaced"),
    ),
    signals=("reach",),
)


# frozen_params: Layers that are frozen although they were never trained and never loaded: they stay random.
#
# Silent for weights that were loaded, that an optimizer trained before, or whose spread is not what PyTorch's
# default initialization gives (then someone has set them). An embedding's vectors are often given: these must
# be independent normal numbers, as features and trained vectors aren't, and the network must fit badly.

SHARE = 0.2
UNFIT = 0.3
STANDARDIZED = 0.15
"""Below that, means or spreads of columns are too equal to be chance: they were made so."""
LEAST_FROZEN = 20
GOOD = 0.95
"""Accuracy, or R²: a network that reaches it may stand on random features on purpose."""


def judge_frozen_params(training: Training) -> Finding | None:
    """Fire if a fifth of a trained network's weights is frozen at random values."""
    record = training.record
    for event in record.events_of(UnfrozenInName):
        if record.tick >= LEAST_FROZEN:
            return _in_name_only(training, event)
    for root in record.networks:
        learnt = root.learn_in_train + root.learn_in_eval
        params = [record.params[key] for key in root.params]
        frozen = [param for param in params if not param.requires_grad]
        unfit = training.learning.ratio > UNFIT
        random = [one for one in frozen if is_random(one) or (unfit and _is_random_table(one))]
        if (
            learnt < LEAST_FROZEN
            or not random
            or any(param.loaded or param.moved or param.with_grad for param in frozen)
        ):
            continue
        size, total = sum(param.size for param in frozen), sum(param.size for param in params)
        if size < SHARE * total:
            continue
        finding = Finding(
            place=Place(
                kind="parameters", module=root.name, parameters=tuple(param.name for param in frozen)
            ),
            where=f"{training.layers(frozen)} ({training.names(frozen)}): requires_grad is False",
            confidence=0.85,
            proof=Proof(words=rest_words(training, frozen)),
            evidence=(
                f"{size:,} of {total:,} values of {root.name} are frozen; they were neither "
                "loaded nor trained before",
                f"{_spread_of(random)} in {training.names(random)}",
            ),
            remedy="Leave these layers trainable, or load trained weights into them first.",
            code=f"{root.name}.requires_grad_(True)",
        )
        return finding.as_note() if training.learning.reached > GOOD else finding
    return None


def _in_name_only(training: Training, event: UnfrozenInName) -> Finding:
    params = [training.record.params[key] for key in event.params]
    return Finding(
        place=Place(kind="parameters", module=event.module, parameters=tuple(param.name for param in params)),
        where=f"{event.module}: .requires_grad = True was set on the module ({training.names(params)})",
        confidence=0.95,
        evidence=(
            f"{sum(param.size for param in params):,} values of {event.module} are still frozen",
            "on a module, unlike on a tensor, requires_grad is an attribute that nothing reads",
        ),
        remedy=f"Call {event.module}.requires_grad_(True), which sets it on every parameter.",
        code=f"{event.module}.requires_grad_(True)",
    )


def is_random(param: ParamRecord) -> bool:
    """Whether a weight looks as Linear and Conv are initialized: uniform on ±1/√fan_in, std 1/√(3·fan_in)."""
    if len(param.shape) < 2 or param.start is None or param.size < 32:
        return False
    fan_in = param.size // param.shape[0]
    bound = fan_in**-0.5
    return 0.85 < param.start.std / (bound / 3**0.5) < 1.15 and param.start.largest <= 1.001 * bound


def _is_random_table(param: ParamRecord) -> bool:
    """Whether an embedding's vectors are independent normal numbers: columns differ as by chance.

    Those of features have other means and spreads, standardized ones equal ones, and both are correlated.
    |x| of a normal x has the mean √(2/π) σ; the largest of k normal numbers is about √(2 ln k). The limits
    are some three standard errors, of the largest mean two: it varies less.
    """
    start = param.start
    if start is None or "Embedding" not in param.module_kind or param.size < 200:
        return False
    columns = param.shape[1]
    shape = start.mean_abs / max(start.std, 1e-12) * (math.pi / 2) ** 0.5
    three = 3 / (2 * columns) ** 0.5
    return (
        STANDARDIZED < start.column_mean_z < (2 * math.log(columns)) ** 0.5 + 2
        and max(STANDARDIZED, 1 - three) < start.column_std_z < 1 + three
        and start.column_correlation < 1 + 3 * 2 / (columns * (columns - 1)) ** 0.5
        and abs(shape - 1) < 0.02 + 2 / param.size**0.5
    )


def _spread_of(random: list[ParamRecord]) -> str:
    """Name the numbers that these weights have as at random: of the default, of a table, or of both."""
    found = ("PyTorch's random initialization", any(map(is_random, random)))
    normal = ("random normal numbers", not all(map(is_random, random)))
    return " and ".join(name for name, there in (found, normal) if there)


def _picture_of_frozen_params(training: Training) -> Picture | None:
    """Layers, and whether they are frozen."""
    return by_layer(training, "Trained", lambda param: "" if param.requires_grad else "frozen, random")


FROZEN_PARAMS = Fault(
    name="frozen_params",
    family="The network",
    title="layers are frozen at random values",
    what="`requires_grad` is off for layers that were neither trained nor loaded: they stay random.",
    formula=f"At least {SHARE:.0%} of a trained network's values are frozen, never loaded, never moved, "
    "and weights among them have the spread of PyTorch's default initialization, std(w) ≈ "
    "1/√(3·fan_in); or they are embeddings of independent normal numbers, in a network whose loss is "
    f"still above {UNFIT:.0%} of the best constant answer's."
    f" Or `requires_grad = True` was set on a module, which nothing reads, and {LEAST_FROZEN} steps were "
    "taken; of frozen values the network must have learnt in as many.",
    source="Fine-tuning freezes what was loaded or trained before; noise is frozen on purpose only for "
    "random features (extreme learning machines), which do well.",
    silent="weights were loaded, were trained before, or were set by hand to anything but random "
    "numbers; embeddings hold features, whose columns are unequal, standardized, or correlated. Over "
    f"{GOOD:g} accuracy or R² it is a note."
    " Columns are unequal or standardized where their means or spreads differ by less than "
    f"{STANDARDIZED:g} standard errors.",
    remedy="Leave the layers trainable, or load trained weights into them first.",
    see=("init",),
    judge=judge_frozen_params,
    picture=_picture_of_frozen_params,
    remedies=(
        Remedy(
            words="the frozen layers trained", changes=({"change": "trainable"}, {"change": "all_parameters"})
        ),
    ),
    explains=(Explains(("capacity_too_small", "loss_plateau"), "what is frozen stays random"),),
)
