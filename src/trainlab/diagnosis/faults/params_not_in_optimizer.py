"""Parameters that get gradients and belong to no optimizer: they never learn.

Silent for weights that were loaded or trained before (a backbone kept on purpose), and where what is
optimized isn't the network at all (an image, say).
"""

from __future__ import annotations

import ast
import re

from trainlab.diagnosis.edits import replaced
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, by_structure
from trainlab.diagnosis.observed.record import NetworkRecord, OptimizerRecord, ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import by_layer
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.limits import gets_no_gradient, rest_words
from trainlab.diagnosis.signals.training import Training, optimizer_name

LEAST = 10


def judge(training: Training) -> Finding | None:
    """Compare what the loss depends on with what the optimizers hold."""
    record = training.record
    if not training.stepped or training.record.tick < LEAST:
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
        remedy, code = (
            "Keep layers in nn.ModuleList (or nn.ModuleDict), tensors in nn.Parameter.",
            "self.layers = nn.ModuleList(…)",
        )
    elif stale:
        cause = (
            f"{name} still holds {len(lost)} other parameters that no loss reaches: "
            "it was made before these layers were"
        )
        remedy, code = (
            "Make the optimizer after the model has its final layers.",
            _made_again(training, outside, name),
        )
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
        remedy, code = (
            f"Give these parameters to {name}, too.",
            f"{name}.add_param_group({{'params': {module}.parameters()}})",
        )
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
            f"({missing / max(1, missing + inside):.0%} of all that the loss depends on)",
            cause,
            f"{name}: {made.quoted}" if made is not None else name,
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
    if network and line.count(".parameters()") == 1 and _is_whole(line):
        return replaced(site, re.sub(r"[\w.]+(?=\.parameters\(\))", network, line))
    return f"{name} = torch.optim.{optimizer.kind}({network or 'network'}.parameters(), …)"


def _made_again(training: Training, outside: list[ParamRecord], name: str) -> str:
    """Return the line that makes the optimizer, of the network whose parameters it lacks.

    It is the user's own where that is whole and speaks of one network.
    """
    optimizer = training.stepped[0]
    owner = next((param.owner for param in outside if param.owner is not None), None)
    root = training.record.networks[owner] if owner is not None else None
    model = root.name if root is not None and root.name != root.kind else ""
    line = optimizer.site.text if optimizer.site is not None else ""
    if line.count(".parameters()") != 1 or not _is_whole(line):
        line = f"{name} = {optimizer.kind}({model or 'model'}.parameters(), …)"
    elif model:
        line = re.sub(r"[\w.]+(?=\.parameters\(\))", model, line)
    return f"{line}  # below the line that makes its last layer"


def _is_whole(line: str) -> bool:
    """Whether a line is a statement, and not the first of several lines that are one."""
    try:
        ast.parse(line)
    except SyntaxError:
        return False
    return True


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


def _picture(training: Training) -> Picture | None:
    """Layers, and whether an optimizer has their parameters."""
    return by_layer(
        training,
        "In an optimizer",
        lambda param: "" if param.optimizers or not param.reached else "in no optimizer",
    )


def _edit(finding: Finding, training: Training) -> str:
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


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    """Parameters that belong into the optimizer are given to it; a network apart needs one of its own."""
    needs_its_own = bool(finding.place.module) and "add_param_group" not in finding.code
    given = single("the parameters left out given to the optimizer", "all_parameters")
    return () if needs_its_own else (given,)


FAULT = Fault(
    name="params_not_in_optimizer",
    family="The network",
    title="the optimizer doesn't have all parameters",
    what="Layers in a plain list, layers made after the optimizer, a module that was forgotten: their "
    "parameters get gradients that no step applies.",
    formula="Parameters of a network are reached by at least half of the losses from the lines that reach "
    f"them at all (and by 5), for {LEAST} steps or more, belong to no optimizer and don't move.",
    source="A fact, counted.",
    silent="they were loaded (a backbone kept on purpose), belong to the other network of a GAN, or "
    "`requires_grad` is off.",
    proven="no parameter that the optimizer has is reached by the loss.",
    remedy="Keep layers in `nn.ModuleList`, and make the optimizer last, from `model.parameters()`.",
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=_remedies,
    untried="the network would need an optimizer of its own, which steps in its turn",
    explains=(
        Explains(("capacity_too_small", "loss_plateau"), "what isn't optimized stays random"),
        Explains(("unreachable_params",), "it holds layers that have been replaced"),
    ),
    signals=("reach",),
)
