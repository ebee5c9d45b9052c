"""A remedy as a change of an experiment: what is done to a script from outside, said in fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainlab.diagnosis.lift.recording import Unused
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.errors import TrainlabError
from trainlab.maths import ACTIVATIONS
from trainlab.spec import Experiment

Fields = dict[str, Any]
_OF_ZERO = {"name": "constant", "val": 0.0}
_SCHEMES: dict[str, Fields] = {
    "default": {"weight": "default", "bias": "default"},
    "he": {"weight": {"name": "kaiming_normal", "nonlinearity": "relu"}, "bias": _OF_ZERO},
    "xavier": {"weight": "xavier_uniform", "bias": _OF_ZERO},
}
"""As `changes.starts` sets them in a script's own modules."""


def changed(experiment: Experiment, changes: Sequence[Mapping[str, Any]]) -> Experiment | None:
    """Return the experiment with a remedy's changes; None where one can't be said so, or changes nothing."""
    fields = _written_out(experiment)
    try:
        for change in changes:
            settings = {name: value for name, value in change.items() if name != "change"}
            act = _CHANGES.get(change["change"])
            if act is None or not act(fields, **settings):
                return None
        new = Experiment.from_dict(fields)
    except TrainlabError:
        return None
    return None if new.fingerprint == experiment.fingerprint else new


def with_the_unused(unused: Sequence[Unused]) -> tuple[Remedy, ...]:
    """Return the remedy that has layers used which the network never calls: each where it is declared."""
    if not unused:
        return ()
    names = ", ".join(one.name for one in unused)
    places = [[one.after, one.fan_in, one.fan_out, one.bias] for one in unused]
    return (single(f"{names} used where it is declared", "use_layers", layers=places),)


def _written_out(experiment: Experiment) -> Fields:
    """Return the fields, of the network and its start layer by layer."""
    fields, network = experiment.to_dict(), experiment.network
    init = fields.get("init", {})
    weight, bias = (init.get(name, "default") for name in ("weight", "bias"))
    fields["network"] = {
        "widths": list(network.widths),
        "bias": list(network.biases),
        "activation": list(network.activations),
        "dropout": list(network.dropouts),
    }
    fields["init"] = {
        "weight": weight if isinstance(weight, list | tuple) else [weight] * network.layers,
        "bias": bias if isinstance(bias, list | tuple) else [bias] * network.layers,
    }
    return fields


def _lr(fields: Fields, *, times: float) -> bool:
    fields["optimizer"]["lr"] = fields["optimizer"]["lr"] * times
    return True


def _momentum(fields: Fields, *, value: float) -> bool:
    optimizer = fields["optimizer"]
    name = "momentum" if "momentum" in optimizer else "beta1" if "beta1" in optimizer else ""
    if not name and "betas" in optimizer:
        optimizer["betas"] = [min(value, optimizer["betas"][0]), *optimizer["betas"][1:]]
    elif name:
        optimizer[name] = min(value, optimizer[name])
    return True


def _weight_decay(fields: Fields, *, times: float) -> bool:
    optimizer = fields["optimizer"]
    if not optimizer.get("weight_decay"):
        return False
    optimizer["weight_decay"] = optimizer["weight_decay"] * times
    return True


def _clip(fields: Fields, *, norm: float) -> bool:
    fields["clip"] = {"norm": norm}
    return True


def _init(fields: Fields, *, scheme: str) -> bool:
    init, network = fields["init"], fields["network"]
    layers = len(network["bias"])
    if scheme == "biases":
        init["bias"] = [_OF_ZERO] * layers
        return True
    if scheme not in _SCHEMES:
        return False
    fields["init"] = {part: [value] * layers for part, value in _SCHEMES[scheme].items()}
    return True


def _replace(fields: Fields, *, which: Sequence[str], by: str) -> bool:
    """Put another activation between layers; the one that the output comes out of stays."""
    *hidden, last = fields["network"]["activation"]
    if by not in ACTIVATIONS or not any(one in which for one in hidden):
        return False
    fields["network"]["activation"] = [by if one in which else one for one in hidden] + [last]
    return True


def _between(fields: Fields) -> bool:
    *hidden, last = fields["network"]["activation"]
    fields["network"]["activation"] = ["relu" if one == "linear" else one for one in hidden] + [last]
    return "linear" in hidden


def _off_output(fields: Fields) -> bool:
    *hidden, last = fields["network"]["activation"]
    fields["network"]["activation"] = [*hidden, "linear"]
    return last != "linear"


def _squared(fields: Fields) -> bool:
    was = fields["loss"]["name"]
    fields["loss"] = {"name": "mse"}
    return was in ("l1", "huber", "smooth_l1")


def _inputs(fields: Fields) -> bool:
    fields["scaling"] = {**fields.get("scaling", {}), "inputs": "standard"}
    return True


def _targets(fields: Fields) -> bool:
    fields["scaling"] = {**fields.get("scaling", {}), "targets": "standard"}
    return True


def _use_layers(fields: Fields, *, layers: Sequence[Sequence[Any]]) -> bool:
    """Insert layers, with the activation and the start of the one before; their widths have to fit."""
    network, init = fields["network"], fields["init"]
    for more, (after, fan_in, fan_out, bias) in enumerate(layers):
        place = int(after) + more
        like = max(0, place - 1)
        if network["widths"][place] != fan_in or fan_in != fan_out:
            return False
        network["widths"].insert(place, fan_out)
        network["bias"].insert(place, bool(bias))
        network["activation"].insert(place, network["activation"][like])
        network["dropout"].insert(min(like, len(network["dropout"])), 0.0)
        for part in ("weight", "bias"):
            init[part] = list(init[part])
            init[part].insert(place, init[part][like])
    return True


_CHANGES: dict[str, Callable[..., bool]] = {
    "lr": _lr,
    "momentum": _momentum,
    "weight_decay": _weight_decay,
    "clip": _clip,
    "init": _init,
    "replace": _replace,
    "between": _between,
    "off_output": _off_output,
    "squared": _squared,
    "inputs": _inputs,
    "targets": _targets,
    "use_layers": _use_layers,
}
"""The changes that an experiment has a field for, by the names that remedies have for them (`applying`)."""
