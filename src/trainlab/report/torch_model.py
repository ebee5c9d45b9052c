"""The parts of a script in PyTorch that a cell's model is: data, network, loss."""

from __future__ import annotations

import textwrap

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.engine.layout import LayerLayout, layers_of
from trainlab.maths import ACTIVATIONS, LINKS, LOSSES, Activation
from trainlab.spec import (
    Accuracy,
    Constant,
    Custom,
    Experiment,
    InitScheme,
    KaimingNormal,
    KaimingUniform,
    Loss,
    LossBelow,
    Normal,
    Orthogonal,
    Points,
    Uniform,
    XavierNormal,
    XavierUniform,
    name_of,
)

# The examples of a cell's script: written out where they are few, read from a file where they are many.


MAX_NUMBERS = 1500
WIDTH = 100


def fits(experiment: Experiment) -> bool:
    """Return whether the examples are written in the script: they are few, or the experiment's own."""
    data = experiment.data()
    return (
        isinstance(experiment.task, Points)
        or (data.points + data.held_out) * (data.features + data.outputs) <= MAX_NUMBERS
    )


def data_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make the tensors of the examples, those held out too."""
    data = experiment.data()
    arrays = {"inputs": data.inputs, "targets": data.targets}
    if data.held_out:
        arrays |= {"held_out_inputs": data.held_out_inputs, "held_out_targets": data.held_out_targets}
    if fits(experiment):
        return [line for name, array in arrays.items() for line in _tensor(name, array)] + [""]
    file = f"{name_of(experiment.task)}.npz"
    each = ", ".join(f"{name}=data.{name}" for name in arrays)
    wrapped = textwrap.wrap(
        f'numpy.savez("{file}", {each})', WIDTH, initial_indent="#   ", subsequent_indent="#       "
    )
    return [
        f"# These are {data.points + data.held_out:,} examples, too many to write here. Save them once with",
        "# trainlab, split and scaled as the experiment has them:",
        "#   data = experiment.data()",
        *wrapped,
        f'saved = np.load("{file}")',
        *(f'{name} = torch.tensor(saved["{name}"], dtype=torch.float32)' for name in arrays),
        "",
    ]


def _tensor(name: str, array: npt.NDArray[np.float64]) -> list[str]:
    rows = array.tolist()
    line = f"{name} = torch.tensor({rows!r})"
    if len(line) <= WIDTH:
        return [line]
    body = [
        piece
        for row in rows
        for piece in textwrap.wrap(f"{row!r},", WIDTH, initial_indent="    ", subsequent_indent="     ")
    ]
    return [f"{name} = torch.tensor([", *body, "])"]


# The network of a cell's script: layers, activations, dropout, and where its parameters start.


FAN_IN = ("default", "fan_in_uniform")


def network_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``network`` and give its parameters their initial values.

    Of a training that goes on from another, whose ``network`` is there, with the weights of that.
    """
    if experiment.after is not None:
        return [*_gone_on(experiment, experiment.after), *_frozen(experiment)]
    lines = _module(experiment)
    init = experiment.init
    weights, biases = init.weights_of(experiment.network.layers), init.biases_of(experiment.network.layers)
    layered = len(set(weights)) > 1 or len(set(biases)) > 1
    inits = _by_layer(experiment) if layered else _alike(experiment)
    return [*lines, *inits, *_frozen(experiment), ""]


def _gone_on(experiment: Experiment, before: Experiment) -> list[str]:
    """Return the lines that make the network anew where it differs, and keep its weights."""
    if experiment.network == before.network:
        return []
    return [
        "trained = [parameter.detach().clone() for parameter in network.parameters()]",
        *_module(experiment),
        "with torch.no_grad():",
        "    for parameter, value in zip(network.parameters(), trained):",
        "        parameter.copy_(value)",
        "",
    ]


def _frozen(experiment: Experiment) -> list[str]:
    """Return the lines that freeze layers, and let go those that the training before had frozen."""
    before = () if experiment.after is None else experiment.after.frozen
    if experiment.frozen == before:
        return []
    frozen = list(experiment.frozen)
    return [
        f"# Frozen layers, counted from 1: {frozen}" if frozen else "# No layer is frozen any more.",
        "for number, layer in enumerate((layer for layer in network if isinstance(layer, nn.Linear)), 1):",
        f"    layer.requires_grad_(number not in {frozen})",
        # Else the norm of all gradients would have those that a layer had before it was frozen.
        *([] if experiment.after is None else ["network.zero_grad()"]),
    ]


def _module(experiment: Experiment) -> list[str]:
    network = experiment.network
    used = [ACTIVATIONS[name] for name in dict.fromkeys(network.activations)]
    lines = [line for entry in used for line in _own_class(entry)] + ["network = nn.Sequential("]
    for layer, p in zip(layers_of(network), (*network.dropouts, 0.0), strict=True):
        bias = "" if layer.first_bias is not None else ", bias=False"
        lines.append(f"    nn.Linear({layer.fan_in}, {layer.fan_out}{bias}),")
        if layer.activation != "linear":
            lines.append(f"    {_made(ACTIVATIONS[layer.activation])},")
        if p:
            lines.append(f"    nn.Dropout({p!r}),")
    return [*lines, f")  # {network.parameters:,} parameters"]


def _own_class(activation: Activation) -> list[str]:
    """Return the class of an activation that torch.nn doesn't have; nothing for one that it has."""
    if activation.torch_class:
        return []
    lines = [f"class {activation.name.title()}(nn.Module):", "    def forward(self, values):"]
    return ["", *lines, f"        return torch.{activation.torch_function}(values)", "", ""]


