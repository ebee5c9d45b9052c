"""What the probe leaves as it was: state, memory, and the frames that users see."""

from __future__ import annotations

import functools
import gc
import sys
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

import trainlab
from trainlab.diagnosis.lift.recorder import Recorder
from trainlab.diagnosis.probe import losses
from trainlab.diagnosis.probe.dependence import _seed  # pyright: ignore[reportPrivateUsage]
from trainlab.diagnosis.probe.probe import Probe

# The probe leaves PyTorch, and the user's memory, as it found them.


DEPTH = torch._C._len_torch_function_stack  # pyright: ignore


@pytest.fixture
def probe() -> Iterator[Probe]:
    """Return a probe that listens, and asks nothing at the end."""
    torch.manual_seed(0)
    made = Probe(asking=False)
    made.start()
    yield made
    if made.state.on:
        made.stop()


def train(steps: int = 60) -> None:
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(8, 3)
    for _ in range(steps):
        optimizer.zero_grad()
        F.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()


def test_state_is_taken_and_loaded_where_the_network_is_given_by_name(probe: Probe):
    """As `torch.distributed.checkpoint` gives it."""
    model = nn.Linear(2, 2)
    state = functools.partial(nn.Linear.state_dict, self=model)()
    assert list(state) == ["weight", "bias"]
    nn.Linear.load_state_dict(self=model, state_dict={name: one + 1 for name, one in state.items()})
    assert {param.loaded for param in probe.stop().params.values()} == {True}


def test_optimizers_of_compiled_trainings_are_freed(probe: Probe):
    optimizers: list[weakref.ref[torch.optim.Optimizer]] = []
    for _ in range(3):
        model = nn.Linear(4, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizers.append(weakref.ref(optimizer))
        probe.steps.before_compiled()
        probe.steps.after_compiled()
    del model, optimizer
    gc.collect()
    assert [one() for one in optimizers] == [None] * 3


def test_calls_that_no_backward_pass_follows_are_forgotten(probe: Probe, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(losses, "MAX_SUMS", 100)
    model = nn.Linear(4, 1)
    for _ in range(300):
        model(torch.randn(8, 4)).mean()
    assert 100 <= len(probe.backward.losses.sums) <= 200


def test_a_recording_that_was_given_up_keeps_no_tensors(probe: Probe):
    recorder = Recorder(probe, light=True)
    recorder.root = nn.Conv2d(1, 1, 1)
    recorder.inputs, recorder.ops = torch.ones(1), []
    recorder.refuse("it has a convolution")
    assert (recorder.root, recorder.inputs, recorder.ops, recorder.batch) == (None, None, None, (None, None))


@pytest.mark.trains
def test_a_default_device_is_no_mode_to_stay_away_from():
    for before in (True, False):
        probe = Probe(asking=False)
        try:
            if before:
                torch.set_default_device("cpu")
            probe.start()
            torch.set_default_device("cpu")
            train()
            assert not probe.listener.active
            with torch.device("cpu"):
                train()
            train()
            assert not probe.listener.active
            record = probe.stop()
            assert DEPTH() == 1
        finally:
            torch.set_default_device(None)
        assert DEPTH() == 0
        assert len(record.losses) == 2
        assert not record.troubles


def test_it_is_told_where_nothing_can_be_heard():
    probe = Probe(asking=False)
    with torch.device("cpu"):
        probe.start()
        train()
        record = probe.stop()
        assert DEPTH() == 1
    (told,) = record.troubles
    assert "losses and activations weren't seen" in told


def test_the_seed_of_a_device_that_isnt_there_yet_is_the_users(monkeypatch: pytest.MonkeyPatch):
    """PyTorch keeps seeds until a device is there: the last one given would be the probe's."""
    given: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", given.append)
    before = torch.get_rng_state()
    _seed(1)
    one = torch.rand(3)
    _seed(1)
    assert torch.equal(one, torch.rand(3))
    torch.set_rng_state(before)
    assert given == []


def test_a_network_is_checked_with_the_random_state_of_its_device(monkeypatch: pytest.MonkeyPatch):
    """Else no copy of one with dropout would answer alike."""
    states, put = iter(range(1, 99)), list[list[int]]()
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: [next(states)])
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", put.append)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: None)  # pyright: ignore
    probe = Probe()
    probe.start()
    train()
    assert len(probe.stop().asked) == 1
    assert put[:2] == [[1], [2]]  # as the network began, and as the training has left it


class _Stored(Dataset[float]):
    def __init__(self) -> None:
        self.values = np.ones((8, 2), dtype=">f4")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, place: int) -> float:
        return float(self.values[place].sum())


