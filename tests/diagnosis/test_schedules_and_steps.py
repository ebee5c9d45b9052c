"""Schedules that keep the rate from what was set, that drive nothing, and steps that come once an epoch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from diagnosis.faults.made import blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch.nn import functional as F
from torch.optim import Optimizer, lr_scheduler
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, TensorDataset

from trainlab.diagnosis import Report
from trainlab.diagnosis.in_process.watch import Watch
from trainlab.diagnosis.report.card import card_facts

pytestmark = pytest.mark.trains


def with_lambda(*, rate: bool) -> None:
    x, y = blobs()
    model = mlp(8, 32, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.002)
    if rate:
        schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 0.002 * 0.97**epoch)
    else:
        schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 0.97**epoch)
    for _ in range(12):
        for rows in torch.randperm(600).split(50):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
        schedule.step()


def test_a_function_that_returns_the_rate_is_named_with_its_line_and_mended_there():
    report = diagnosed(lambda: with_lambda(rate=True))
    assert faults(report) == ["lr_never_reached"]
    finding = report.findings[0]
    assert finding.where.startswith("LambdaLR at test_schedules_and_steps.py:")
    assert finding.evidence[:2] == (
        "lr=0.002 is set, and the rate that opt steps with is never above 4e-06, 0.2% of it, in 144 steps",
        "LambdaLR multiplies it by 0.002 from the first step on",
    )
    assert finding.code.endswith("LambdaLR(opt, lambda epoch: (0.002 * 0.97**epoch) / 0.002)")
    assert finding.value == 0.002


def test_a_function_that_returns_a_factor_is_let_be():
    assert faults(diagnosed(lambda: with_lambda(rate=False))) == []


@pytest.mark.parametrize("loader", [True, False])
def test_a_step_after_each_epoch_goes_into_the_batch_loop(loader: bool):
    def train() -> None:
        x, y = blobs()
        model = mlp(8, 24, 4)
        opt = torch.optim.SGD(model.parameters(), lr=0.05)
        loaded = DataLoader(TensorDataset(x, y), 60, shuffle=True)
        for _ in range(40):
            cut = [(x[rows], y[rows]) for rows in torch.randperm(600).split(60)]
            for inputs, targets in loaded if loader else cut:
                opt.zero_grad()
                F.cross_entropy(model(inputs), targets).backward()
            opt.step()

    (finding,) = [one for one in diagnosed(train).findings if one.fault == "zero_grad_every_microbatch"]
    assert finding.remedy.startswith("Put opt.step() inside the batch loop")


# The rate that was applied beside the one that was set.


def warmed_up(
    schedule: Callable[[Optimizer], LRScheduler],
    *,
    by_epoch: bool = False,
    lr: float = 0.1,
    anew: bool = False,
) -> None:
    x, y = blobs(spread=1.5)
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    scheduler = schedule(opt)
    for _ in range(8):
        if anew:
            opt = torch.optim.SGD(model.parameters(), lr=lr)
            scheduler = schedule(opt)
        for rows in torch.randperm(600).split(30):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
            if not by_epoch:
                scheduler.step()
        if by_epoch:
            scheduler.step()


def linear(steps: int) -> Callable[[Optimizer], LRScheduler]:
    return lambda opt: lr_scheduler.LinearLR(opt, start_factor=0.001, total_iters=steps)


def one_cycle(opt: Optimizer) -> LRScheduler:
    return lr_scheduler.OneCycleLR(opt, max_lr=0.1, total_steps=161, div_factor=1000, cycle_momentum=False)


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (lambda: warmed_up(linear(5000)), "LinearLR took 160 steps in 160 of the optimizer"),
        (lambda: warmed_up(linear(100), by_epoch=True), "LinearLR took 8 steps in 160 of the optimizer"),
        (lambda: warmed_up(one_cycle, by_epoch=True), "OneCycleLR took 8 steps in 160 of the optimizer"),
        (lambda: warmed_up(linear(1000), anew=True), "made 8 times, and its schedule begins again"),
    ],
)
def test_a_warm_up_that_never_gets_there_is_named_with_the_rate_that_was_applied(
    train: Callable[[], None], why: str
):
    (finding,) = diagnosed(train).findings
    assert finding.fault == "lr_never_reached"
    assert finding.evidence[0].startswith("lr=0.1 is set, and the rate that opt steps with is never above")
    assert why in finding.evidence[1]


@pytest.mark.parametrize(
    "train",
    [
        lambda: warmed_up(linear(40)),
        lambda: warmed_up(linear(2), by_epoch=True),
        lambda: warmed_up(one_cycle),
        lambda: warmed_up(linear(10), anew=True),
        # The rate itself, as Noam's schedule gives it beside lr=1.
        lambda: warmed_up(lambda opt: lr_scheduler.LambdaLR(opt, lambda step: 0.09), lr=1.0),
    ],
)
def test_a_schedule_that_gets_there_is_let_be(train: Callable[[], None]):
    assert faults(diagnosed(train)) == []


def test_a_warm_up_that_was_cut_off_is_let_be():
    with Watch() as watched:
        warmed_up(linear(5000))
        so_far = watched.report
    assert "lr_never_reached" not in faults(so_far)
    assert faults(watched.report) == ["lr_never_reached"]


# Schedulers and optimizers, born and died.


def replaced(*, wraps: bool) -> None:
    """The first optimizer is left; where the second wraps it, both have one rate."""
    x, y = blobs(spread=1.5)
    model = mlp(8, 24, 4)
    left = torch.optim.SGD(model.parameters(), lr=0.005)
    scheduler = lr_scheduler.LambdaLR(left, lambda epoch: 1.0)
    left.step()
    opt = torch.optim.SGD(model.parameters(), lr=0.005)
    if wraps:
        opt.param_groups = left.param_groups
    for _ in range(10):
        for rows in torch.randperm(600).split(30):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
        scheduler.step()


def test_a_scheduler_of_an_optimizer_that_is_left_is_named():
    (finding,) = diagnosed(lambda: replaced(wraps=False)).findings
    assert finding.fault == "scheduler_of_another"
    assert finding.evidence[0].startswith("in 9 of its 10 steps the optimizer that it drives, SGD made at")


def test_a_scheduler_of_an_optimizer_that_another_wraps_drives_both():
    report = diagnosed(lambda: replaced(wraps=True))
    assert "scheduler_of_another" not in faults(report) + [one.fault for one in report.notes]


def test_two_networks_with_a_scheduler_each_are_let_be():
    def train() -> None:
        x, y = blobs(spread=1.5)
        models = [mlp(8, 24, 4), mlp(8, 24, 4)]
        opts = [torch.optim.SGD(model.parameters(), lr=0.005) for model in models]
        schedulers = [lr_scheduler.StepLR(opt, 100) for opt in opts]
        for model, opt, scheduler in zip(models, opts, schedulers, strict=True):
            for _ in range(6):
                for rows in torch.randperm(600).split(30):
                    opt.zero_grad()
                    F.cross_entropy(model(x[rows]), y[rows]).backward()
                    opt.step()
                scheduler.step()

    report = diagnosed(train)
    assert "scheduler_of_another" not in faults(report) + [one.fault for one in report.notes]


def made_anew(kind: Callable[..., Optimizer], *, each: int, steps: int = 240) -> Report:
    def train() -> None:
        x, y = blobs(spread=0.6)
        model = mlp(8, 24, 4)
        for step in range(steps):
            if step % each == 0:
                opt = kind(model.parameters(), lr=0.01)
            rows = torch.randint(600, (30,))
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()

    return diagnosed(train)


def test_an_optimizer_made_anew_in_every_step_is_one_and_noted():
    report = made_anew(torch.optim.Adam, each=1)
    (note,) = report.notes
    assert report.findings == ()
    assert note.fault == "optimizer_made_anew"
    assert note.evidence[0] == "it is made 240 times of the same parameters, for 240 steps in all"
    assert [one["steps"] for one in report.card["optimizers"]] == [240]
    assert "made 240 times" in str(card_facts(report.to_dict()))


@pytest.mark.parametrize(("kind", "each"), [(torch.optim.SGD, 1), (torch.optim.Adam, 5)])
def test_an_optimizer_that_keeps_nothing_or_steps_on_is_let_be(kind: Callable[..., Optimizer], each: int):
    assert made_anew(kind, each=each).notes == ()


# Clipping, where the optimizer divides gradients by their size, and where losses are scaled.


def clipped(
    kind: Callable[..., Optimizer],
    *,
    limit: float,
    learnable: bool = False,
    scaled: str = "",
    **settings: float,
) -> Report:
    """Clip; where losses are `scaled`, after dividing by the scale ("unscaled"), before, or with the limit
    multiplied."""

    def train() -> None:
        x, y = blobs(spread=1.5)
        y = y if learnable else y[torch.randperm(600)]
        model = mlp(8, 24, 4)
        opt = kind(model.parameters(), **settings)
        scaler = torch.amp.GradScaler("cpu", enabled=bool(scaled))
        for _ in range(6):
            for rows in torch.randperm(600).split(30):
                opt.zero_grad()
                scaler.scale(F.cross_entropy(model(x[rows]), y[rows])).backward()
                if scaled == "unscaled":
                    scaler.unscale_(opt)
                times = scaler.get_scale() if scaled == "multiplied" else 1.0
                torch.nn.utils.clip_grad_norm_(model.parameters(), limit * times)
                scaler.step(opt)
                scaler.update()

    return diagnosed(train)


def test_adam_does_not_mind_that_gradients_are_clipped():
    report = clipped(torch.optim.Adam, limit=1e-4, lr=1e-3)
    assert "clip_too_tight" not in faults(report)
    (note,) = [one for one in report.notes if one.fault == "clip_too_tight"]
    assert "the optimizer divides gradients by their own size" in note.evidence[2]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (torch.optim.SGD, {"lr": 0.1}),
        (torch.optim.Adam, {"lr": 1e-3, "eps": 1e-4}),
        (torch.optim.Adam, {"lr": 1e-3, "weight_decay": 1e-2}),
    ],
)
def test_others_do_mind(kind: Callable[..., Optimizer], settings: dict[str, float]):
    assert "clip_too_tight" in faults(clipped(kind, limit=1e-4, **settings))


def test_decoupled_weight_decay_is_no_part_of_the_gradient():
    report = clipped(torch.optim.AdamW, limit=1e-4, lr=1e-3, weight_decay=1e-2)
    assert "clip_too_tight" not in faults(report)


def test_gradients_that_are_clipped_before_they_are_unscaled_are_told_with_the_edit():
    finding = clipped(torch.optim.SGD, limit=1.0, lr=0.05, learnable=True, scaled="before").findings[0]
    assert finding.fault == "clip_misplaced"
    assert finding.evidence[0] == (
        "in 120 of 120 calls the gradients were still multiplied by the loss scale, 65,536: max_norm=1 is "
        "1.5e-05 of their own"
    )
    assert finding.code.splitlines()[1] == "+ scaler.unscale_(opt)"


def test_adam_does_not_mind_that_either():
    report = clipped(torch.optim.Adam, limit=1.0, lr=1e-3, learnable=False, scaled="before")
    assert "clip_misplaced" not in faults(report)
    assert "clip_misplaced" in [one.fault for one in report.notes]


@pytest.mark.parametrize("scaled", ["unscaled", "multiplied", ""])
def test_gradients_that_are_unscaled_or_clipped_at_a_scaled_limit_are_let_be(scaled: str):
    report = clipped(torch.optim.SGD, limit=5.0, lr=0.1, learnable=True, scaled=scaled)
    assert not {"clip_misplaced", "clip_too_tight"} & {*faults(report), *(one.fault for one in report.notes)}
