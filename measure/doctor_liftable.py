"""Small trainings that can be lifted into an experiment, as they are or with one fault each.

`doctor_remedies` asks of them whether the doctor's remedies help. A base is sound: it learns with most seeds.
A fault is a change of one part of it, so each script differs from its sound form in one line or in a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from measure.doctor_runs import Case

SET = "liftable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """A training: its data, layers from inputs to outputs, and the lines that make the rest of it."""

    name: str
    data: str
    widths: tuple[int, ...]
    act: str
    loss: str
    optimizer: str
    epochs: int
    batch: int = 0
    after: str = ""
    init: tuple[str, ...] = ()
    unused: int = -1
    once: str = ""

    def text(self) -> str:
        """Return the script."""
        layers = list(zip(self.widths, self.widths[1:], strict=False))
        made = [f"self.fc{n} = nn.Linear({a}, {b})" for n, (a, b) in enumerate(layers, start=1)]
        calls: list[str] = []
        for number in range(1, len(layers) + 1):
            if number == self.unused:
                continue
            call = f"self.fc{number}(x)"
            calls.append(f"x = {self.act}({call})" if number < len(layers) and self.act else f"x = {call}")
        if self.after:
            calls.append(f"x = {self.after}(x)")
        init = ("for part in self.children():", *(f"    {line}" for line in self.init))
        inside = [*made, *(init if self.init else ())]
        return "\n".join(
            (
                f'"""{self.name.replace("_", " ")}"""',
                "import torch",
                "from torch import nn",
                "",
                "torch.manual_seed(0)",
                "drawn = torch.Generator().manual_seed(1)",
                *self.data.strip().splitlines(),
                *([self.once] if self.once else []),
                "",
                "",
                "class Net(nn.Module):",
                "    def __init__(self):",
                "        super().__init__()",
                *(f"        {line}" for line in inside),
                "",
                "    def forward(self, x):",
                *(f"        {line}" for line in calls),
                "        return x",
                "",
                "",
                "model = Net()",
                f"optimizer = {self.optimizer}",
                f"criterion = {self.loss}",
                f"for epoch in range({self.epochs}):",
                *self._steps(),
                'print(f"loss {loss.item():.4f}")',
                "",
            )
        )

    def _steps(self) -> list[str]:
        step = [
            "optimizer.zero_grad()",
            "loss = criterion(model(x), y)",
            "loss.backward()",
            "optimizer.step()",
        ]
        if not self.batch:
            return [f"    {line}" for line in step]
        step[1] = "loss = criterion(model(x[rows]), y[rows])"
        return [
            f"    for rows in torch.randperm(len(x)).split({self.batch}):",
            *(f"        {s}" for s in step),
        ]


XOR = """
x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
"""
CIRCLES = """
angle = 6.283 * torch.rand(100, generator=drawn)
radius = torch.arange(100) % 2 * 0.6 + 0.4
x = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
y = (torch.arange(100) % 2).float().unsqueeze(1)
"""
MOONS = """
angle = 3.1416 * torch.rand(120, generator=drawn)
which = torch.arange(120) % 2
x = torch.stack([angle.cos() * (1 - 2 * which) + which, angle.sin() * (1 - 2 * which) + 0.5 * which], dim=1)
x = x + 0.05 * torch.randn(120, 2, generator=drawn)
y = which
"""
PLANE = """
x = torch.randn(100, 3, generator=drawn)
y = (2 * x[:, 0] - x[:, 1] + 0.5).unsqueeze(1)
"""
WAVE = """
x = torch.linspace(-2, 2, 80).unsqueeze(1)
y = torch.sin(2 * x)
"""
SPIRAL = """
turn = torch.linspace(0.5, 5.0, 60)
x = torch.cat([torch.stack([turn * turn.cos(), turn * turn.sin()], 1) * sign for sign in (0.2, -0.2)])
y = torch.arange(2).repeat_interleave(60)
"""
_BCE, _CE, _MSE = "nn.BCEWithLogitsLoss()", "nn.CrossEntropyLoss()", "nn.MSELoss()"


def _adam(lr: float, more: str = "") -> str:
    return f"torch.optim.Adam(model.parameters(), lr={lr:g}{more})"


def _sgd(lr: float, more: str = "") -> str:
    return f"torch.optim.SGD(model.parameters(), lr={lr:g}{more})"


BASES = {
    base.name: base
    for base in (
        Base(
            name="xor",
            data=XOR,
            widths=(2, 8, 1),
            act="torch.tanh",
            loss=_MSE,
            optimizer=_adam(0.02),
            epochs=600,
        ),
        Base(
            name="circles",
            data=CIRCLES,
            widths=(2, 16, 16, 1),
            act="torch.relu",
            loss=_BCE,
            optimizer=_adam(0.01),
            epochs=300,
        ),
        Base(
            name="moons",
            data=MOONS,
            widths=(2, 16, 16, 2),
            act="torch.relu",
            loss=_CE,
            optimizer=_sgd(0.1, ", momentum=0.9"),
            epochs=60,
            batch=20,
        ),
        Base(
            name="plane",
            data=PLANE,
            widths=(3, 16, 1),
            act="torch.relu",
            loss=_MSE,
            optimizer=_sgd(0.05),
            epochs=40,
            batch=20,
        ),
        Base(
            name="wave",
            data=WAVE,
            widths=(1, 32, 32, 1),
            act="torch.tanh",
            loss=_MSE,
            optimizer=_adam(0.01),
            epochs=300,
        ),
        Base(
            name="spiral",
            data=SPIRAL,
            widths=(2, 32, 32, 2),
            act="torch.tanh",
            loss=_CE,
            optimizer=_adam(0.01),
            epochs=300,
        ),
    )
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A fault, the base it is put into, and the parts that make it; `also` names it as rightly."""

    fault: str
    base: str
    parts: dict[str, Any]
    also: tuple[str, ...] = ()

    def made(self) -> Base:
        """Return the training with the fault."""
        return replace(BASES[self.base], **self.parts)


