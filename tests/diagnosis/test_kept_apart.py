"""What belongs to one training, or one batch, isn't taken for another's."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.events import NonFiniteLoss
from trainlab.diagnosis.probe import backward
from trainlab.diagnosis.probe.deferred_reads import MAX_WAITING, DeferredReads
from trainlab.diagnosis.probe.probe import Probe


@pytest.fixture
def probe() -> Probe:
    """Return a probe that listens, and asks nothing at the end."""
    torch.manual_seed(0)
    made = Probe(asking=False)
    made.start()
    return made


def step(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def made(lr: float = 1e-2) -> tuple[nn.Module, torch.optim.Optimizer]:
    model = nn.Linear(3, 1)
    return model, torch.optim.SGD(model.parameters(), lr=lr)


def rows(count: int, shift: float = 0.0) -> tuple[Tensor, Tensor]:
    x = torch.randn(count, 3) + shift
    return x, x.sum(1, keepdim=True)


def right(pairs: list[tuple[float, ...]], targets: list[float]) -> int:
    return sum(abs(sum(row) - target) < 1e-3 for row, target in zip(pairs, targets, strict=True))


def test_rows_meet_their_own_targets_where_two_networks_answer_before_either_loss(probe: Probe):
    data = [rows(64), rows(64, shift=50.0)]
    networks = [made(), made(1e-6)]
    for _ in range(20):
        index = torch.randint(0, 64, (16,))
        answers = [model(x[index]) for (model, _), (x, _) in zip(networks, data, strict=True)]
        losses = [F.mse_loss(out, y[index]) for out, (_, y) in zip(answers, data, strict=True)]
        for loss, (_, optimizer) in zip(losses, networks, strict=True):
            step(loss, optimizer)
    record = probe.stop()
    assert not record.troubles
    told = [(len(part.data.sample_y), part.data) for part in record.parts.values()]
    # In the first step it isn't known yet that they are two.
    assert [count for count, _ in told] in ([320, 320], [320, 304], [304, 320])
    assert [right(one.sample_x, one.sample_y) for _, one in told] == [count for count, _ in told]


def test_rows_meet_their_own_targets_where_these_are_read_later(
    probe: Probe, monkeypatch: pytest.MonkeyPatch
):
    """As on a device, of which nothing is read at once; weights of classes are read once all the same."""

    def read(self: DeferredReads, values: Tensor, then: object) -> None:
        self._waiting.append((values.detach().reshape(-1).float().clone(), then))  # pyright: ignore
        if len(self._waiting) >= MAX_WAITING:
            self.flush()

    monkeypatch.setattr(DeferredReads, "read", read)
    x, y = rows(256)
    model, optimizer = made()
    weights = torch.ones(2)
    head = nn.Linear(3, 2)
    for _ in range(40):
        index = torch.randint(0, 256, (64,))
        step(F.mse_loss(model(x[index]), y[index]), optimizer)
        F.cross_entropy(head(x[index]), (y[index, 0] > 0).long(), weight=weights).backward()
    record = probe.stop()
    assert not record.troubles
    assert len(record.data.sample_x) == len(record.data.sample_y) == 600
    assert right(record.data.sample_x, record.data.sample_y) == 600
    assert [one.weights for one in record.losses if one.kind == "cross_entropy"] == [[1.0, 1.0]]


@pytest.mark.trains
def test_the_last_of_many_trainings_is_heard_as_the_first(probe: Probe, monkeypatch: pytest.MonkeyPatch):
    x, y = rows(8)
    for place in range(90):
        model, optimizer = made()
        for at in range(3):
            out = model(x)
            kept = (out.detach(), out.detach().sum().item(), out.argmax(), out.detach().numpy(), out.tolist())
            loss = F.mse_loss(out, y) + 0 * kept[0].sum()
            if place == 89 and at == 2:
                loss = loss + (loss.detach() * 0 - 1).log()
            F.l1_loss(model(x), y).backward()
            step(loss, optimizer)
    record = probe.stop()
    assert not record.troubles
    assert [event.training for event in record.events_of(NonFiniteLoss)] == [89]
    assert {one.training for one in record.loss_curves} == set(range(90))
    assert {(one.learn_in_train, one.judge_in_train) for one in record.networks} == {(6, 0)}


def test_a_pass_whose_loss_has_no_room_is_there_to_learn(probe: Probe, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backward, "MAX_LOSS_CURVES", 0)
    x, y = rows(8)
    model, optimizer = made()
    for _ in range(3):
        step(F.mse_loss(model(x), y), optimizer)
    (network,) = probe.stop().networks
    assert (network.learn_in_train, network.judge_in_train) == (3, 0)


def test_a_loader_is_no_other_that_had_its_address(probe: Probe):
    data = TensorDataset(*rows(16))
    for shuffled in (True, False) * 20:
        next(iter(DataLoader(data, batch_size=4, shuffle=shuffled)))
    found = [(one.shuffled, one.passes) for one in probe.stop().loaders]
    assert found == [(True, 1), (False, 1)] * 20


@pytest.mark.trains
def test_a_graph_of_an_earlier_watch_is_of_no_training_of_this_one(probe: Probe):
    x, y = rows(8)
    networks = [made() for _ in range(3)]
    for _ in range(2):
        for model, optimizer in networks:
            step(F.mse_loss(model(x), y), optimizer)
    old = networks[2][0](x)
    assert not probe.stop().troubles
    again = Probe(asking=False)
    again.start()
    networks = [made() for _ in range(2)]
    for _ in range(2):
        for model, optimizer in networks:
            step(F.mse_loss(model(x), y), optimizer)
    F.mse_loss(old, y).backward()
    record = again.stop()
    assert not record.troubles
    assert sorted(part.backwards for part in record.parts.values())[-2:] == [2, 3]


@pytest.mark.parametrize("way", ["backward", "a list", "grad"])
def test_a_backward_pass_that_pytorch_calls_twice_is_one(probe: Probe, way: str):
    """As it does with its own functions where a function mode, such as the probe's, is on."""
    x, y = rows(8)
    model, optimizer = made()
    for _ in range(5):
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        if way == "grad":
            for one, grad in zip(
                model.parameters(), torch.autograd.grad(loss, [*model.parameters()]), strict=True
            ):
                one.grad = grad
        else:
            torch.autograd.backward([loss] if way == "a list" else loss)
        optimizer.step()
    record = probe.stop()
    assert (record.backwards, [one.count for one in record.loss_curves]) == (5, [5])


