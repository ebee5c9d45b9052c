"""A cell as a script that needs PyTorch only: optimizer and training loop, put together with its model."""

from __future__ import annotations

import ast
import re
import textwrap

import msgspec

from trainlab.maths import OPTIMIZERS, SCHEDULES
from trainlab.report.torch_model import data_lines, loss_lines, network_lines, prediction_code, solved_lines
from trainlab.spec import (
    Batch,
    CyclicLR,
    Experiment,
    Full,
    LambdaLR,
    MultiplicativeLR,
    NoSchedule,
    OneCycleLR,
    Patience,
    ReduceLROnPlateau,
    StopSolved,
    name_of,
)
from trainlab.spec.schedules import resolved

# The optimizer of a cell's script, its schedule and its warmup.


ALWAYS = ("lr", "momentum", "betas", "eps")
"""The settings that are written even where they are the defaults."""

LION = '''

class Lion(torch.optim.Optimizer):
    """Chen et al., Symbolic discovery of optimization algorithms, NeurIPS 2023."""

    def __init__(self, parameters, lr, betas, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for parameter in group["params"]:
                m = self.state[parameter].setdefault("m", torch.zeros_like(parameter))
                parameter.mul_(1 - lr * group["weight_decay"])
                parameter.sub_(lr * torch.sign(beta1 * m + (1 - beta1) * parameter.grad))
                m.mul_(beta2).add_((1 - beta2) * parameter.grad)

'''


def optimizer_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``optimizer``."""
    optimizer = experiment.optimizer
    lion = name_of(optimizer) == "lion"
    kind = "Lion" if lion else f"torch.optim.{OPTIMIZERS[name_of(optimizer)].torch_class}"
    defaults = msgspec.structs.asdict(type(optimizer)())
    settings = ", ".join(
        f"{field}={value!r}"
        for field, value in msgspec.structs.asdict(optimizer).items()
        if field in ALWAYS or value != defaults[field]
    )
    moving = "network.parameters()"
    lines = LION.splitlines() if lion else []
    if experiment.frozen:
        lines.append(f"moving = [parameter for parameter in {moving} if parameter.requires_grad]")
        moving = "moving"
    call = textwrap.wrap(f"optimizer = {kind}({moving}, {settings})", 100, subsequent_indent="    ")
    return [*lines, *call]


def schedule_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``scheduler`` and ``warmup``, as far as the experiment has them.

    torch's schedulers compute from the rate that they find, so that two of them on one optimizer disturb each
    other: with both, each moves an optimizer of its own, and the rate is the product of theirs.
    """
    scheduled = not isinstance(experiment.schedule, NoSchedule)
    warm = experiment.warmup.total_iters > 0
    if not scheduled and not warm:
        return [""]
    lines: list[str] = []
    if warm:
        target = "warm" if scheduled else "optimizer"
        if scheduled:
            lines.append("warm = torch.optim.SGD([torch.zeros(1)], lr=1.0)  # the factor of the warmup")
            lines += _twin(experiment)
        lines.append(
            f"warmup = torch.optim.lr_scheduler.LinearLR({target}, "
            f"start_factor={experiment.warmup.start_factor!r}, total_iters={experiment.warmup.total_iters})"
        )
    return [*lines, *(_scheduler(experiment, "scheduled" if warm else "optimizer") if scheduled else []), ""]


def _scheduler(experiment: Experiment, target: str) -> list[str]:
    schedule = resolved(
        experiment.schedule, epochs=experiment.epochs, steps_per_epoch=experiment.steps_per_epoch
    )
    kind = f"torch.optim.lr_scheduler.{SCHEDULES[name_of(schedule)].torch_class}"
    if isinstance(schedule, LambdaLR | MultiplicativeLR):
        return [f"scheduler = {kind}({target}, lambda t: {formula_code(schedule.factor)})"]
    fields = msgspec.structs.asdict(schedule)
    defaults = {field.name: field.default for field in msgspec.structs.fields(schedule)}
    settings = [
        f"{name}={value!r}"
        for name, value in fields.items()
        if name not in ("per", "on") and value != defaults[name]
    ]
    return [f"scheduler = {kind}(", *(f"    {item}," for item in [target, *settings]), ")"]


def advance_lines(experiment: Experiment, per: str) -> list[str]:
    """Return the lines, not indented, that move schedule and warmup on after each step or epoch (`per`)."""
    schedule, warmup = experiment.schedule, experiment.warmup
    both = not isinstance(schedule, NoSchedule) and warmup.total_iters > 0
    lines: list[str] = []
    if isinstance(schedule, ReduceLROnPlateau):
        part = "held_out_" if schedule.on == "held_out" else ""
        lines += [f"scheduler.step(loss_of({part}inputs, {part}targets))"] if per == "epoch" else []
    elif not isinstance(schedule, NoSchedule) and schedule.per == per:
        lines += ["scheduled.step()"] if both else []
        lines.append("scheduler.step()")
    if warmup.total_iters and warmup.per == per:
        lines += ["warm.step()"] if both else []
        lines.append("warmup.step()")
    return lines


