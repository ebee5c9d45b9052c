"""The training loop of a cell's script."""

from __future__ import annotations

from trainlab.report.torch_code.torch_optimizer import advance_lines, before_step_lines
from trainlab.spec import Batch, Experiment, Full, Patience, ReduceLROnPlateau, StopSolved

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
