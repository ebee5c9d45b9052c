"""Losses of one's own: refused where wrong, trained alike by all engines, never under a wrong fingerprint."""

import math
import pickle
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from trainlab.engine import custom_loss, engine_of
from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.torch import TorchEngine
from trainlab.errors import EngineError, SpecError
from trainlab.execution import train_all
from trainlab.maths import formula
from trainlab.maths.formula import custom_entry
from trainlab.report.common import loss_label
from trainlab.report.torch_training import cell_code
from trainlab.spec import Change, Custom, Experiment, experiment_from_toml, experiment_to_toml, loss_entry
from trainlab.store import Store
from trainlab.studies.causes import best_constant_loss


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formula, "_registered", {})


def square(p: Any, y: Any) -> Any:
    return (p - y) ** 2


def square_slope(p: Any, y: Any) -> Any:
    return 2 * (p - y)


def cosh(p: float, y: float) -> float:
    return math.log(math.cosh(p - y))


def cosh_slope(p: float, y: float) -> float:
    return math.tanh(p - y)


def cosh_torch(p: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.log(torch.cosh(p - y))


def huber(p: float, y: float) -> float:
    d = abs(p - y)
    return d * d / 2 if d < 1 else d - 0.5


def huber_slope(p: float, y: float) -> float:
    return max(-1.0, min(1.0, p - y))


def experiment(loss: Any, **fields: Any) -> Experiment:
    base = {"network": "2-4-1", "epochs": 30, "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9}}
    plain = written(loss) if isinstance(loss, Custom) else loss
    return Experiment.from_dict({**base, **fields, "loss": plain})


def written(loss: Custom) -> dict[str, str]:
    return {"name": "custom", "function": loss.function, "digest": loss.digest}


BATCHES = [
    {"sampling": "full"},
    {"sampling": {"name": "single", "steps_per_epoch": 4}},
    {"sampling": {"name": "batch", "batch_size": 3}},
    {"optimizer": {"name": "adam", "weight_decay": 0.01}, "clip": {"norm": 0.5}},
    {"network": "2-3-2", "task": {"name": "xor", "one_hot": True}},
    {"split": {"held_out": 0.25}, "task": {"name": "quadrants", "points": 40}, "network": "2-3-1"},
]


@pytest.mark.parametrize("fields", BATCHES, ids=lambda fields: next(iter(fields)))
@pytest.mark.parametrize("engine", [FastEngine, TorchEngine, ReferenceEngine])
def test_a_square_of_ones_own_trains_as_mse(engine: Any, fields: dict[str, Any]) -> None:
    own = experiment((custom_loss("square", square, square_slope)), **fields)
    trained, builtin = (
        engine(dtype="float64").train(each, range(3))[0] for each in (own, experiment("mse", **fields))
    )
    for name in (
        "parameters",
        "loss",
        "loss_curve",
        "gradient",
        "held_out_loss",
        "solved_epoch",
        "settled_epoch",
    ):
        np.testing.assert_allclose(getattr(trained, name), getattr(builtin, name), rtol=1e-11, atol=1e-13)


PAIRS: list[tuple[str, Callable[..., Any], Callable[..., Any], str]] = [
    ("cosh", cosh, cosh_slope, "log_cosh"),
    ("hub", huber, huber_slope, "huber"),
]


@pytest.mark.parametrize(("name", "function", "slope", "builtin"), PAIRS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_of_numbers_train_in_the_fast_engine(
    name: str, function: Any, slope: Any, builtin: str, dtype: str
) -> None:
    own = experiment(custom_loss(name, function, slope))
    trained, known = (FastEngine(dtype=dtype).train(each, range(8))[0] for each in (own, experiment(builtin)))
    close = {"float32": 2e-4, "float64": 1e-9}[dtype]
    np.testing.assert_allclose(trained.parameters, known.parameters, rtol=close, atol=close)
    np.testing.assert_allclose(trained.loss, known.loss, rtol=close, atol=close)


def test_no_shape_of_tiles_changes_a_bit() -> None:
    own = experiment(
        written(custom_loss("cosh", cosh, cosh_slope)),
        task={"name": "moons", "points": 13},
        sampling={"name": "batch", "batch_size": 5},
    )
    seeds = range(5)
    runs = [
        FastEngine(dtype="float64", networks=networks, samples=samples, checked=checked).train(own, seeds)[0]
        # The one that checks is that of other files too: each shape costs numba half a minute.
        for networks, samples, checked in ((None, None, False), (16, 1, False), (8, 4, True))
    ]
    for other in runs[1:]:
        assert other.parameters.tobytes() == runs[0].parameters.tobytes()
        assert other.loss_curve.tobytes() == runs[0].loss_curve.tobytes()


def test_a_function_of_tensors_trains_by_autograd() -> None:
    loss = custom_loss("cosh", cosh_torch)
    own = experiment(loss)
    assert engine_of("auto", own) == "torch"
    for engine in (TorchEngine(dtype="float64"), ReferenceEngine(dtype="float64")):
        trained = engine.train(own, range(3))[0]
        known = engine.train(experiment("log_cosh"), range(3))[0]
        np.testing.assert_allclose(trained.parameters, known.parameters, rtol=1e-9, atol=1e-12)
    with pytest.raises(
        EngineError, match="the loss 'cosh' has no derivative; give custom_loss its derivative"
    ):
        FastEngine().train(own, range(1))


def test_each_engine_says_what_it_cant_do() -> None:
    numbers = experiment(custom_loss("hub", huber, huber_slope))
    assert engine_of("auto", numbers) == "fast"
    for engine, name in ((TorchEngine(), "torch"), (ReferenceEngine(), "reference")):
        with pytest.raises(EngineError) as error:
            engine.train(numbers, range(1))
        assert str(error.value).startswith(
            f"engine {name!r}: the loss 'hub' fails on tensors (RuntimeError: Bool"
        )
    tensors = experiment(custom_loss("tens", cosh_torch, lambda p, y: torch.tanh(p - y)))
    assert engine_of("auto", tensors) == "torch"
    with pytest.raises(EngineError, match="numba can't compile the function of the loss 'tens'"):
        FastEngine().train(tensors, range(1))
    assert engine_of("auto", experiment(custom_loss("sq", square, square_slope))) in ("fast", "torch")


def test_a_folder_called_numba_is_not_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", ModuleType("numba"))
    own = experiment(custom_loss("quartic", lambda p, y: (p - y) ** 4, lambda p, y: 4 * (p - y) ** 3))
    with pytest.raises(EngineError, match="the loss 'quartic': needs numba, which isn't installed"):
        FastEngine().train(own, range(1))


def entropy(p: float, y: float) -> float:
    return -(y * math.log(p) + (1 - y) * math.log(1 - p))


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (square, square_slope),
        (cosh, cosh_slope),
        (huber, huber_slope),
        (lambda p, y: abs(p - y), lambda p, y: (p > y) - (p < y)),
        (lambda p, y: abs(p - y), lambda p, y: 1.0 if p >= y else -1.0),
        (entropy, lambda p, y: (p - y) / (p * (1 - p)) if 0 < p < 1 else math.nan),
        (lambda p, y: abs(p - y) ** 1.5, lambda p, y: 1.5 * abs(p - y) ** 0.5 * (1 if p > y else -1)),
    ],
    ids=["square", "cosh", "huber", "abs", "abs, another subgradient", "entropy", "power"],
)
def test_derivatives_that_are_right_are_taken(function: Any, slope: Any) -> None:
    loss = custom_loss("mine", function, slope)
    entry = loss_entry(loss)
    p, y = np.array([[0.2], [0.7]]), np.array([[0.0], [1.0]])
    by_hand = [function(0.2, 0.0), function(0.7, 1.0)]
    assert entry.value(p, y, function="mine", digest="") == pytest.approx(np.mean(by_hand))
    np.testing.assert_allclose(entry.gradient(p, y)[:, 0], [slope(0.2, 0.0) / 2, slope(0.7, 1.0) / 2])


@pytest.mark.parametrize(
    ("function", "slope", "place"),
    [
        (square, lambda p, y: p - y, "prediction -4, target 2: it is -6, by finite differences -12"),
        (square, lambda p, y: 2 * (y - p), "it is 12, by finite differences -12"),
        (square, lambda p, y: 2 * (p - y) + (0.01 if p > 3.97 else 0.0), "at prediction 4,"),
        (huber, lambda p, y: p - y, "prediction -4, target 2: it is -6, by finite differences -1"),
        (lambda p, y: abs(p - y), lambda p, y: 1.1 if p > y else -1.0, "it is 1.1, by finite differences 1"),
        (square, lambda p, y: math.nan, "it is nan"),
        (entropy, lambda p, y: p - y, "by finite differences"),
    ],
    ids=["half", "sign", "one place", "huber", "abs", "nan", "entropy"],
)
def test_a_derivative_that_is_wrong_is_refused_with_the_place(function: Any, slope: Any, place: str) -> None:
    with pytest.raises(SpecError) as error:
        custom_loss("mine", function, slope)
    assert str(error.value).startswith(
        "custom_loss('mine'): the derivative is not that of the function, by most"
    )
    assert place in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(SpecError, match="no loss is registered by that name"):
        Custom(function="mine")


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        (
            "mse",
            square,
            "custom_loss('mse'): the name must be a Python name of at most 40 letters, and no known",
        ),
        ("my loss", square, "the name must be a Python name"),
        ("mine", 5, "the function is a int; give a function of (prediction, target)."),
        ("mine", lambda p: p, "the function must take two arguments: the prediction and the target."),
        (
            "mine",
            lambda p, y: "x",
            "fails on numbers (it returns a str, not a number) and on tensors (it must",
        ),
        ("mine", lambda p, y: p.nothing, "fails on numbers (AttributeError: 'float' object has no attribute"),
        ("mine", lambda p, y: (p - y) / p.mean(), "each number must depend on its own prediction and target"),
        ("mine", lambda p, y: (p - y).sum(), "it must return a tensor of the shape of its arguments"),
    ],
)
def test_what_is_no_loss_is_refused(name: str, function: Any, message: str) -> None:
    with pytest.raises(SpecError) as error:
        custom_loss(name, function)
    assert message in str(error.value)