@pytest.mark.parametrize("rate", [0.1, 0.0])
def test_steps_by_hand_are_seen_beside_an_optimizer_of_another_training(probe: Probe, rate: float):
    x, y = rows(16)
    model, optimizer = made()
    for _ in range(30):
        step(F.mse_loss(model(x), y), optimizer)

    def by_hand() -> None:
        model = nn.Linear(3, 1)
        for _ in range(30):
            model.zero_grad()
            F.mse_loss(model(x), y).backward()
            with torch.no_grad():
                for one in model.parameters():
                    one -= rate * one.grad

    by_hand()
    report = diagnose(probe.stop())
    found = [[one.fault for one in each.findings] for each in report.trainings]
    assert found[1] == ([] if rate else ["missing_optimizer_step"])


@pytest.mark.parametrize("way", ["by name", "by place"])
def test_graphs_that_are_retained_are_counted(probe: Probe, way: str):
    x, y = rows(8)
    model, _ = made()
    for _ in range(5):
        loss = F.mse_loss(model(x), y)
        if way == "by name":
            loss.backward(retain_graph=True)
        else:
            torch.autograd.backward(loss, None, True)
        torch.autograd.grad(loss, [*model.parameters()], None, True)
    assert [one.retained for one in probe.stop().loss_curves] == [5, 5]
