"""Populations of any module against a plain loop over the modules, and what can't be stacked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import trainlab
from trainlab.engine import rng
from trainlab.engine.torch import Population, population
from trainlab.engine.torch.engine import available_devices
from trainlab.errors import EngineError, TrainlabError
from trainlab.spec import SGD, Adam, AdamW, Batch, NAdam, Optimizer, Single

SEEDS = range(5, 9)
EPOCHS = 6
POINTS = 10


class Tied(nn.Module):
    """Shares a matrix, holds a buffer that stays, and a parameter that isn't trained."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.norm = nn.LayerNorm(4)
        self.scale = nn.Parameter(torch.tensor(0.5), requires_grad=False)
        self.register_buffer("shift", torch.randn(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x))) * self.scale + self.norm(x) + self.shift


def convolution() -> nn.Module:
    return nn.Sequential(
        nn.Unflatten(1, (1, 4)),
        nn.Conv1d(1, 3, 2),
        nn.GroupNorm(1, 3),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(9, 4),
    )


FACTORIES: dict[str, Callable[[], nn.Module]] = {
    "linear": lambda: nn.Linear(4, 4),
    "convolution": convolution,
    "tied": Tied,
    "batch norm": lambda: nn.Sequential(
        # A bias would be taken out again: a gradient of rounding alone, which Adam makes large.
        nn.Linear(4, 4, bias=False),
        nn.BatchNorm1d(4, track_running_stats=False),
    ),
    "dropout 0": lambda: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.0)),
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def data() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(POINTS, 4, generator=generator, dtype=torch.float64)
    return x, torch.sin(x) + x.roll(1, 1)


def small(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (p - y).abs().mean() < 0.6


def by_loop(factory: Callable[[], nn.Module], make: Any, batches: Callable[[int, int], Any]) -> Any:
    """Return losses, predictions and modules of a loop over the seeds."""
    x, y = data()
    losses, predictions, modules = [], [], []
    for seed in SEEDS:
        torch.manual_seed(seed)
        module = factory().double()
        optimizer = make(p for p in module.parameters() if p.requires_grad)
        losses.append([nn.functional.mse_loss(module.eval()(x), y).item()])
        for epoch in range(EPOCHS):
            module.train()
            for chosen in batches(seed, epoch):
                optimizer.zero_grad()
                nn.functional.mse_loss(module(x[chosen]), y[chosen]).backward()
                optimizer.step()
            losses[-1].append(nn.functional.mse_loss(module.eval()(x), y).item())
        predictions.append(module(x).detach().numpy())
        modules.append(module)
    return np.array(losses), np.array(predictions), modules


def shuffled(seed: int, epoch: int) -> Any:
    order = torch.from_numpy(rng.shuffled(seed, epoch=epoch, points=POINTS))
    return order.split(4)


def drawn(seed: int, epoch: int) -> Any:
    return torch.from_numpy(rng.batch_indices(seed, first=3 * epoch, count=3, points=POINTS)).split(1)


def trained(factory: Callable[[], nn.Module], **options: Any) -> Population:
    x, y = data()
    options = {"inputs": x, "targets": y, "seeds": SEEDS, "epochs": EPOCHS, **options}
    return population(lambda: factory().double(), loss=nn.functional.mse_loss, **options)


@pytest.mark.trains
@pytest.mark.parametrize("device", available_devices())
@pytest.mark.parametrize("name", FACTORIES)
def test_modules_are_trained_as_in_a_loop(name: str, device: str) -> None:
    factory = FACTORIES[name]
    losses, predictions, modules = by_loop(
        factory, lambda p: torch.optim.Adam(p, lr=0.03), lambda seed, epoch: [slice(None)]
    )
    before = torch.random.get_rng_state()
    ours = trained(factory, optimizer=Adam(lr=0.03), solved=small, device=device)
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-11)
    np.testing.assert_allclose(ours.predictions, predictions, rtol=1e-9, atol=1e-12)
    y = data()[1]
    assert ours.solved is not None
    assert ours.solved.tolist() == [bool(small(torch.from_numpy(p), y)) for p in predictions]
    for state, module in zip(ours.state_dicts, modules, strict=True):
        assert list(state) == list(module.state_dict())
        fresh = factory().double()
        fresh.load_state_dict(state)
        for key, value in module.state_dict().items():
            torch.testing.assert_close(state[key].cpu(), value, rtol=1e-9, atol=1e-12)


@pytest.mark.trains
@pytest.mark.parametrize(
    ("optimizer", "make"),
    [
        (
            SGD(lr=0.1, momentum=0.9, nesterov=True),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        ),
        (AdamW(lr=0.02), lambda p: torch.optim.AdamW(p, lr=0.02)),
        ("rmsprop", lambda p: torch.optim.RMSprop(p)),
    ],
)
@pytest.mark.parametrize(
    ("sampling", "batches"),
    [(Batch(batch_size=4), shuffled), (Single(steps_per_epoch=3), drawn)],
    ids=["batch", "single"],
)
def test_optimizers_and_samplings(optimizer: Optimizer | str, make: Any, sampling: Any, batches: Any) -> None:
    losses, predictions, _ = by_loop(convolution, make, batches)
    ours = trained(convolution, optimizer=optimizer, sampling=sampling)
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-10)
    np.testing.assert_allclose(ours.predictions, predictions, rtol=1e-8, atol=1e-11)
    assert ours.solved is None


