"""Random settings of every schedule against the objects of torch.optim.lr_scheduler, over 300 epochs.

By hand: ``python tests/explain/learning_rate/schedules.py 100`` prints the largest differences of 100
settings each.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from maths.torch_schedules import pytorch, recorded

from trainlab.explain.questions.learning_rate.schedules import TEN
from trainlab.maths import learning_rates, plateau_start, plateau_step

EPOCHS = 300
CHAINABLE = ("step", "multi_step", "exponential", "multiplicative", "cosine_annealing")
"""Those that PyTorch computes from the rate before, so that a chain of two multiplies.

Of cosine annealing that holds for one descent to 0: where the rate has been 0, or with an eta_min, what
PyTorch adds back is no longer a multiple of what the warm-up left.
"""

CLOSED = "cosine_annealing, closed"
"""PyTorch's own formula for a whole step at once: from step to step its cosine loses digits on the way."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The largest differences of a schedule: absolute, relative to the highest rate, pointwise.

    The pointwise one leaves out rates below a millionth of the highest, where a cosine's zero has no digits.
    """

    name: str
    absolute: float
    relative: float
    pointwise: float


def compared(name: str, count: int) -> Difference:
    """Compare `count` random settings of a schedule, or of ``"warmup"`` chained before one."""
    rng = np.random.default_rng([ord(letter) for letter in name])
    largest = [0.0, 0.0, 0.0]
    for _ in range(count):
        ours, theirs = _pair(name, rng)
        gaps, high = np.abs(ours - theirs), max(np.abs(theirs).max(), 1e-300)
        clear = theirs > 1e-6 * high
        found = (gaps.max(), gaps.max() / high, (gaps[clear] / theirs[clear]).max())
        largest = [max(pair) for pair in zip(largest, map(float, found), strict=True)]
    return Difference(name=name, absolute=largest[0], relative=largest[1], pointwise=largest[2])


def _pair(name: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    lr = float(10 ** rng.uniform(-4, 1))
    if name == "reduce_on_plateau":
        return _plateau(lr, rng)
    per, steps = ("epoch", 1) if rng.random() < 0.5 else ("step", int(rng.integers(1, 5)))
    length = EPOCHS * steps
    options: dict[str, Any] = {"lr": lr, "epochs": EPOCHS, "steps_per_epoch": steps, "per": per}
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr, momentum=0.5)
    if name == CLOSED:
        fields = settings("cosine_annealing", length, lr, rng)
        return learning_rates("cosine_annealing", **options, **fields), _closed(optimizer, fields, length)
    if name != "warmup":
        fields = settings(name, length, lr, rng)
        return learning_rates(name, **options, **fields), recorded(
            optimizer, [pytorch(name, optimizer, fields)], length
        )[0]
    name = str(rng.choice(CHAINABLE))
    fields = settings(name, length, lr, rng)
    if name == "cosine_annealing":
        fields = {"T_max": length + int(rng.integers(0, length))}
    warm = {"total_iters": int(rng.integers(1, length)), "start_factor": float(rng.uniform(0.001, 1))}
    chained = lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(optimizer, **warm), pytorch(name, optimizer, fields)]
    )
    theirs, _ = recorded(optimizer, [chained], length)
    return learning_rates(name, **options, **fields, warmup={**warm, "per": per}), theirs


def _closed(optimizer: torch.optim.Optimizer, fields: dict[str, Any], length: int) -> np.ndarray:
    scheduler = lr_scheduler.CosineAnnealingLR(optimizer, **fields)
    rates: list[float] = []
    for step in range(length):
        scheduler.last_epoch = step
        rates += scheduler._get_closed_form_lr()
    return np.array(rates)


def settings(name: str, length: int, lr: float, rng: np.random.Generator) -> dict[str, Any]:
    """Return random settings of a schedule over so many steps."""

    def whole(low: int, high: int) -> int:
        return int(rng.integers(low, high))

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    milestones = sorted(rng.integers(1, length, size=whole(1, 8)).tolist())
    low, top = sorted((10 ** between(-5, 0), 10 ** between(-5, 0)))
    return {
        "step": {"step_size": whole(1, 120), "gamma": between(0.05, 1.02)},
        "multi_step": {"milestones": milestones, "gamma": between(0.05, 1.5)},
        "exponential": {"gamma": between(0.9, 1.01)},
        "cosine_annealing": {"T_max": whole(1, 2 * length), "eta_min": lr * between(0, 0.5)},
        "cosine_annealing_warm_restarts": {
            "T_0": whole(1, length),
            "T_mult": whole(1, 4),
            "eta_min": lr * between(0, 0.5),
        },
        "cyclic": {
            "base_lr": low,
            "max_lr": top,
            "step_size_up": whole(1, 200),
            "step_size_down": whole(1, 200),
            "mode": str(rng.choice(["triangular", "triangular2", "exp_range"])),
            "gamma": between(0.98, 1.0),
        },
        "one_cycle": {
            "max_lr": top,
            "total_steps": length + whole(0, 50),
            "pct_start": between(0.05, 0.45),
            "anneal_strategy": str(rng.choice(["cos", "linear"])),
            "div_factor": between(1, 50),
            "final_div_factor": 10 ** between(0, 6),
            "three_phase": bool(rng.random() < 0.5),
        },
        "lambda": {"factor": f"{between(0.9, 1.0)} ** t / (1 + {between(0, 0.1)} * t)"},
        "multiplicative": {"factor": f"{between(0.5, 1.0)} if t % {whole(2, 60)} == 0 else 1.0"},
    }[name]


def _plateau(lr: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    fields: dict[str, Any] = {
        "factor": float(rng.uniform(0.05, 0.95)),
        "patience": int(rng.integers(0, 20)),
        "threshold": float(10 ** rng.uniform(-5, -1)),
        "threshold_mode": str(rng.choice(["rel", "abs"])),
        "cooldown": int(rng.integers(0, 10)),
        "min_lr": lr * float(rng.uniform(0, 0.1)),
        "eps": float(10 ** rng.uniform(-9, -5)),
    }
    losses = rng.uniform(0.98, 0.999) ** np.arange(EPOCHS) + rng.uniform(0, 0.2) * rng.uniform(size=EPOCHS)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    scheduler, state = lr_scheduler.ReduceLROnPlateau(optimizer, **fields), plateau_start(lr, 1)
    ours, theirs = [], []
    for loss in losses.tolist():
        ours.append(float(state.rate[0]))
        theirs.append(float(optimizer.param_groups[0]["lr"]))
        scheduler.step(loss)
        state = plateau_step(state, [loss], **fields)
    return np.array(ours), np.array(theirs)


def main(count: int) -> None:
    print(f"{count} settings each, {EPOCHS} epochs; the largest difference: absolute,")
    print("relative to the highest rate, relative to the rate itself")
    for name in (*TEN, CLOSED, "warmup"):
        found = compared(name, count)
        label = "warmup, chained before one" if name == "warmup" else name
        print(f"{label:32} {found.absolute:9.2e} {found.relative:9.2e} {found.pointwise:9.2e}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