def before_step_lines(experiment: Experiment) -> list[str]:
    """Return the lines, not indented, that give the optimizer the product of schedule and warmup."""
    schedule = experiment.schedule
    if isinstance(schedule, NoSchedule) or not experiment.warmup.total_iters:
        return []
    lines = [
        "group, now = optimizer.param_groups[0], scheduled.param_groups[0]",
        'group["lr"] = now["lr"] * warm.param_groups[0]["lr"]',
    ]
    if isinstance(schedule, CyclicLR | OneCycleLR) and schedule.cycle_momentum:
        betas = hasattr(experiment.optimizer, "betas")
        lines.append('group["betas"] = now["betas"]' if betas else 'group["momentum"] = now["momentum"]')
    return lines


def formula_code(factor: str) -> str:
    """Return a formula of t as Python: its functions are those of math."""
    code = ast.unparse(ast.parse(factor.strip(), mode="eval"))
    return re.sub(r"\b(exp|sqrt|cos|sin|log|floor|pi)\b", r"math.\1", code)


def _twin(experiment: Experiment) -> list[str]:
    """Return the line of the optimizer that the schedule moves: of nothing, with the same settings."""
    settings = msgspec.structs.asdict(experiment.optimizer)
    kind, more = ("Adam", "betas") if "betas" in settings else ("SGD", "momentum")
    extra = f", {more}={settings[more]!r}" if more in settings else ""
    return [f"scheduled = torch.optim.{kind}([torch.zeros(1)], lr={settings['lr']!r}{extra})"]


# The training loop of a cell's script.


EQUALISE = [
    "# Every layer's gradient is made as large as the last one's, over about ten steps.",
    "for index, layer in enumerate(layers):",
    "    if layer.weight.grad is not None:",
    "        sizes[index] = 0.9 * sizes[index] + layer.weight.grad.abs().mean()",
    "for size, layer in zip(sizes[:-1], layers):",
    "    if size != 0:",
    "        for parameter in layer.parameters():",
    "            parameter.grad = parameter.grad / size * sizes[-1]",
]
"""The lines of a step after the backward pass, not indented."""


def loop_lines(experiment: Experiment) -> list[str]:
    """Return the loop over the epochs: what is read at each, then its training steps."""
    lines = _loss_of(experiment) if _reads_loss(experiment) else []
    if isinstance(experiment.stopping, Patience):
        lines += ["best, waited = math.inf, 0"]
    if experiment.gradient == "equalised":
        lines += [
            "layers = [layer for layer in network if isinstance(layer, nn.Linear)]",
            "sizes = [0.0] * len(layers)",
        ]
    lines += [f"epochs = {experiment.epochs}", "for epoch in range(epochs + 1):"]
    every = experiment.record.loss_every
    if every:
        lines += [
            f"    if epoch % {every} == 0:",
            '        print(f"epoch {epoch:6d}   loss {loss_of(inputs, targets):.6f}")',
        ]
    lines += _indented(_stopping(experiment), 1)
    lines += ["    if epoch == epochs:", "        break"]
    return [*lines, *_epoch(experiment), ""]


def _epoch(experiment: Experiment) -> list[str]:
    dropout = any(experiment.network.dropouts)
    return [
        *(["    network.train()"] if dropout else []),
        *_batches(experiment),
        *_indented(_step(experiment), 2),
        *_indented(advance_lines(experiment, "epoch"), 1),
    ]


def _batches(experiment: Experiment) -> list[str]:
    """Return the head of the loop over an epoch's steps, which sets ``batch`` unless it is all examples."""
    sampling = experiment.sampling
    if isinstance(sampling, Batch) and not sampling.replacement:
        lines = [f"    for batch in torch.randperm(len(inputs)).split({sampling.batch_size}):"]
        if sampling.drop_last:
            lines += [f"        if len(batch) < {sampling.batch_size}:", "            break"]
        return lines
    lines = [f"    for _ in range({experiment.steps_per_epoch}):"]
    if isinstance(sampling, Full):
        return lines
    size = sampling.batch_size if isinstance(sampling, Batch) else 1
    words = f"{size} examples" if size > 1 else "one example"
    return [
        *lines,
        f"        batch = torch.randint(len(inputs), ({size},))  # {words}, drawn with replacement",
    ]