def test_classes_by_number_and_arrays_of_numpy() -> None:
    x, classes = data()[0].float().numpy(), np.arange(POINTS) % 3
    ours = trainlab.population(
        lambda: nn.Linear(4, 3),
        inputs=x,
        targets=classes,
        loss=nn.functional.cross_entropy,
        optimizer=Adam(lr=0.1),
        seeds=3,
        epochs=60,
        solved=lambda p, y: (p.argmax(1) == y).float().mean() > 0.6,
    )
    assert ours.seeds == range(3)
    assert ours.losses.shape == (3, 61)
    assert ours.losses.dtype == np.float32
    assert (ours.losses[:, -1] < ours.losses[:, 0]).all()
    assert ours.solved is not None


class Loop(nn.Module):
    """A recurrent network of plain layers."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(2, 3)
        self.last = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.last(state)


class LastOfLSTM(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


def of_ones(**options: Any) -> Population:
    """Train Linear(2, 1) in float32 on eight examples."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(8, 2, generator=generator)
    options = {
        "inputs": x,
        "targets": x.sum(1, keepdim=True),
        "loss": nn.functional.mse_loss,
        "seeds": 3,
        "epochs": 2,
        **options,
    }
    return population(options.pop("factory", lambda: nn.Linear(2, 1)), **options)


def test_data_in_double_precision_is_that_of_the_parameters() -> None:
    x = torch.randn(8, 2, generator=torch.Generator().manual_seed(1))
    wide = of_ones(inputs=x.double().numpy(), targets=x.sum(1, keepdim=True).double().numpy())
    np.testing.assert_array_equal(wide.losses, of_ones().losses)
    assert wide.losses.dtype == np.float32


def test_whole_numbers_are_read_as_numbers_or_as_they_are() -> None:
    whole = np.arange(16).reshape(8, 2)
    np.testing.assert_array_equal(of_ones(inputs=whole).losses, of_ones(inputs=whole.astype(float)).losses)
    classes = np.arange(8).reshape(8, 1) % 2
    logits = nn.functional.binary_cross_entropy_with_logits
    np.testing.assert_array_equal(
        of_ones(targets=classes, loss=logits).losses,
        of_ones(targets=classes.astype(float), loss=logits).losses,
    )
    embedded = of_ones(
        factory=lambda: nn.Sequential(nn.Embedding(4, 3), nn.Flatten(), nn.Linear(6, 1)), inputs=whole % 4
    )
    assert np.isfinite(embedded.losses).all()


def test_kinds_by_their_fields() -> None:
    ours = trained(
        convolution, optimizer={"name": "sgd", "lr": 0.1}, sampling={"name": "batch", "batch_size": 4}
    )
    same = trained(convolution, optimizer=SGD(lr=0.1), sampling=Batch(batch_size=4))
    np.testing.assert_array_equal(ours.losses, same.losses)


def test_a_recurrent_network_of_cells() -> None:
    with pytest.warns(UserWarning, match="performance drop"):
        ours = of_ones(factory=Loop, inputs=torch.randn(8, 5, 2), optimizer=Adam(lr=0.1), epochs=20)
    assert (ours.losses[:, -1] < ours.losses[:, 0]).all()


def test_it_tells_itself_in_a_line() -> None:
    ours = of_ones(solved=lambda p, y: True)
    end = np.median(ours.losses[:, -1].astype(float))
    assert repr(ours) == (
        "<Population of 3 modules, 2 epochs: 3 of 3 solved (100.0 %, 36.8–100.0 %), "
        f"median final loss {end:.3g}>"
    )
    assert repr(of_ones(seeds=1)).startswith("<Population of 1 module, 2 epochs: median final loss ")


def one_module() -> Callable[[], nn.Module]:
    module = nn.Linear(2, 1)
    return lambda: module


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"inputs": torch.full((8, 2), torch.nan)}, "inputs: example 0 has a number that isn't finite"),
        ({"targets": torch.tensor([[0.0]] * 7 + [[torch.inf]])}, "targets: example 7 has a number"),
        ({"loss": "mse"}, "loss = 'mse': must be a function .* such as torch.nn.functional.mse_loss"),
        ({"loss": nn.MSELoss}, r"loss is the class MSELoss, but must be a function: write MSELoss\(\)"),
        (
            {"loss": lambda p, y: p - y},
            r"loss\(outputs, targets\) returned a tensor of shape \(8, 1\), but must",
        ),
        ({"loss": lambda p, y: {}["mse"]}, r"on these inputs and targets: KeyError\('mse'\)"),
        ({"factory": nn.Linear(2, 1)}, "factory is Linear, but must be a function that makes a new module"),
        ({"factory": one_module()}, r"factory\(\) returned the same module twice, but must make a new one"),
        (
            {"solved": lambda p, y: (p - y).abs() < 0.1},
            r"solved\(predictions, targets\) returned a tensor of shape \(8, 1\), but must return one true",
        ),
        ({"optimizer": {"name": "adam", "rate": 1.0}}, "optimizer.rate: unknown field"),
        ({"optimizer": 0.1}, r"optimizer is float, but must be .* such as {'name': 'adam', 'lr': 0.05}"),
        (
            {"targets": torch.zeros(8)},
            r"targets has the shape \(8,\) and the outputs \(8, 1\): .* targets.reshape\(8, 1\)",
        ),
        ({"factory": lambda: nn.LSTM(2, 1)}, r"whose forward gives a tuple, but must give one tensor"),
    ],
)
def test_what_is_asked_for_wrongly_is_told_in_one_line(options: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainlabError, match=words) as caught:
        of_ones(**options)
    assert "\n" not in str(caught.value)


