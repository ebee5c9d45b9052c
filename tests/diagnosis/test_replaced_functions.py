# pyright: basic
"""A user's functions, also in the place of PyTorch's: the probe has none called more often than without."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis.probe.probe import Probe
from trainlab.diagnosis.probe.trainings import DENSE

BASE: Any = torch.Tensor.__base__
WEIGHTED = "weight" in inspect.signature(F.l1_loss).parameters
STEPS = DENSE + 8
"""All of the first steps are looked at closely, those after them aren't."""

REPLACED: list[tuple[Any, str]] = [
    *((torch.Tensor, name) for name in ("backward", "detach", "norm", "unique", "register_hook", "__rsub__")),
    *(
        (torch.Tensor, name)
        for name in ("sum", "mean", "reshape", "float", "clone", "item", "tolist", "numel")
    ),
    *((torch.Tensor, name) for name in ("__add__", "__mul__", "abs", "square", "max", "all", "is_complex")),
    *((F, name) for name in ("relu", "mse_loss", "l1_loss", "linear", "max_pool2d", "cross_entropy")),
    *((F, name) for name in ("dropout", "batch_norm", "log_softmax")),
    *((torch, name) for name in ("relu", "stack", "cat", "randn", "zeros", "isfinite", "equal", "where")),
    *((torch.autograd, name) for name in ("backward", "grad")),
    *((nn.Module, name) for name in ("__call__", "parameters", "named_parameters", "modules", "children")),
    *((nn.Module, name) for name in ("named_modules", "train", "zero_grad", "state_dict")),
    (nn.Linear, "forward"),
    (nn.utils, "clip_grad_norm_"),
    *((torch.optim.SGD, name) for name in ("step", "__init__")),
    (torch.optim.Optimizer, "zero_grad"),
    (torch.optim.lr_scheduler.StepLR, "get_lr"),
]


def told(value: Any) -> Any:
    """Return what a log has of an argument: of a tensor its numbers."""
    if isinstance(value, torch.Tensor):
        return BASE.numpy(BASE.detach(value)).tobytes()
    if isinstance(value, list | tuple):
        return [told(one) for one in value]
    return value if isinstance(value, int | float | str | None) else type(value).__name__


class Log:
    """Calls in their order, with their arguments."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.telling = False

    def add(self, name: str, args: Any, kwargs: Any) -> None:
        if not self.telling:
            self.telling = True
            self.calls.append((name, told(args), sorted((key, told(one)) for key, one in kwargs.items())))
            self.telling = False


def plain(log: Log, name: str, original: Any) -> Any:
    def called(*args: Any, **kwargs: Any) -> Any:
        log.add(name, args, kwargs)
        return original(*args, **kwargs)

    return called


def wrapped(log: Log, name: str, original: Any) -> Any:
    return functools.wraps(original)(plain(log, name, original))


def decorated(log: Log, name: str, original: Any) -> Any:
    """As by a decorator of PyTorch's: its code is in PyTorch's folder."""
    return torch.enable_grad()(plain(log, name, original))


@contextmanager
def replaced(log: Log, way: Callable[..., Any], places: list[tuple[Any, str]]) -> Iterator[None]:
    own = [(owner, name, vars(owner).get(name)) for owner, name in places]
    made: list[Any] = []
    try:
        for owner, name in places:
            made.append(way(log, f"{owner.__name__}.{name}", getattr(owner, name)))
            setattr(owner, name, made[-1])
        yield
        for (owner, name), one in zip(places, made, strict=True):
            if owner is torch.Tensor:
                assert getattr(owner, name) is one
    finally:
        for owner, name, before in reversed(own):
            if before is None:
                delattr(owner, name)
            else:
                setattr(owner, name, before)


class Doubled(torch.autograd.Function):
    log: Log

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.name = ctx.variable = "the user's own"
        Doubled.log.add("Doubled.forward", [x], {})
        return x * 2

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> torch.Tensor:  # pyright: ignore
        Doubled.log.add("Doubled.backward", [slope], {})
        return slope * 2


class Net(nn.Module):
    """Methods of its own tell that they are called."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self.conv, self.norm, self.last = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(8, 2)
        self.drop = nn.Dropout(0.2)
        vars(self)["log"] = log
        self.conv.register_forward_hook(lambda *given: log.add("forward hook", [], {}))
        self.last.register_forward_pre_hook(lambda *given: log.add("pre-hook", [], {}))
        self.last.register_full_backward_hook(lambda *given: log.add("backward hook", [], {}))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.log.add("forward", [x], {})
        hidden = F.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)
        if hidden.requires_grad:
            hidden.register_hook(lambda slope: self.log.add("tensor hook", [slope], {}))
        return self.last(Doubled.apply(self.drop(F.relu(hidden).reshape(-1, 8))))

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        self.log.add("own parameters", [], {})
        return super().parameters(recurse)

    def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
        self.log.add("own named_parameters", [], {})
        return super().named_parameters(*args, **kwargs)

    def named_modules(self, *args: Any, **kwargs: Any) -> Any:
        self.log.add("own named_modules", [], {})
        return super().named_modules(*args, **kwargs)

    def children(self) -> Any:
        self.log.add("own children", [], {})
        return super().children()

    def __getattr__(self, name: str) -> Any:
        vars(self)["log"].add("own __getattr__", [name], {})
        return super().__getattr__(name)

    def __getstate__(self) -> Any:
        self.log.add("own __getstate__", [], {})
        return self.__dict__