def _step(experiment: Experiment) -> list[str]:
    """Return one training step, not indented."""
    pick = "" if isinstance(experiment.sampling, Full) else "[batch]"
    inputs = f"inputs{pick}"
    lines: list[str] = []
    if experiment.noise.std:
        lines.append(f"noisy = {inputs} + {experiment.noise.std!r} * torch.randn_like({inputs})")
        inputs = "noisy"
    lines += ["optimizer.zero_grad()", f"loss = criterion(network({inputs}), targets{pick})"]
    penalty = experiment.penalty
    if penalty.l1 or penalty.l2:
        lines += ["for layer in network:", "    if isinstance(layer, nn.Linear):"]
        if penalty.l1:
            lines.append(f"        loss = loss + {penalty.l1!r} * layer.weight.abs().sum()")
        if penalty.l2:
            lines.append(f"        loss = loss + {penalty.l2!r} * (layer.weight**2).sum()")
    lines.append("loss.backward()")
    if experiment.gradient == "equalised":
        lines += EQUALISE
    if experiment.clip.norm is not None:
        lines.append(f"nn.utils.clip_grad_norm_(network.parameters(), {experiment.clip.norm!r})")
    if experiment.clip.value is not None:
        lines.append(f"nn.utils.clip_grad_value_(network.parameters(), {experiment.clip.value!r})")
    return [*lines, *before_step_lines(experiment), "optimizer.step()", *advance_lines(experiment, "step")]


def _stopping(experiment: Experiment) -> list[str]:
    """Return the lines, not indented, that end the training early."""
    rule = experiment.stopping
    quiet = ["network.eval()"] if any(experiment.network.dropouts) else []
    if isinstance(rule, StopSolved):
        every = experiment.record.solved_every
        return [*quiet, f"if epoch % {every} == 0 and solved():", "    break  # solved"]
    if not isinstance(rule, Patience):
        return []
    part = "held_out_" if rule.on == "held_out" else ""
    due = "epoch" if rule.every == 1 else f"epoch and epoch % {rule.every} == 0"
    return [
        f"if {due}:",
        f"    now = loss_of({part}inputs, {part}targets)",
        f"    better = now < best - {rule.min_delta!r}",
        "    best, waited = (now, 0) if better else (best, waited + 1)",
        f"    if waited >= {rule.patience}:",
        "        break  # out of patience",
    ]


def _reads_loss(experiment: Experiment) -> bool:
    return bool(
        experiment.record.loss_every
        or isinstance(experiment.stopping, Patience)
        or isinstance(experiment.schedule, ReduceLROnPlateau)
    )


def _loss_of(experiment: Experiment) -> list[str]:
    quiet = ["    network.eval()"] if any(experiment.network.dropouts) else []
    return [
        "@torch.no_grad()",
        "def loss_of(inputs, targets):",
        *quiet,
        "    return criterion(network(inputs), targets).item()",
        "",
        "",
    ]


def _indented(lines: list[str], depth: int) -> list[str]:
    return ["    " * depth + line for line in lines]


# A cell as ready-to-run PyTorch: a plain script that needs torch and nothing of trainlab.


SHOWN = 16
"""Of more examples, the first so many predictions are printed."""


def cell_code(experiment: Experiment, seed: int) -> str:
    """Return a Python script that trains `experiment` once with torch, seeded by `seed`, in all its phases.

    Everything that the experiment says is in it. The random draws are torch's, so one run of it is another
    run than trainlab's with that seed; over many seeds the success rates agree.
    """
    body = "\n".join(
        [
            *(line for phase in experiment.phases for line in _phase(phase)),
            *_end(experiment),
        ]
    )
    imports = {"math.": "import math\n", "np.load": "import numpy as np"}
    uses = [line for word, line in imports.items() if word in body]
    # Parts leave blank lines about their functions; two are enough.
    return "\n".join([*_head(experiment, seed, uses), re.sub(r"\n{4,}", "\n\n\n", body)])


def _head(experiment: Experiment, seed: int, imports: list[str]) -> list[str]:
    return [
        f'"""{experiment.network.label} learns {name_of(experiment.task)}, in plain PyTorch."""',
        "",
        *imports,
        "import torch",
        "from torch import nn",
        "",
        "# torch draws other numbers than trainlab's own generator does: this is not trainlab's run with",
        "# the same seed. Compare success rates over many seeds, not single runs.",
        f"torch.manual_seed({seed:d})",
        "",
    ]


def _phase(experiment: Experiment) -> list[str]:
    """Return the lines of one training; one that goes on says so, and only what differs of its data."""
    before = experiment.after
    known = before is not None and (before.task, before.split, before.scaling) == (
        experiment.task,
        experiment.split,
        experiment.scaling,
    )
    return [
        *([] if before is None else ["", "# It goes on with the weights that it has."]),
        *([] if known else data_lines(experiment)),
        *network_lines(experiment),
        *loss_lines(experiment),
        *optimizer_lines(experiment),
        *schedule_lines(experiment),
        *solved_lines(experiment),
        *loop_lines(experiment),
    ]


def _end(experiment: Experiment) -> list[str]:
    some = f"[:{SHOWN}]" if experiment.data().points > SHOWN else ""
    return [
        *(["network.eval()"] if any(experiment.network.dropouts) else []),
        "with torch.no_grad():",
        f"    predictions = {prediction_code(experiment, f'network(inputs{some})')}",
        "for point, target, prediction in zip(inputs.tolist(), targets.tolist(), predictions.tolist()):",
        '    print(f"{point} -> {prediction} (target {target})")',
        'print("solved:", solved())',
        "",
    ]