def _made(activation: Activation) -> str:
    """Return the call that makes the module of an activation."""
    name = f"nn.{activation.torch_class}" if activation.torch_class else activation.name.title()
    return f"{name}({'' if activation.elementwise else 'dim=1'})"


def _alike(experiment: Experiment) -> list[str]:
    """Return a loop over the layers, which all start by the same schemes."""
    weight, bias = experiment.init.weights_of(1)[0], experiment.init.biases_of(1)[0]
    lines = ["for layer in network:", "    if isinstance(layer, nn.Linear):"]
    if name_of(weight) in FAN_IN or name_of(bias) in FAN_IN:
        lines.append("        bound = layer.in_features**-0.5  # PyTorch's default for nn.Linear")
    lines.append(f"        {_init('layer.weight', weight, 'bound', 'layer.in_features')}")
    if any(experiment.network.biases):
        lines += [
            "        if layer.bias is not None:",
            f"            {_init('layer.bias', bias, 'bound', 'layer.in_features')}",
        ]
    return lines


def _by_layer(experiment: Experiment) -> list[str]:
    """Return a line for each weight matrix and bias."""
    layers = layers_of(experiment.network)
    init = experiment.init
    lines = ["layers = [layer for layer in network if isinstance(layer, nn.Linear)]"]
    schemes = zip(layers, init.weights_of(len(layers)), init.biases_of(len(layers)), strict=True)
    for place, (layer, weight, bias) in enumerate(schemes):
        lines.append(_init(f"layers[{place}].weight", weight, *_fans(layer)))
        if layer.first_bias is not None:
            lines.append(_init(f"layers[{place}].bias", bias, *_fans(layer)))
    return lines


def _fans(layer: LayerLayout) -> tuple[str, str]:
    return f"{layer.fan_in}**-0.5", str(layer.fan_in)


def _init(what: str, scheme: InitScheme, bound: str, fan_in: str) -> str:
    """Return the call that fills one tensor; `bound` is code for 1/√fan_in."""
    if isinstance(scheme, Normal):
        return f"nn.init.normal_({what}, mean={scheme.mean!r}, std={scheme.std!r})"
    if isinstance(scheme, Uniform):
        return f"nn.init.uniform_({what}, a={scheme.a!r}, b={scheme.b!r})"
    if isinstance(scheme, Constant):
        return f"nn.init.constant_({what}, {scheme.val!r})"
    if isinstance(scheme, XavierUniform | XavierNormal | Orthogonal):
        return f"nn.init.{name_of(scheme)}_({what}, gain={scheme.gain!r})"
    if isinstance(scheme, KaimingUniform | KaimingNormal):
        return (
            f"nn.init.{name_of(scheme)}_({what}, a={scheme.a!r}, mode={scheme.mode!r}, "
            f"nonlinearity={scheme.nonlinearity!r})"
        )
    if name_of(scheme) == "lecun_normal":
        return f"nn.init.normal_({what}, std={fan_in}**-0.5)"
    if name_of(scheme) == "lecun_uniform":
        return f"nn.init.uniform_({what}, -((3 / {fan_in}) ** 0.5), (3 / {fan_in}) ** 0.5)"
    return (
        f"nn.init.uniform_({what}, -({bound}), {bound})"
        if "*" in bound
        else f"nn.init.uniform_({what}, -{bound}, {bound})"
    )


# The loss of a cell's script, its predictions, and when it calls a run solved.


def loss_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``criterion``."""
    if isinstance(experiment.loss, Custom):
        own = experiment.loss.function
        return [
            "",
            "def criterion(outputs, targets):",
            f"    # The loss registered as {own!r}, of (prediction, target): define it above.",
            f"    return {own}(outputs, targets).mean()",
            "",
            "",
        ]
    entry = LOSSES[name_of(experiment.loss)]
    if entry.torch_code:
        return ["", "def criterion(outputs, targets):", *(f"    {line}" for line in entry.torch_code), "", ""]
    settings = ", ".join(f"{key}={value!r}" for key, value in msgspec.structs.asdict(experiment.loss).items())
    return [f"criterion = nn.{entry.torch_class}({settings})"]


def prediction_code(experiment: Experiment, outputs: str) -> str:
    """Return code for the predictions that the outputs stand for."""
    return LINKS[loss_link(experiment.loss)].torch_code.format(outputs)


def loss_link(loss: Loss) -> str:
    """Return the name of the link; a loss of one's own is of predictions."""
    return "identity" if isinstance(loss, Custom) else LOSSES[name_of(loss)].link


def solved_lines(experiment: Experiment) -> list[str]:
    """Return the lines of the function ``solved()``."""
    rule, part = experiment.solved, "held_out_" if experiment.solved.on == "held_out" else ""
    outputs = f"network({part}inputs)"
    lines = ["", "@torch.no_grad()", "def solved():"]
    if isinstance(rule, LossBelow):
        return [*lines, f"    return bool(criterion({outputs}, {part}targets) < {rule.loss!r})", "", ""]
    lines.append(f"    predictions = {prediction_code(experiment, outputs)}")
    if not isinstance(rule, Accuracy):
        near = f"((predictions - {part}targets).abs() < {rule.within!r})"
        return [*lines, f"    return bool({near}.all())", "", ""]
    if experiment.data().outputs == 1:
        right = f"(predictions > 0.5) == ({part}targets > 0.5)"
    else:
        right = f"predictions.argmax(dim=1) == {part}targets.argmax(dim=1)"
    share = [f"    right = {right}", f"    return right.double().mean().item() >= {rule.accuracy!r}"]
    return [*lines, *share, "", ""]
