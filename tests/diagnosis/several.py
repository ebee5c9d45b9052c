"""Scripts with several trainings, as functions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
RIGHT, HUGE = 0.03, 30.0
STEPS = 80


def network(hidden: int = 8) -> nn.Module:
    """Return one that can learn XOR."""
    return nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1))


def adam(*networks: nn.Module, lr: float = RIGHT) -> torch.optim.Optimizer:
    """Return an optimizer of all their parameters."""
    return torch.optim.Adam([one for model in networks for one in model.parameters()], lr=lr)


def step(loss: Tensor, *optimizers: torch.optim.Optimizer) -> None:
    """Take a step of each."""
    for one in optimizers:
        one.zero_grad()
    loss.backward()
    for one in optimizers:
        one.step()


def fit(model: nn.Module, *, lr: float = RIGHT, steps: int = STEPS) -> None:
    """Train it on XOR."""
    optimizer = adam(model, lr=lr)
    for _ in range(steps):
        step(functional.mse_loss(model(X), Y), optimizer)


def sequential() -> None:
    """Three networks one after the other, by one function; the second one's rate is huge."""
    for rate in (RIGHT, HUGE, RIGHT):
        fit(network(), lr=rate)


def in_turns() -> None:
    """Three networks take turns, a step each."""
    models = [network() for _ in range(3)]
    pairs = [(model, adam(model, lr=rate)) for model, rate in zip(models, (RIGHT, HUGE, RIGHT), strict=True)]
    for _ in range(STEPS):
        for model, optimizer in pairs:
            step(functional.mse_loss(model(X), Y), optimizer)


def side_by_side() -> None:
    """Two networks: both answer, then both learn."""
    one, other = network(), network()
    first, second = adam(one), adam(other, lr=HUGE)
    for _ in range(STEPS):
        answers, others = one(X), other(X)
        loss, second_loss = functional.mse_loss(answers, Y), functional.mse_loss(others, Y)
        first.zero_grad()
        second.zero_grad()
        loss.backward()
        second_loss.backward()
        first.step()
        second.step()


def game() -> None:
    """A GAN: the discriminator learns first in each step."""
    maker, judge = network(), nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    makes, judges = adam(maker, lr=1e-3), adam(judge, lr=1e-3)
    loss, real = functional.binary_cross_entropy_with_logits, torch.randn(32, 1) + 2
    yes, no = torch.ones(32, 1), torch.zeros(32, 1)
    for _ in range(40):
        made = maker(torch.randn(32, 2))
        step(loss(judge(real), yes) + loss(judge(made.detach()), no), judges)
        step(loss(judge(made), yes), makes)


def game_later() -> None:
    """A network learns by itself first; from then on another one judges what it makes."""
    maker, judge = network(), nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    makes, judges = adam(maker), adam(judge)
    loss, yes, no = functional.binary_cross_entropy_with_logits, torch.ones(4, 1), torch.zeros(4, 1)
    for _ in range(50):
        step(functional.mse_loss(maker(X), Y), makes)
    for _ in range(20):
        made = maker(X)
        step(loss(judge(Y), yes) + loss(judge(made.detach()), no), judges)
        step(functional.mse_loss(made, Y) + loss(judge(made), yes), makes)


def actor_and_critic() -> None:
    """Two networks, of which one learns from numbers that the other gives."""
    actor, critic = network(), network()
    acts, judges = adam(actor), adam(critic)
    for _ in range(40):
        value, chances = critic(X), functional.logsigmoid(actor(X))
        step(-((Y - value).detach() * chances).mean(), acts)
        step(functional.mse_loss(value, Y), judges)


def encoder_and_decoder() -> None:
    """Two networks, an optimizer each, one loss."""
    encoder, decoder = nn.Linear(2, 3), nn.Linear(3, 2)
    first, second = adam(encoder), adam(decoder)
    for _ in range(40):
        step(functional.mse_loss(decoder(encoder(X)), X), first, second)


def two_phases() -> None:
    """One network: as a whole, then its head alone."""
    model = network()
    fit(model, steps=40)
    optimizer = torch.optim.SGD(list(model.parameters())[2:], lr=0.01)
    for _ in range(40):
        step(functional.mse_loss(model(X), Y), optimizer)


def two_optimizers() -> None:
    """One network, its layers moved by an optimizer each."""
    model = network()
    first, *others = list(model.parameters())
    pair = torch.optim.Adam([first], lr=RIGHT), torch.optim.SGD(others, lr=RIGHT)
    for _ in range(40):
        step(functional.mse_loss(model(X), Y), *pair)


def frozen_teacher() -> None:
    """A network that isn't trained here answers what another one learns."""
    teacher, student = network(), network()
    optimizer = adam(student)
    for _ in range(40):
        with torch.no_grad():
            answers = teacher(X)
        step(functional.mse_loss(student(X), answers), optimizer)


def teacher_and_student() -> None:
    """A network learns; then another one learns its answers, which are asked for with gradients."""
    teacher, student = network(), network(4)
    fit(teacher)
    optimizer = adam(student)
    for _ in range(STEPS):
        answers = student(X)
        step(functional.mse_loss(answers, teacher(X).detach()), optimizer)


def folds(count: int = 4) -> None:
    """A cross-validation: a network is built anew for each fold."""
    rows = torch.randn(40, 2)
    targets = rows.sum(1, keepdim=True)
    for fold in range(count):
        model = network()
        optimizer = adam(model)
        mine = torch.arange(40) % count == fold
        for _ in range(70):
            step(functional.mse_loss(model(rows[~mine]), targets[~mine]), optimizer)
        model.eval()
        with torch.no_grad():
            functional.mse_loss(model(rows[mine]), targets[mine]).item()
