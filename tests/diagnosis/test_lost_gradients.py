"""Gradients that are cleared or clipped on purpose, in ways that look like a fault."""

from __future__ import annotations

import pytest
import torch
from diagnosis.faults.made import batches, blobs, mlp
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

STEPS = 3


def ways(name: str) -> None:
    """Train a classifier, step by step in one of several ways."""
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for index in batches(600, 50, STEPS):
        globals()[name](model, opt, x[index], y[index])


def attacked(model, opt, x, y):
    delta = torch.zeros_like(x, requires_grad=True)
    for _ in range(2):
        opt.zero_grad()
        F.cross_entropy(model(x + delta), y).backward()
        delta = (delta + 0.01 * delta.grad.sign()).detach().requires_grad_(True)
    opt.zero_grad()
    F.cross_entropy(model(x + delta.detach()), y).backward()
    opt.step()


def _backward(model, x, y):
    """Stand for the one line of a script that calls ``backward()``, whatever for."""
    F.cross_entropy(model(x), y).backward()


def attacked_by_the_same_line(model, opt, x, y):
    there = x.clone().requires_grad_(True)
    _backward(model, there, y)
    opt.zero_grad()
    _backward(model, (there + 0.01 * there.grad.sign()).detach(), y)
    opt.step()


def perturbed_before_the_step(model, opt, x, y):
    """SAM: the first gradient moves the weights to where the second one is taken."""
    _backward(model, x, y)
    moved = [(one, 0.05 * one.grad / one.grad.norm()) for one in model.parameters()]
    with torch.no_grad():
        for one, by in moved:
            one.add_(by)
    opt.zero_grad()
    _backward(model, x, y)
    with torch.no_grad():
        for one, by in moved:
            one.sub_(by)
    opt.step()
    opt.zero_grad()


def put_together(model, opt, x, y):
    grads = []
    for part in torch.arange(len(x)).split(10):
        opt.zero_grad()
        F.cross_entropy(model(x[part]), y[part]).backward()
        grads.append([one.grad.clone() for one in model.parameters()])
    for one, *parts in zip(model.parameters(), *grads, strict=True):
        one.grad.copy_(torch.stack(parts).mean(0))
    opt.step()


def put_back_after_clearing(model, opt, x, y):
    F.cross_entropy(model(x), y).backward()
    grads = [one.grad.clone() for one in model.parameters()]
    opt.zero_grad()
    for one, grad in zip(model.parameters(), grads, strict=True):
        one.grad = grad
    opt.step()
    opt.zero_grad()


def accumulated(model, opt, x, y):
    opt.zero_grad()
    for part in torch.arange(len(x)).split(10):
        (F.cross_entropy(model(x[part]), y[part]) / 5).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    opt.step()


def measured_after_the_step(model, opt, x, y, most=float("inf")):
    opt.zero_grad()
    F.cross_entropy(model(x), y).backward()
    opt.step()
    nn.utils.clip_grad_norm_(model.parameters(), most)


def measured_with_a_limit_that_clips_nothing(model, opt, x, y):
    measured_after_the_step(model, opt, x, y, most=1e9)


def two_networks(*, clip: bool) -> None:
    """A critic and what it judges, each stepped by the same lines; clipping belongs to the step after it."""
    x, _ = blobs()
    made, critic = mlp(4, 16, 8), mlp(8, 16, 1)
    optimizers = [torch.optim.Adam(one.parameters(), lr=1e-3) for one in (made, critic)]

    def step(loss, opt, net):
        opt.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()

    for index in batches(600, 50, STEPS):
        false = made(torch.randn(50, 4))
        answers = critic(x[index]), critic(false.detach())
        loss = F.softplus(-answers[0]).mean() + F.softplus(answers[1]).mean()
        step(loss, optimizers[1], critic)
        step(F.softplus(-critic(false)).mean(), optimizers[0], made)


SOUND = (
    "attacked",
    "attacked_by_the_same_line",
    "perturbed_before_the_step",
    "put_together",
    "put_back_after_clearing",
    "accumulated",
    "measured_after_the_step",
    "measured_with_a_limit_that_clips_nothing",
)


@pytest.mark.trains
def test_cleared_and_clipped_on_purpose():
    for name in SOUND:
        assert faults(diagnosed(lambda name=name: ways(name))) == [], name


@pytest.mark.trains
def test_two_optimizers():
    for clip in (True, False):
        found = faults(diagnosed(lambda clip=clip: two_networks(clip=clip)))
        assert not {"clip_misplaced", "zero_grad_every_microbatch", "zero_grad_misplaced"} & set(found)


@pytest.mark.trains
def test_a_function_that_clears_and_calls_backward():
    def training() -> None:
        x, y = blobs()
        model = mlp(8, 24, 4)
        opt = torch.optim.SGD(model.parameters(), lr=0.1)
        for place, index in enumerate(batches(600, 10, 6)):
            opt.zero_grad()
            _backward(model, x[index], y[index])
            if place % 4 == 3:
                opt.step()

    assert "zero_grad_every_microbatch" in faults(diagnosed(training))


@pytest.mark.trains
def test_a_loss_that_was_made_to_require_gradients_names_the_call_that_ends_the_graph() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(256, 4), torch.randint(2, (256,))

    def training() -> None:
        net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for rows in (rows for _ in range(10) for rows in torch.randperm(256).split(32)):
            optimizer.zero_grad()
            answers = net(x[rows]).argmax(1).float()
            loss = 1 - (answers == y[rows]).float().mean()
            loss.requires_grad_(True)
            loss.backward()
            optimizer.step()

    (finding,) = diagnosed(training).findings
    assert (finding.fault, finding.place.call) == ("detached_graph", "argmax")
    assert finding.where.startswith("argmax() at test_lost_gradients.py:")
    assert "which has no derivative" in finding.remedy