def counting() -> nn.Module:
    class Counting(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.register_buffer("seen", torch.zeros(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen += 1
            return super().forward(x)

    return Counting()


def branching() -> nn.Module:
    class Branching(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = super().forward(x)
            return y if y.sum().item() > 0 else -y

    return Branching(4, 4)


@pytest.mark.filterwarnings("ignore:There is a performance drop:UserWarning")
@pytest.mark.parametrize(
    ("factory", "words"),
    [
        (
            lambda: nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)),
            "buffer '1.running_mean' changes in forward",
        ),
        (counting, "buffer 'seen' changes in forward"),
        (
            lambda: nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)),
            "draws random numbers in forward, as Dropout",
        ),
        (branching, "torch.func can't train these modules"),
        (lambda: nn.Linear(3, 4), "torch.func can't train these modules"),
        (lambda: nn.Linear(4, int(torch.randint(2, 9, ()))), "modules of different kinds or shapes"),
        (
            lambda: nn.Sequential(nn.Linear(4, 4), nn.ReLU() if torch.rand(()) < 0.5 else nn.Tanh()),
            "modules of different kinds or shapes",
        ),
        (
            lambda: nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(float(torch.rand(())))),
            "modules of different kinds or shapes",
        ),
        (
            LastOfLSTM,
            "calls 'lstm', which torch.func can't carry out .* for LSTM, RNNCell or GRUCell in a loop",
        ),
        (lambda: nn.Tanh(), "without parameters that require a gradient"),
    ],
)
def test_what_cannot_be_stacked_is_said_in_one_line(factory: Callable[[], nn.Module], words: str) -> None:
    with pytest.raises(EngineError, match=words) as caught:
        trained(factory)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("factory()")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"targets": torch.zeros(3, 4)}, "inputs has 10 examples and targets has 3"),
        ({"optimizer": "adm"}, r"optimizer = 'adm': must be .* Did you mean 'adam'\?"),
        ({"optimizer": torch.optim.Adam}, "optimizer is type, but must be 'sgd', 'adam'"),
        ({"sampling": 32}, "sampling is int, but must be 'full', 'single' or 'batch'"),
        ({"seeds": range(0)}, "seeds = range"),
        (
            {"sampling": Batch(batch_size=64, drop_last=True)},
            "sampling.batch_size = 64: with drop_last no batch is left of 10 examples; lower batch_size",
        ),
        ({"epochs": 2.5}, "epochs = 2.5: must be a whole number ≥ 1 and ≤ 100,000,000"),
        ({"epochs": "3"}, "epochs = '3': must be a whole number ≥ 1"),
        ({"epochs": 0}, "epochs = 0: must be a whole number ≥ 1"),
        ({"device": "gpu"}, "device = 'gpu': must be 'cpu' or 'cuda'"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], words: str) -> None:
    with pytest.raises(TrainlabError, match=words):
        trained(FACTORIES["linear"], **options)


def test_a_factory_that_makes_no_module() -> None:
    x, y = data()
    with pytest.raises(EngineError, match=r"factory\(\) returned int, but must return a torch.nn.Module"):
        population(lambda: 3, inputs=x, targets=y, loss=nn.functional.mse_loss)  # type: ignore[arg-type, return-value]


def test_torch_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data()
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineError, match="needs PyTorch, which isn't installed"):
        population(FACTORIES["linear"], inputs=x, targets=y, loss=nn.functional.mse_loss)


class ExactNAdam(torch.optim.NAdam):
    """torch's, whose own product begins in torch's default precision, not in that of the parameters."""

    def step(self, closure: Any = None) -> Any:
        torch.set_default_dtype(torch.float64)
        try:
            return super().step(closure)
        finally:
            torch.set_default_dtype(torch.float32)


def test_nadam_is_as_exact_as_the_parameters() -> None:
    losses, _, _ = by_loop(convolution, ExactNAdam, shuffled)
    rounded, _, _ = by_loop(convolution, torch.optim.NAdam, shuffled)
    ours = trained(convolution, optimizer=NAdam(), sampling=Batch(batch_size=4))
    np.testing.assert_allclose(ours.losses, losses, rtol=1e-11)
    assert np.abs(rounded / losses - 1).max() > 1e-10
