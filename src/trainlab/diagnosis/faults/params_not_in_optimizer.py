"""Parameters that get gradients and belong to no optimizer: they never learn.

Silent for weights that were loaded or trained before (a backbone kept on purpose), and where what is
optimized isn't the network at all (an image, say).
"""

from __future__ import annotations

import ast
import re

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, by_structure
from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import by_layer
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.limits import gets_no_gradient, rest_words
from trainlab.diagnosis.signals.training import Training, modules_of, optimizer_name

LEAST = 10


def judge(training: Training) -> Finding | None:
    """Compare what the loss depends on with what the optimizers hold."""
    record = training.record
    if not training.stepped or training.record.tick < LEAST:
        return None
    held = [record.params[key] for optimizer in training.stepped for key in optimizer.params]
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
    else:
        cause = f"{name} was made without them"
        remedy, code = (
            f"Give these parameters to {name}, too.",
            f"{name}.add_param_group({{'params': module.parameters()}})",
        )
    made = training.stepped[0].site
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in outside)),
        where=f"{modules_of(param.name for param in outside)} ({training.names(outside)})",
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
        and param.reached >= 0.5 * param.graphs
        and not param.loaded
        and not param.optimizers
        and param.moved is not True
    )


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


FAULT = Fault(
    name="params_not_in_optimizer",
    family="The network",
    title="the optimizer doesn't have all parameters",
    what="Layers in a plain list, layers made after the optimizer, a module that was forgotten: their "
    "parameters get gradients that no step applies.",
    formula=f"Parameters of a network are reached by at least half of the losses (and 5), for {LEAST} "
    "steps or more, belong to no optimizer and don't move.",
    source="A fact, counted.",
    silent="they were loaded (a backbone kept on purpose), belong to the other network of a GAN, or "
    "`requires_grad` is off.",
    proven="no parameter that the optimizer has is reached by the loss.",
    remedy="Keep layers in `nn.ModuleList`, and make the optimizer last, from `model.parameters()`.",
    judge=judge,
    picture=_picture,
    edit=_edit,
    remedies=(single("the parameters left out given to the optimizer", "all_parameters"),),
    explains=(
        Explains(("capacity_too_small", "loss_plateau"), "what isn't optimized stays random"),
        Explains(("unreachable_params",), "it holds layers that have been replaced"),
    ),
    signals=("reach",),
)