def test_numbers_in_another_order_of_bytes_are_no_trouble(probe: Probe):
    assert len(list(DataLoader(_Stored(), batch_size=4))) == 2
    assert not probe.stop().troubles


# Under the probe, warnings name the user's line, and tracebacks hold none of the probe's frames.


HERE = Path(__file__).name


class Mismatched(nn.Module):
    """Fails in its second layer."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(5, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(torch.relu(self.a(x)))


class Square(torch.autograd.Function):
    """Fails in its backward pass."""

    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        return x * x

    @staticmethod
    def backward(ctx: object, *gradients: torch.Tensor) -> torch.Tensor:
        raise ValueError("in my backward")


def broadcast() -> None:
    nn.functional.mse_loss(torch.zeros(8, 1, requires_grad=True), torch.ones(8))


def no_dim() -> None:
    nn.functional.softmax(torch.zeros(2, 3))


def scheduler_first() -> None:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1).step()


def deprecated() -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=2)


def warned(act: Callable[[], None]) -> tuple[str, int, str]:
    """Return where the only warning is said to come from, and its words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    (one,) = caught
    return Path(one.filename).name, one.lineno, str(one.message)


@pytest.mark.parametrize("act", [broadcast, no_dim, scheduler_first, deprecated])
def test_a_warning_names_the_same_line_as_without(act: Callable[[], None]):
    plain = warned(act)
    with trainlab.watch():
        assert warned(act) == plain
    # Of a scheduler's, PyTorch 2.6 names its own file.
    assert plain[0] in (HERE, "lr_scheduler.py")
    assert warned(act) == plain


def test_python_shows_the_warning_once_for_each_line_of_the_users():
    with warnings.catch_warnings(record=True) as caught, trainlab.watch():
        warnings.simplefilter("default")
        for _ in range(3):
            nn.functional.softmax(torch.zeros(2, 3))
        nn.functional.softmax(torch.zeros(2, 3))
    assert len(caught) == 2


@pytest.mark.parametrize("stacklevel", [1, 2, 3])
@pytest.mark.parametrize("prefix", [torch.__file__, __file__.removesuffix(".py")])
def test_prefixes_that_a_library_skips_are_skipped(prefix: str, stacklevel: int):
    skipping: dict[str, tuple[str, ...]] = {"skip_file_prefixes": (prefix,)}

    def act() -> None:
        warnings.warn("here", UserWarning, stacklevel=stacklevel, **skipping)

    def happened() -> object:
        try:
            return warned(act)
        except TypeError:  # Python 3.11 has no prefixes, and says so
            return TypeError

    plain = happened()
    with trainlab.watch():
        assert happened() == plain
    assert (plain is TypeError) == (sys.version_info < (3, 12))


def test_a_warning_of_compiled_code_is_shown_with_the_users_line(capsys: pytest.CaptureFixture[str]):
    from trainlab.diagnosis.probe import frames, listener

    shown: list[tuple[str, int]] = []

    def show(message: object, category: object, file: str, line: int, *_: object) -> None:
        shown.append((Path(file).name, line))

    wrapped = frames.showwarning_instead_of(show)
    frame = traceback.extract_stack(limit=1)[-1]
    code = compile("\n\nact()", listener.__file__, "exec")
    exec(code, {"act": lambda: wrapped("w", UserWarning, listener.__file__, 3)})
    assert shown == [(HERE, (frame.lineno or 0) + 2)]
    wrapped("w", UserWarning, "elsewhere.py", 7)
    assert shown[-1] == ("elsewhere.py", 7)