def test_a_loss_without_a_value_on_the_grid_is_refused() -> None:
    with pytest.raises(SpecError, match="has no finite value for predictions from -4 to 4"):
        custom_loss("far", lambda p, y: math.nan * p, lambda p, y: 0.5)


def test_the_fingerprint_is_that_of_the_function() -> None:
    first = experiment(custom_loss("mine", square, square_slope))
    again = experiment(custom_loss("mine", square, square_slope))
    other = experiment(custom_loss("mine", lambda p, y: (p - y) ** 4, lambda p, y: 4 * (p - y) ** 3))
    without = experiment(custom_loss("mine", square))
    assert first.fingerprint == again.fingerprint
    assert (
        len({first.fingerprint, other.fingerprint, without.fingerprint, experiment("mse").fingerprint}) == 4
    )
    # The name alone means the one registered last; each trains with the function that it was made from.
    assert Custom(function="mine").digest == without.loss.digest  # type: ignore[union-attr]
    quartic, plain = (FastEngine(dtype="float64").train(each, range(1))[0] for each in (other, first))
    assert quartic.parameters[0, 0] != plain.parameters[0, 0]
    mse = FastEngine(dtype="float64").train(experiment("mse"), range(1))[0]
    np.testing.assert_allclose(plain.parameters, mse.parameters, rtol=1e-12)


