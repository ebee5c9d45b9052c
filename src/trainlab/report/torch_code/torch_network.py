"""The network of a cell's script: layers, activations, dropout, and where its parameters start."""

from __future__ import annotations

from trainlab.engine.layout import LayerLayout, layers_of
from trainlab.maths import ACTIVATIONS, Activation
from trainlab.spec import (
    Constant,
    Experiment,
    InitScheme,
    KaimingNormal,
    KaimingUniform,
    Normal,
    Orthogonal,
    Uniform,
    XavierNormal,
    XavierUniform,
    name_of,
)

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