def train(log: Log) -> list[bytes]:
    """Train for a while, with much of what a script can do; return the final state."""
    torch.manual_seed(0)
    Doubled.log = log
    x, labels = torch.randn(4, 1, 6, 6), torch.tensor([0, 1, 0, 1])
    net = Net(log)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.5)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.9)
    weights: Any = {"weight": torch.tensor([[1.0, 0.0]] * 4)} if WEIGHTED else {}
    for step in range(STEPS):
        net.zero_grad() if step % 2 else optimizer.zero_grad()
        out = net(x)
        loss = F.cross_entropy(out, labels) + F.l1_loss(out, (1 - out).detach(), **weights)
        loss = loss + torch.stack([out.square().mean(), out.abs().sum() * 0.01]).sum()
        if step % 3 == 0:
            torch.autograd.backward(tensors=loss)
        else:
            loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        log.add("loss", [loss.item(), loss.detach().clone()], {})
        optimizer.step()
        scheduler.step()
        if step % 20 == 19:
            net.eval()
            with torch.no_grad():
                log.add("judged", [F.mse_loss(net(x).float().max(), torch.zeros(()))], {})
            net.train()
    state = [net.last.weight, net.conv.weight, net.norm.running_mean, torch.randn(1)]
    return [told(one) for one in state]


def run(way: Callable[..., Any] | None, *, listened: str, places: list[tuple[Any, str]] = REPLACED) -> Any:
    log, probe = Log(), Probe(asking=False)
    with replaced(log, way or plain, places if way else []):
        if listened == "after":
            probe.start()
        final = train(log)
    if listened:
        record = probe.stop()
        assert not record.troubles
        assert record.backwards == STEPS
        assert len(record.losses) >= 2
    return log.calls, final


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = dict(vars(torch.Tensor))
    yield
    assert dict(vars(torch.Tensor)) == before


@pytest.mark.trains
@pytest.mark.parametrize("way", [plain, wrapped, decorated])
def test_all_that_is_called_is_called_as_often_in_the_same_order_with_the_same(way: Callable[..., Any]):
    calls, final = run(way, listened="")
    others, same = run(way, listened="after")
    for place, (one, other) in enumerate(zip(calls, others, strict=False)):
        assert one == other, f"call {place}: {one[0]} became {other[0]}"
    assert len(calls) == len(others)
    assert final == same