POWER = 2.0


def powered(p: Any, y: Any) -> Any:
    return abs(p - y) ** POWER


def test_a_value_that_changes_afterwards_stops_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    made = experiment(custom_loss("powered", powered, lambda p, y: 2 * (p - y)))
    monkeypatch.setitem(powered.__globals__, "POWER", 3.0)
    for engine in (FastEngine(), TorchEngine(), ReferenceEngine()):
        with pytest.raises(SpecError, match="a value that it uses has changed since it was registered"):
            engine.train(made, range(1))
    fourth = custom_loss("powered", powered)
    assert fourth.digest != made.loss.digest  # type: ignore[union-attr]


def test_files_name_it_and_a_stranger_can_read_but_not_train_them() -> None:
    made = experiment(custom_loss("mine", square, square_slope))
    text = experiment_to_toml(made)
    assert experiment_from_toml(text) == made
    short = experiment({"name": "custom", "function": "mine"})
    assert short == made
    assert (
        Change.from_dict("own", {"loss": {"name": "custom", "function": "mine"}}).apply(experiment("l1"))
        == made
    )
    formula._registered.clear()
    unknown = experiment_from_toml(text)
    assert unknown.fingerprint == made.fingerprint
    assert pickle.loads(pickle.dumps(unknown)) == made
    for call in (
        lambda: engine_of("auto", unknown),
        lambda: FastEngine().train(unknown, range(1)),
        lambda: ReferenceEngine().train(unknown, range(1)),
    ):
        with pytest.raises(
            SpecError, match=r"loss = 'mine' \(digest \w{8}…\): is not registered here; register"
        ):
            call()
    with pytest.raises(SpecError, match=r"loss\.function = 'mine': no loss is registered by that name"):
        experiment({"name": "custom", "function": "mine"})
    custom_loss("mine", lambda p, y: abs(p - y))
    with pytest.raises(SpecError, match="another function is registered by that name"):
        FastEngine().train(unknown, range(1))
    with pytest.raises(SpecError, match="must be 64 hexadecimal digits"):
        experiment({"name": "custom", "function": "mine", "digest": "abc"})
    with pytest.raises(SpecError, match=r"loss\.function: this field is required"):
        experiment("custom")


def test_the_store_keeps_it_apart_and_shows_it_to_strangers() -> None:
    with Store.in_memory() as store:
        first = experiment(custom_loss("mine", square, square_slope))
        other = experiment(custom_loss("mine", lambda p, y: (p - y) ** 4, lambda p, y: 4 * (p - y) ** 3))
        runs = [
            train_all([each], range(2), engine="fast", store=store, workers=1)[0] for each in (first, other)
        ]
        assert runs[0].loss[0] != runs[1].loss[0]
        formula._registered.clear()
        assert [each.fingerprint for each in store.summary()] == [first.fingerprint, other.fingerprint]
        again = train_all([first], range(2), engine="fast", store=store, workers=1)[0]
        assert again.loss.tobytes() == runs[0].loss.tobytes()


def test_processes_are_not_asked_for_a_function_of_this_one() -> None:
    own = experiment(custom_loss("mine", square), epochs=2)
    (runs,) = train_all([own], range(9), engine="reference", workers=2)
    assert len(runs.solved) == 9


def test_reports_and_causes_know_it() -> None:
    loss = custom_loss("mine", square, square_slope)
    assert loss_label(loss) == "loss (mine)"
    code = cell_code(experiment(loss), 0)
    assert "return mine(outputs, targets).mean()" in code
    compile(code, "cell", "exec")
    y = np.array([[0.0], [1.0], [1.0]])
    assert best_constant_loss(loss, y) == pytest.approx(2 / 9)
    assert custom_entry(loss.function, loss.digest).on_numbers
