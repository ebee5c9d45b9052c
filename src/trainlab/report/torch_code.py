"""A cell as ready-to-run PyTorch: a plain script that needs torch and nothing of trainlab."""

from __future__ import annotations

from trainlab.engine.layout import layers_of
from trainlab.maths import LOSSES
from trainlab.spec import SGD, Experiment, Single
from trainlab.spec.parts import Constant, Default, InitScheme, Normal, Uniform

_ACTIVATIONS = {"tanh": "nn.Tanh()", "sigmoid": "nn.Sigmoid()", "relu": "nn.ReLU()"}


def cell_code(experiment: Experiment, seed: int) -> str:
    """Return a Python script that trains `experiment` once with torch, seeded by `seed`.

    Network, init, loss, optimizer and sampling are the experiment's. The random draws are torch's, so one run
    of it is another run than trainlab's with that seed; over many seeds the success rates agree.
    """
    return "\n".join(
        [*_head(experiment, seed), *_network(experiment), *_training(experiment), *_end(experiment)]
    )


def _head(experiment: Experiment, seed: int) -> list[str]:
    data = experiment.data()
    return [
        f'"""{experiment.network.label} learns {experiment.task}, in plain PyTorch."""',
        "",
        "import torch",
        "from torch import nn",
        "",
        "# torch draws other numbers than trainlab's own generator does: this is not trainlab's run with",
        "# the same seed. Compare success rates over many seeds, not single runs.",
        f"torch.manual_seed({seed:d})",
        "",
        f"inputs = torch.tensor({data.inputs.tolist()!r})",
        f"targets = torch.tensor({data.targets.tolist()!r})",
        "",
    ]


def _network(experiment: Experiment) -> list[str]:
    lines = ["network = nn.Sequential("]
    for layer in layers_of(experiment.network):
        bias = "" if layer.first_bias is not None else ", bias=False"
        lines.append(f"    nn.Linear({layer.fan_in}, {layer.fan_out}{bias}),")
        if layer.activation != "linear":
            lines.append(f"    {_ACTIVATIONS[layer.activation]},")
    lines += [
        f")  # {experiment.network.parameters:,} parameters",
        "for layer in network:",
        "    if isinstance(layer, nn.Linear):",
        *_bound(experiment),
        f"        {_init('weight', experiment.init.weight)}",
    ]
    if any(experiment.network.biases):
        lines += ["        if layer.bias is not None:", f"            {_init('bias', experiment.init.bias)}"]
    return [*lines, ""]


def _bound(experiment: Experiment) -> list[str]:
    if not any(isinstance(scheme, Default) for scheme in (experiment.init.weight, experiment.init.bias)):
        return []
    return ["        bound = layer.in_features**-0.5  # PyTorch's default for nn.Linear"]


def _init(part: str, scheme: InitScheme) -> str:
    if isinstance(scheme, Normal):
        return f"nn.init.normal_(layer.{part}, mean={scheme.mean!r}, std={scheme.std!r})"
    if isinstance(scheme, Uniform):
        return f"nn.init.uniform_(layer.{part}, a={scheme.a!r}, b={scheme.b!r})"
    if isinstance(scheme, Constant):
        return f"nn.init.constant_(layer.{part}, {scheme.val!r})"
    return f"nn.init.uniform_(layer.{part}, -bound, bound)"


def _training(experiment: Experiment) -> list[str]:
    single = isinstance(experiment.sampling, Single)
    every = experiment.record.loss_every
    lines = [
        f"criterion = nn.{LOSSES[experiment.loss].torch_class}()",
        f"optimizer = {_optimizer(experiment)}",
        "",
        f"epochs = {experiment.epochs}",
        "for epoch in range(epochs + 1):",
    ]
    if every:
        lines += [
            f"    if epoch % {every} == 0:",
            "        with torch.no_grad():",
            '            print(f"epoch {epoch:6d}   loss {criterion(network(inputs), targets).item():.6f}")',
        ]
    lines += [
        "    if epoch == epochs:",
        "        break",
        f"    for _ in range({experiment.steps_per_epoch}):",
    ]
    if single:
        lines.append("        one = torch.randint(len(inputs), (1,))  # one example, drawn with replacement")
    pick = "[one]" if single else ""
    return [
        *lines,
        "        optimizer.zero_grad()",
        f"        criterion(network(inputs{pick}), targets{pick}).backward()",
        "        optimizer.step()",
        "",
    ]


def _optimizer(experiment: Experiment) -> str:
    settings = experiment.optimizer
    if isinstance(settings, SGD):
        return f"torch.optim.SGD(network.parameters(), lr={settings.lr!r}, momentum={settings.momentum!r})"
    betas = tuple(settings.betas)
    return (
        f"torch.optim.Adam(network.parameters(), lr={settings.lr!r}, betas={betas!r}, eps={settings.eps!r})"
    )


def _end(experiment: Experiment) -> list[str]:
    return [
        "with torch.no_grad():",
        "    predictions = network(inputs)",
        "for point, target, prediction in zip(inputs.tolist(), targets.tolist(), predictions.tolist()):",
        '    print(f"{point} -> {prediction} (target {target})")',
        f"within = {experiment.solved.within!r}",
        'print("solved:", bool(((predictions - targets).abs() < within).all()))',
        "",
    ]