def test_what_was_put_there_while_it_listens_is_heard_as_well():
    """Replaced before a step and put back after it, as by `unittest.mock.patch`; the probe began before."""
    log, probe, net = Log(), Probe(asking=False), nn.Linear(3, 1)
    x = torch.ones(4, 3)
    probe.start()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(3):
        with replaced(log, plain, [(torch.Tensor, "sum"), (torch.Tensor, "backward"), (F, "mse_loss")]):
            F.mse_loss(net(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()
    record = probe.stop()
    assert [name for name, *_ in log.calls] == [
        "Tensor.sum",
        "torch.nn.functional.mse_loss",
        "Tensor.backward",
    ] * 3
    assert [loss.kind for loss in record.losses] == ["mse_loss"]
    assert not record.troubles


def test_two_probes_leave_what_they_found():
    def users(tensor: torch.Tensor) -> torch.Tensor:
        log.add("sum", [], {})
        return BASE.sum(tensor)

    log, outer, inner = Log(), Probe(asking=False), Probe(asking=False)
    torch.Tensor.sum = users  # pyright: ignore
    try:
        outer.start()
        inner.start()
        weight = torch.ones(2, requires_grad=True)
        (weight * 2).sum().backward()
        inner.stop()
        outer.stop()
        assert len(log.calls) == 1
        assert vars(torch.Tensor)["sum"] is users
    finally:
        del torch.Tensor.sum


@pytest.mark.parametrize("other", [F.gelu, F.leaky_relu, torch.Tensor.tanh, nn.GELU()])
def test_a_function_in_whose_place_another_of_pytorchs_was_put_computes_what_it_did(
    other: Any, monkeypatch: pytest.MonkeyPatch
):
    """As where `from torch.nn.functional import relu` came before ``F.relu = F.gelu``."""
    relu, pool, x = F.relu, F.max_pool2d, torch.tensor([[[-1.0, 2.0]]])
    monkeypatch.setattr(F, "relu", other)
    monkeypatch.setattr(F, "max_pool2d", F.avg_pool2d)
    probe = Probe(asking=False)
    probe.start()
    found, largest = relu(x), pool(x, (1, 2))
    probe.stop()
    assert found.tolist() == [[[0.0, 2.0]]]
    assert largest.tolist() == [[[2.0]]]


@pytest.mark.skipif(not WEIGHTED, reason="this PyTorch's l1_loss takes no weights")
def test_weights_of_the_l1_loss_which_pytorch_forgets_to_pass_on():
    out, weights = torch.tensor([1.0, 2.0]), cast("Any", {"weight": torch.tensor([1.0, 0.0])})
    without = F.l1_loss(out, torch.zeros(2), **weights)
    probe = Probe(asking=False)
    probe.start()
    heard = F.l1_loss(out, torch.zeros(2), **weights)
    probe.stop()
    assert float(heard) == float(without) == 1.0


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.drop = nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5)
        self.last = nn.Linear(8, 1)
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        np.random.rand()
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))


def test_questions_at_the_end_leave_what_a_script_can_see():
    """Copies of the network answer; its own counters, buffers and hooks, and the generators, stay."""
    torch.manual_seed(0)
    net, hooked, probe = Counting(), list[int](), Probe()
    net.register_forward_hook(lambda *given: hooked.append(1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    x = torch.randn(32, 3)
    probe.start()
    for _ in range(STEPS):
        optimizer.zero_grad()
        F.mse_loss(net(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()

    def seen() -> list[Any]:
        own = [net.calls, len(hooked), net.training, {**vars(net)}.keys()]
        states = [told(torch.get_rng_state()), str(np.random.get_state()), random.getstate()]
        return [*own, *states, *(told(one) for one in net.state_dict().values())]

    before = seen()
    record = probe.stop()
    assert len(record.asked) == 1
    assert len(record.dependences) == 1
    assert seen() == before
    assert net.calls == len(hooked) == STEPS
