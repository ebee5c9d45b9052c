# pyright: basic
"""Weights and copies that follow others, are kept apart, or are replaced in every pass."""

from __future__ import annotations

import copy

import pytest
import torch
from diagnosis.faults.made import batches, blobs, fit, mlp
from diagnosis.watched import diagnosed, faults
from torch import Tensor, nn
from torch.nn import functional
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.observed.events import NonFiniteLoss
from trainlab.diagnosis.probe import backward
from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.probe.probe_state import MAX_WAITING, DeferredReads

# What belongs to one training, or one batch, isn't taken for another's.


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


# States that are kept, and networks that stand still, as they should be.


def kept_in_a_file(tmp_path) -> None:
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    model.load_state_dict(model.state_dict())
    torch.save(model.state_dict(), tmp_path / "best.pt")
    fit(model, opt, F.cross_entropy, x, y, epochs=2)
    model.load_state_dict(model.state_dict())
    model.load_state_dict(torch.load(tmp_path / "best.pt"))
    other = mlp(8, 24, 4)
    model.load_state_dict(other.state_dict(), assign=True)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y, epochs=4)


def test_a_state_from_a_file_or_of_the_same_step(tmp_path):
    assert faults(diagnosed(lambda: kept_in_a_file(tmp_path))) == []


def beside(kind: str) -> None:
    """Train a network beside one of the same shapes that answers without gradients."""
    x, y = blobs()
    model, other = mlp(8, 24, 4), mlp(8, 24, 4)
    if kind == "reference":
        other = copy.deepcopy(model)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for step, index in enumerate(batches(600, 30, 12)):
        rows = index if kind != "mean of the past" else torch.randint(600, (30,))
        with torch.no_grad():
            told = other(x[rows]).softmax(1)
        loss = F.cross_entropy(model(x[index]), y[index])
        if kind != "mean of the past":
            loss = loss + 0.1 * F.kl_div(model(x[index]).log_softmax(1), told, reduction="batchmean")
        opt.zero_grad()
        loss.backward()
        opt.step()
        if kind == "mean of the past" and step % 10 == 0:
            for slow, fast in zip(other.parameters(), model.parameters(), strict=True):
                slow.data.lerp_(fast.data, 0.1)


@pytest.mark.trains
@pytest.mark.parametrize("kind", ["frozen teacher", "reference", "mean of the past"])
def test_a_network_that_is_meant_to_stand_still_or_follows(kind: str):
    assert "target_net_not_updated" not in faults(diagnosed(lambda: beside(kind)))


def bootstrapped(*, follows: bool, opponent: bool = False) -> None:
    states = torch.eye(6)
    online, target = mlp(6, 16, 2), mlp(6, 16, 2)
    opt = torch.optim.Adam(online.parameters(), lr=0.01)
    for step in range(260):
        now, action = torch.randint(6, (32,)), torch.randint(2, (32,))
        then = (now + 2 * action - 1).clamp(0, 5)
        with torch.no_grad():
            best = target(states[then]).max(1).values
            if opponent:
                best = 0 * sum(target(states[then]).max(1).values for _ in range(4))
            goal = (then == 5).float() + 0.8 * best * (then != 5)
        loss = F.smooth_l1_loss(online(states[now])[torch.arange(32), action], goal)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if follows and step % 100 == 99:
            target.load_state_dict(online.state_dict())


@pytest.mark.trains
def test_a_target_that_is_never_loaded_at_all():
    assert faults(diagnosed(lambda: bootstrapped(follows=False)))[0] == "target_net_not_updated"
    assert faults(diagnosed(lambda: bootstrapped(follows=True))) == []
    opponents = diagnosed(lambda: bootstrapped(follows=False, opponent=True))
    assert "target_net_not_updated" not in faults(opponents)


@pytest.mark.trains
def test_a_target_that_is_the_network_itself():
    def train() -> None:
        x, _ = blobs()
        model = mlp(8, 24, 4)
        slow = model
        opt = torch.optim.Adam(model.parameters(), lr=0.01)
        for index in batches(600, 30, 2):
            noisy = x[index] + 0.1 * torch.randn(30, 8)
            loss = F.mse_loss(model(noisy), slow(x[index]))
            opt.zero_grad()
            loss.backward()
            opt.step()
            with torch.no_grad():
                for one, two in zip(slow.parameters(), model.parameters(), strict=True):
                    one.mul_(0.99).add_(two, alpha=0.01)

    assert faults(diagnosed(train))[0] == "target_net_not_updated"


def overfitted(*, copied: bool) -> None:
    x, y = blobs(260, spread=2.5)
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    lowest, best = float("inf"), model
    for _ in range(12):
        fit(model, opt, F.cross_entropy, x[:60], y[:60], epochs=4)
        with torch.no_grad():
            value = F.cross_entropy(model(x[60:]), y[60:]).item()
            if value < lowest:
                lowest, best = value, copy.deepcopy(model) if copied else model
    with torch.no_grad():
        F.cross_entropy(best(x[60:]), y[60:])


