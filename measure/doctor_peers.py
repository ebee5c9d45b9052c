"""What other tools that pip installs say on the same scripts, attached to them from outside.

gradsnitch, torchdiag, trainpulse and traintools are given what they ask for at every optimizer step: the
network that was called last, the loss, the gradients and the batch. What they warn of is put in the doctor's
words, generously: a warning counts as right if any fault that it may mean is the script's fault or
acceptable. Tools that aren't installed are left out.

    scripts/measure peers [--only SET…] [--keep]
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import runpy
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

from measure.doctor_bench import KEPT, read, write
from measure.doctor_runs import Case, all_cases, run

EVERY, FIRST = 10, 20
"""Tools that look at every layer do so in the first steps, and then in every tenth."""

MEANS: dict[str, tuple[str, ...]] = {
    "NaN": ("nonfinite_values",),
    "non-finite": ("nonfinite_values",),
    "exploded": ("nonfinite_values", "exploding_gradient"),
    "exploding": ("exploding_gradient", "lr_too_high"),
    "very large": ("exploding_gradient",),
    "spike": ("exploding_gradient", "oscillating_loss"),
    "anish": ("vanishing_gradient",),
    "None": ("unreachable_params", "unregistered_params", "detached_graph", "params_not_in_optimizer"),
    "no gradients": ("detached_graph", "zero_grad_misplaced"),
    "dead": ("dead_relu",),
    "LR too high": ("lr_too_high",),
    "LR too low": ("lr_too_low",),
    "ratio is high": ("lr_too_high",),
    "ratio is tiny": ("lr_too_low",),
    "oscillation": ("oscillating_loss",),
    "plateau": ("loss_plateau",),
    "divergence (overfitting)": ("overfitting",),
    "divergence (sustained": ("lr_too_high", "wrong_loss_sign"),
    "collapsed early": ("scheduler_kills_lr",),
    "earning rate": ("scheduler_kills_lr",),
    "abs max": ("unnormalised_inputs", "unnormalised_targets"),
    "nearly constant": ("constant_labels",),
    "dominant class": ("constant_labels",),
}
"""Words of a warning, and the faults that it may mean."""


class Heard:
    """What goes on in a script: the outermost network's last call, the last loss, and each optimizer step."""

    def __init__(self, tools: list[Callable[[Heard, torch.optim.Optimizer], None]]) -> None:
        self.model: nn.Module | None = None
        self.inputs: torch.Tensor | None = None
        self.loss, self.steps, self.depth = float("nan"), 0, 0
        self.tools = tools

    def attach(self) -> None:
        """Listen from now on."""
        backward = torch.Tensor.backward

        def heard_backward(loss: torch.Tensor, *args: Any, **options: Any) -> None:
            self.loss = float(loss.detach().float().mean())
            backward(loss, *args, **options)

        torch.Tensor.backward = heard_backward
        nn.modules.module.register_module_forward_pre_hook(self.enter)
        nn.modules.module.register_module_forward_hook(self.leave, always_call=True)
        register_optimizer_step_pre_hook(self.step)

    def enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self.depth += 1
        if self.depth == 1 and torch.is_grad_enabled() and any(True for _ in module.parameters()):
            tensors = [one for one in inputs if isinstance(one, torch.Tensor)]
            self.model, self.inputs = module, tensors[0].detach() if tensors else None

    def leave(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self.depth -= 1

    def step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if self.model is not None:
            for tool in self.tools:
                tool(self, optimizer)
        self.steps += 1

    @property
    def is_close_look(self) -> bool:
        return self.steps < FIRST or self.steps % EVERY == 0


def attached() -> dict[str, tuple[Callable[[Heard, torch.optim.Optimizer], None], Callable[[], list[str]]]]:
    """Return the tools that are installed: what each does at a step, and its warnings at the end."""
    makers = {
        "gradsnitch": _gradsnitch,
        "torchdiag": _torchdiag,
        "trainpulse": _trainpulse,
        "traintools": _traintools,
    }
    return {name: make() for name, make in makers.items() if importlib.util.find_spec(name)}


def _gradsnitch() -> Any:
    import gradsnitch

    monitors: dict[int, Any] = {}

    def step(heard: Heard, optimizer: torch.optim.Optimizer) -> None:
        monitor = monitors.setdefault(id(optimizer), gradsnitch.watch(heard.model, optimizer))
        monitor.log(heard.steps, heard.loss)

    return step, lambda: [each.name for one in monitors.values() for each in gradsnitch.lint(one.df())]


def _torchdiag() -> Any:
    import torchdiag

    warned: list[str] = []

    def step(heard: Heard, _: torch.optim.Optimizer) -> None:
        if not heard.is_close_look:
            return
        found = torchdiag.check_gradients(heard.model)
        named = {"no_grad": "gradient is None", "EXPLODE": "exploding", "VANISH": "vanishing"}
        warned.extend(named[each["status"]] for each in found.values() if each["status"] in named)
        if heard.inputs is not None and heard.steps % 100 == 0:
            tools, heard.tools = heard.tools, []
            with contextlib.suppress(Exception), torch.random.fork_rng():
                dead = torchdiag.check_dead_neurons(heard.model, heard.inputs)
                warned.extend("dead" for each in dead.values() if each["dead_pct"] > 20)
            heard.tools = tools

    return step, lambda: warned


def _trainpulse() -> Any:
    import trainpulse

    monitor = trainpulse.Monitor()

    def step(heard: Heard, optimizer: torch.optim.Optimizer) -> None:
        gradients = [p.grad.norm() for p in heard.model.parameters() if p.grad is not None]  # type: ignore
        monitor.log("loss", heard.steps, heard.loss)
        if gradients:
            monitor.log("grad_norm", heard.steps, float(torch.stack(gradients).norm()))
        monitor.log("lr", heard.steps, optimizer.param_groups[0]["lr"])

    return step, lambda: [each.message for each in monitor.report().alerts]


def _traintools() -> Any:
    from traintools.batch import BatchInspector
    from traintools.gradhealth import GradientHealthMonitor

    health, batches, warned = GradientHealthMonitor(), BatchInspector(), list[str]()

    def step(heard: Heard, optimizer: torch.optim.Optimizer) -> None:
        if heard.is_close_look:
            lr = optimizer.param_groups[0]["lr"]
            warned.extend(health.inspect(heard.model, step=heard.steps, lr=lr).warnings)
            if heard.inputs is not None:
                warned.extend(batches.inspect(heard.inputs, step=heard.steps).warnings)

    return step, lambda: warned


def child(script: str, kept: str) -> None:
    """Run the script with all tools attached, and keep what each warned of."""
    tools = attached()
    heard = Heard([step for step, _ in tools.values()])
    heard.attach()
    sys.argv = [script]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        runpy.run_path(script, run_name="__main__")
    Path(kept).write_text(json.dumps({name: sorted(set(said())) for name, (_, said) in tools.items()}))


def measured(case: Case) -> dict[str, Any]:
    """Return for each tool the faults that its warnings may mean, and whether one is right."""
    with tempfile.TemporaryDirectory() as made:
        kept = Path(made) / "said.json"
        script = case.copy_to(Path(made))
        words = [sys.executable, "-m", "measure.doctor_peers", "--child", script.name, str(kept)]
        ran = run(words, folder=script.parent)
        said = json.loads(kept.read_text()) if kept.exists() else {}
    row: dict[str, Any] = {
        "set": case.of,
        "key": case.key,
        "kind": case.kind,
        "fault": case.fault,
        "tools": {},
    }
    for name, warnings in said.items():
        faults = {
            fault for words in warnings for part, means in MEANS.items() if part in words for fault in means
        }
        row["tools"][name] = {
            "warned": bool(warnings),
            "found": case.fault in faults,
            "right": bool(faults & case.right),
        }
    return row if said else {**row, "error": ran.errors.strip().splitlines()[-1:]}


def main() -> None:
    """Run all scripts with the tools attached, and print how each fares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="SET", default=["open"])
    parser.add_argument("--keep", action="store_true", help="keep the rows for docs/trust.md")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    if options.keep and not attached():
        parser.error("--keep: none of these tools is installed")
    asked = [case for case in all_cases() if case.of in options.only and case.kind != "mended"]
    rows = [measured(case) for case in asked]
    if options.keep:
        write(KEPT, read(KEPT) | {"peers": rows})
    for name in sorted({name for row in rows for name in row["tools"]}):
        faulty = [row["tools"][name] for row in rows if row["kind"] == "faulty" and row["tools"]]
        healthy = [row["tools"][name] for row in rows if row["kind"] == "healthy" and row["tools"]]
        print(
            f"{name}: right on {sum(each['right'] for each in faulty)} of {len(faulty)}, "
            f"silent on {sum(not each['warned'] for each in faulty)}; "
            f"warns on {sum(each['warned'] for each in healthy)} of {len(healthy)} healthy ones"
        )
    print(f"Failed: {sum('error' in row for row in rows)}")


if __name__ == "__main__":
    main()