def _fault(fault: str, base: str, *, also: tuple[str, ...] = (), **parts: Any) -> Fault:
    return Fault(fault=fault, base=base, parts=parts, also=also)


def _set(*calls: str) -> tuple[str, ...]:
    return tuple(f"nn.init.{call}" for call in calls)


_ZERO = _set("zeros_(part.weight)", "zeros_(part.bias)")
_SAME = _set("constant_(part.weight, 0.1)", "zeros_(part.bias)")
_LARGE, _SMALL = _set("normal_(part.weight, std=8.0)"), _set("normal_(part.weight, std=1e-4)")
_LOW = _set("constant_(part.bias, -4.0)")
FAULTS = (
    _fault("lr_too_high", "circles", optimizer=_adam(3.0)),
    _fault("lr_too_high", "moons", optimizer=_sgd(3.0, ", momentum=0.9")),
    _fault("lr_too_high", "plane", optimizer=_sgd(1.5)),
    _fault("lr_too_high", "wave", optimizer=_adam(2.0)),
    _fault("lr_too_high", "xor", optimizer=_adam(5.0)),
    _fault("lr_too_low", "circles", optimizer=_adam(1e-5)),
    _fault("lr_too_low", "moons", optimizer=_sgd(1e-5, ", momentum=0.9")),
    _fault("lr_too_low", "plane", optimizer=_sgd(1e-5)),
    _fault("lr_too_low", "spiral", optimizer=_adam(1e-5)),
    _fault("vanishing_gradient", "xor", widths=(2, *(8,) * 5, 1), act="torch.sigmoid", optimizer=_sgd(0.1)),
    _fault("vanishing_gradient", "circles", widths=(2, *(16,) * 7, 1), act="torch.sigmoid"),
    _fault("vanishing_gradient", "moons", widths=(2, *(16,) * 8, 2), act="torch.sigmoid"),
    _fault("vanishing_gradient", "wave", widths=(1, *(16,) * 8, 1), act="torch.sigmoid"),
    _fault("zero_init", "circles", init=_ZERO),
    _fault("zero_init", "moons", init=_ZERO),
    _fault("zero_init", "wave", init=_ZERO),
    _fault("symmetric_init", "spiral", init=_SAME),
    _fault("symmetric_init", "circles", init=_SAME),
    _fault("symmetric_init", "moons", init=_SAME),
    _fault("bad_weight_init", "wave", init=_LARGE, also=("saturated_activation",)),
    _fault("bad_weight_init", "moons", init=_LARGE, also=("exploding_gradient",)),
    _fault("bad_weight_init", "plane", init=_SMALL, optimizer=_sgd(0.005), also=("vanishing_gradient",)),
    _fault("dead_relu", "circles", init=_LOW),
    _fault("dead_relu", "moons", init=_LOW),
    _fault("dead_relu", "plane", init=_LOW),
    _fault("too_few_epochs", "circles", epochs=70, optimizer=_adam(0.001), also=("lr_too_low",)),
    _fault("too_few_epochs", "spiral", epochs=70, optimizer=_adam(0.002), also=("lr_too_low",)),
    _fault("no_nonlinearity", "xor", act=""),
    _fault("no_nonlinearity", "circles", act=""),
    _fault("no_nonlinearity", "wave", act=""),
    _fault("unreachable_params", "xor", widths=(2, 2, 2, 1), unused=2),
    _fault("unreachable_params", "moons", unused=2, optimizer=_sgd(1e-4)),
    _fault("unreachable_params", "wave", unused=2, optimizer=_sgd(1e-4)),
    _fault(
        "weight_decay_too_high",
        "circles",
        optimizer="torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=50.0)",
    ),
    _fault("weight_decay_too_high", "moons", optimizer=_sgd(0.1, ", momentum=0.9, weight_decay=0.5")),
    _fault("weight_decay_too_high", "wave", optimizer=_adam(0.01, ", weight_decay=1.0")),
    _fault("output_range_mismatch", "plane", after="torch.sigmoid"),
    _fault("output_range_mismatch", "wave", after="torch.relu"),
    _fault("loss_activation_mismatch", "circles", after="torch.sigmoid", optimizer=_sgd(0.1)),
    _fault("loss_activation_mismatch", "spiral", after="nn.Softmax(dim=1)", optimizer=_adam(0.001)),
    _fault("unnormalised_inputs", "circles", once="x = 1000 * x + 5000"),
    _fault("unnormalised_inputs", "spiral", once="x = 300 * x + 2000"),
    _fault("unnormalised_inputs", "plane", once="x = 100 * x", also=("lr_too_high", "exploding_gradient")),
    _fault("unnormalised_targets", "plane", once="y = 1000 * y", optimizer=_adam(0.01)),
    _fault("unnormalised_targets", "wave", once="y = 1000 * y + 5000"),
    _fault("capacity_too_small", "circles", widths=(2, 1, 1)),
    _fault("capacity_too_small", "spiral", widths=(2, 2, 2)),
)


def cases(folder: Path) -> Iterator[Case]:
    """Write the scripts with a fault into the folder, and yield them as cases."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, each in enumerate(FAULTS):
        script = folder / f"{number:02d}_{each.base}.py"
        script.write_text(each.made().text(), encoding="utf-8")
        yield Case(of=SET, script=script, kind="faulty", fault=each.fault, acceptable=each.also)