@pytest.mark.trains
def test_the_best_network_that_was_kept_is_the_one_judged():
    assert faults(diagnosed(lambda: overfitted(copied=True))) == []
    assert faults(diagnosed(lambda: overfitted(copied=False))) == ["overfitting"]


# Weights that a network replaces in every pass: those that were to be learnt, and means that weren't.


class Replacing(nn.Module):
    """Its middle layer has a new weight in every pass: clamped, or moved to a mean without a gradient."""

    def __init__(self, *, mean: bool = False) -> None:
        super().__init__()
        self.first, self.middle, self.last = nn.Linear(6, 16), nn.Linear(16, 16), nn.Linear(16, 2)
        self.mean = mean

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x).relu()
        old = self.middle.weight.detach()
        new = 0.9 * old + 0.1 * h.detach().mean(0) if self.mean else old.clamp(-0.5, 0.5)
        self.middle.weight = nn.Parameter(new, requires_grad=not self.mean)
        return self.last(self.middle(h).relu())


class Unused(nn.Module):
    def __init__(self, width: int = 16, *, linear: bool = False) -> None:
        super().__init__()
        self.first, self.unused, self.last = nn.Linear(6, 16), nn.Linear(16, width), nn.Linear(16, 2)
        self.linear = linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.first(x)
        return self.last(h if self.linear else h.relu())


def fitted(model: nn.Module) -> None:
    x = torch.randn(100, 6)
    y = (x.prod(1) > 0).long()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    for _ in range(70):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()


@pytest.mark.parametrize(("linear", "blamed"), [(False, False), (True, True)])
def test_a_layer_nothing_reaches_isnt_to_blame_where_the_rest_is_and_nothing_follows(
    linear: bool, blamed: bool
):
    report = diagnosed(lambda: fitted(Unused(8, linear=linear)))
    assert report.findings[0].fault == "unreachable_params"
    assert ("cause: a layer isn't part of the loss" in report.verdict) == blamed, report.verdict
    known = "does get gradients" in report.verdict and "why isn't known" in report.verdict
    assert known != blamed


def test_a_weight_that_is_clamped_anew_in_every_pass_never_trains():
    assert "unreachable_params" in faults(diagnosed(lambda: fitted(Replacing())))


def test_a_weight_that_is_a_running_mean_was_not_to_be_learnt():
    assert "unreachable_params" not in faults(diagnosed(lambda: fitted(Replacing(mean=True))))


@pytest.mark.trains
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_network_has_layers_that_get_no_gradient():
    report = diagnosed(lambda: fitted(torch.jit.script(Unused())))  # pyright: ignore[reportArgumentType]
    assert report.troubles == ()
    assert "unreachable_params" in faults(report)


@pytest.mark.trains
@pytest.mark.parametrize(("spread", "found"), [(3.0, ["overfitting"]), (0.3, [])])
def test_rows_trained_on_that_are_evaluated_beside_others_are_no_held_out_data(
    spread: float, found: list[str]
):
    def train() -> None:
        x, y = blobs(560, spread=spread)
        model = mlp(8, 64, 4)
        opt = torch.optim.Adam(model.parameters(), lr=0.02)
        for _ in range(6):
            fit(model, opt, F.cross_entropy, x[:60], y[:60], epochs=4)
            with torch.no_grad():
                for some in (slice(60), slice(60, None)):
                    F.cross_entropy(model(x[some]), y[some]).item()

    report = diagnosed(train)
    assert faults(report) == found
    if found:
        before, after = report.findings[0].evidence[:2]
        assert before.startswith("held-out loss ")
        assert after.startswith("training loss ")


@pytest.mark.trains
@pytest.mark.parametrize("anew", [False, True])
def test_one_network_for_all_folds_knows_the_rows_of_the_next(anew: bool):
    def train() -> None:
        x, y = blobs(600, spread=1.5)
        model = mlp(8, 24, 4)
        for held in torch.arange(600).chunk(3):
            if anew:
                model = mlp(8, 24, 4)
            opt = torch.optim.Adam(model.parameters(), lr=0.01)
            rest = torch.ones(600, dtype=torch.bool)
            rest[held] = False
            fit(model, opt, F.cross_entropy, x[rest], y[rest], epochs=6)
            with torch.no_grad():
                (model(x[held]).argmax(1) == y[held]).float().mean().item()
                (model(x[rest]).argmax(1) == y[rest]).float().mean().item()

    report = diagnosed(train)
    found = [one for one in report.findings if one.fault == "eval_on_train"]
    assert len(found) == (not anew)
    if found:
        assert found[0].evidence[1].startswith("3 optimizers were made in turn at test_kept_apart.py:")
        assert found[0].remedy == "Make a new network for each fold, beside its optimizer."
