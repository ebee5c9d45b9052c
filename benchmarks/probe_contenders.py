"""What is attached to a training to see what it costs (`probe_overhead`)."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from benchmarks.probe_models import Training

Attach = Callable[[Training], AbstractContextManager[Callable[[int], None]]]
"""Attaches a tool to a training, for as long as the context is open, and returns what makes its n-th step."""


@contextlib.contextmanager
def bare(job: Training) -> Iterator[Callable[[int], None]]:
    yield lambda _: job.step()


@contextlib.contextmanager
def doctor(job: Training) -> Iterator[Callable[[int], None]]:
    from trainlab import watch

    with watch(job.model):
        yield lambda _: job.step()


def wandb_every(steps: int) -> Attach:
    @contextlib.contextmanager
    def attach(job: Training) -> Iterator[Callable[[int], None]]:
        import wandb

        with tempfile.TemporaryDirectory() as folder:
            settings = wandb.Settings(silent=True, console="off")
            run = wandb.init(mode="offline", dir=folder, project="overhead", settings=settings)
            run.watch(job.model, log="all", log_freq=steps)

            def step(number: int) -> None:
                job.step()
                run.log({"step": number})

            try:
                yield step
            finally:
                run.unwatch(job.model)
                run.finish()

    return attach


@contextlib.contextmanager
def cockpit(job: Training) -> Iterator[Callable[[int], None]]:
    """Cockpit wants the loss, and that of each example, so it makes the steps itself."""
    from backpack import extend
    from cockpit import Cockpit
    from cockpit.utils.configuration import configuration
    from cockpit.utils.schedules import linear

    extend(job.model)
    extend(job.criterion)
    each = type(job.criterion)(reduction="none")
    watcher = Cockpit(job.model.parameters(), quantities=configuration("economy", track_schedule=linear(16)))

    def step(number: int) -> None:
        x, y = job.batch()
        job.optimizer.zero_grad()
        out = job.model(x)
        loss = job.criterion(out, y)
        info = {"batch_size": len(x), "loss": loss, "optimizer": job.optimizer}
        info["individual_losses"] = (
            each(out, y).flatten(1).mean(1) if out.dim() > 1 and y.dim() > 1 else each(out, y)
        )
        with watcher(number, info=info):
            loss.backward(create_graph=watcher.create_graph(number))
        job.optimizer.step()

    yield step


CONTENDERS: tuple[tuple[str, str, Attach], ...] = (
    ("without", "", bare),
    ("trainlab.watch", "", doctor),
    ("wandb.watch, its 1,000", "wandb", wandb_every(1000)),
    ("wandb.watch, every 16th", "wandb", wandb_every(16)),
    ("Cockpit, every 16th", "cockpit", cockpit),
)
