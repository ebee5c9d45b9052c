"""What `trainlab.watch` adds to a whole training: processor time and peak memory, with all that it does.

Kept rows and the questions at the end are in it. Four trainings, each with and without in a process of its
own, on one thread, after what PyTorch does once.

    scripts/measure overhead [--rounds N] [--steps N] [--models NAME…] [--keep]
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import nn

from measure.doctor_bench import KEPT, read, write
from trainlab import watch

# Four trainings, for what the doctor's probe costs, and what it changes (`probe_bits`).


@dataclass(frozen=True, kw_only=True)
class Training:
    """A model, its loss and its optimizer, and a function that makes inputs and targets."""

    model: nn.Module
    criterion: nn.Module
    optimizer: torch.optim.Optimizer
    batch: Callable[[], tuple[torch.Tensor, torch.Tensor]]

    def step(self) -> None:
        """Make one step, as scripts do."""
        x, y = self.batch()
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(x), y)
        loss.backward()
        self.optimizer.step()

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())


@dataclass(frozen=True, kw_only=True)
class Made:
    """How a training is made; `steps` are as many as a measured one takes."""

    name: str
    make: Callable[[], Training]
    steps: int


def training(
    model: nn.Module,
    criterion: nn.Module,
    batch: Callable[[], tuple[torch.Tensor, torch.Tensor]],
    kind: type[torch.optim.Adam] = torch.optim.Adam,
) -> Training:
    optimizer = kind(model.parameters(), lr=1e-3)
    return Training(model=model, criterion=criterion, optimizer=optimizer, batch=batch)


def xor() -> Training:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 11), nn.Tanh(), nn.Linear(11, 1, bias=False))
    return training(model, nn.MSELoss(), lambda: (x, y))


def cnn() -> Training:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 8 * 8, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    return training(
        model, nn.CrossEntropyLoss(), lambda: (torch.randn(64, 3, 32, 32), torch.randint(10, (64,)))
    )


class LastStep(nn.Module):
    """Keeps of an LSTM's outputs the last."""

    def forward(self, found: tuple[torch.Tensor, object]) -> torch.Tensor:
        return found[0][:, -1]


def lstm() -> Training:
    model = nn.Sequential(nn.LSTM(16, 128, num_layers=2, batch_first=True), LastStep(), nn.Linear(128, 10))
    return training(model, nn.CrossEntropyLoss(), lambda: (torch.randn(32, 50, 16), torch.randint(10, (32,))))


def transformer() -> Training:
    """A language model of some 10 million parameters."""
    layer = nn.TransformerEncoderLayer(320, 8, 1280, dropout=0.1, batch_first=True, norm_first=True)
    model = nn.Sequential(
        nn.Embedding(2000, 320), nn.TransformerEncoder(layer, 7, enable_nested_tensor=False),
        nn.LayerNorm(320), nn.Linear(320, 2000), nn.Flatten(0, 1),
    )  # fmt: skip

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        tokens = torch.randint(2000, (4, 65))
        return tokens[:, :-1], tokens[:, 1:].flatten()

    return training(model, nn.CrossEntropyLoss(), batch, torch.optim.AdamW)


MODELS = (
    Made(name="44 parameters", make=xor, steps=2000),
    Made(name="CNN", make=cnn, steps=240),
    Made(name="LSTM", make=lstm, steps=240),
    Made(name="transformer", make=transformer, steps=104),
)


def train(name: str, steps: int, *, watched: bool) -> None:
    """Train in this process, and print processor seconds and the peak of memory in MB."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    job = next(made for made in MODELS if made.name == name).make()
    job.step()
    begun = time.process_time()
    with watch(job.model) if watched else contextlib.nullcontext():
        for _ in range(steps):
            job.step()
    spent = time.process_time() - begun
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measured(made: Made, *, rounds: int, most: int) -> dict[str, Any]:
    """Return the medians of the rounds, with and without in turns."""
    steps = min(most, made.steps)
    ran: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(rounds):
        for watched, found in ran.items():
            words = [sys.executable, "-m", "measure.probe_totals", "--child", made.name, str(steps)]
            done = subprocess.run(
                [*words, str(int(watched))], capture_output=True, text=True, check=True
            ).stdout.split()
            found.append((float(done[0]), float(done[1])))
    middle = {
        watched: [median(column) for column in zip(*found, strict=True)] for watched, found in ran.items()
    }
    return {
        "model": made.name,
        "parameters": made.make().parameters,
        "steps": steps,
        "plain_cpu": middle[False][0],
        "cpu": middle[True][0],
        "plain_mb": middle[False][1],
        "mb": middle[True][1],
    }


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1_000_000, help="at most so many")
    parser.add_argument("--models", nargs="*", default=[made.name for made in MODELS])
    parser.add_argument("--keep", action="store_true", help="keep the rows for docs/trust.md")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, steps, watched = options.child
        train(name, int(steps), watched=watched == "1")
        return
    rows: list[dict[str, Any]] = []
    for made in (one for one in MODELS if one.name in options.models):
        row = measured(made, rounds=options.rounds, most=options.steps)
        rows.append(row)
        print(
            f"{row['model']}: {row['parameters']:,} parameters, {row['steps']:,} steps, "
            f"{row['plain_cpu']:.2f} s and {row['cpu'] - row['plain_cpu']:+.2f} s, {row['plain_mb']:,.0f} MB "
            f"and {row['mb'] - row['plain_mb']:+,.1f} MB",
            flush=True,
        )
    if options.keep:
        write(KEPT, read(KEPT) | {"overhead": rows})


if __name__ == "__main__":
    main()