def names(error: BaseException) -> list[str]:
    return [Path(each.filename).name for each in traceback.extract_tb(error.__traceback__)]


def test_a_traceback_out_of_a_block_has_no_frame_of_ours():
    with pytest.raises(RuntimeError, match="shapes") as raised, trainlab.watch():
        Mismatched()(torch.zeros(2, 3))
    found = [each.filename for each in traceback.extract_tb(raised.value.__traceback__)]
    assert not [name for name in found if "trainlab" in name and "diagnosis/probe" in name]
    assert names(raised.value).count(HERE) == 2
    assert "overrides.py" not in names(raised.value)


def test_nor_have_those_that_it_came_from():
    def train() -> None:
        loss = Square.apply(nn.Linear(2, 1)(torch.zeros(2, 2))).mean()
        try:
            loss.backward()
        except ValueError as error:
            raise RuntimeError("training failed") from error

    with pytest.raises(RuntimeError) as raised, trainlab.watch():
        train()
    cause = raised.value.__cause__
    assert isinstance(cause, ValueError)
    found = [each.filename for each in traceback.extract_tb(cause.__traceback__)]
    assert [found[0], found[-1]] == [__file__, __file__]
    assert not [name for name in found if "diagnosis/probe" in name or "overrides.py" in name]


def test_nor_have_the_members_of_a_group():
    with pytest.raises(RuntimeError) as raised, trainlab.watch():
        Mismatched()(torch.zeros(2, 3))
    from trainlab.diagnosis.probe import frames

    group = BaseExceptionGroup("several", [raised.value, ValueError("bare")])
    frames.forget_own_frames(group)
    assert names(raised.value).count(HERE) == 2


def test_an_error_of_ours_alone_keeps_its_frames():
    from trainlab.diagnosis.probe import frames

    error = ValueError("bare")
    frames.forget_own_frames(error)
    assert error.__traceback__ is None


# What is in memory beside a training, and which of it is the training's own data.


CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def trained_on(rows: torch.Tensor, target: torch.Tensor, *shown: torch.Tensor, **options: Any) -> list[str]:
    def training() -> None:
        net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
        optimizer = torch.optim.Adam(net.parameters(), lr=3e-2)
        for _ in range(150):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(rows), target).backward()
            optimizer.step()
        with torch.no_grad():
            for other in shown:
                net(other)

    return faults(diagnosed(training, **options))


@pytest.mark.trains
@pytest.mark.parametrize(
    "other",
    [
        torch.cartesian_prod(torch.linspace(0, 1, 9), torch.linspace(0, 1, 9)),
        torch.cat([CORNERS, torch.rand(20, 2)]),
    ],
    ids=["a map of the plane", "other data with the same corners"],
)
def test_what_else_is_in_memory_is_no_data_of_this_training(other: torch.Tensor) -> None:
    target = (CORNERS.sum(1, keepdim=True) == 1).float()
    assert len(other) > 20
    assert trained_on(CORNERS.clone(), target) == []


@pytest.mark.trains
def test_a_fine_map_that_is_shown_at_the_end_is_no_data_left_out() -> None:
    side = torch.linspace(0, 1, 101)
    target = (CORNERS.sum(1, keepdim=True) == 1).float()
    grid = torch.cartesian_prod(side, side)
    # The process is the script's own, as where the command runs it.
    assert "repeated_batch" not in trained_on(CORNERS.clone(), target, grid, whole_process=True)


def test_the_rest_of_the_data_is_found_in_memory() -> None:
    torch.manual_seed(0)
    rows = torch.rand(200, 2)
    target = (rows.sum(1, keepdim=True) > 1).float()
    assert "repeated_batch" in trained_on(rows[:8], target[:8])
