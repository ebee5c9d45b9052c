"""Under the probe, warnings name the user's line, and tracebacks hold none of the probe's frames."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import trainlab

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
    assert plain[0] == HERE
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
    from trainlab.diagnosis.probe import listener, own_frames

    shown: list[tuple[str, int]] = []

    def show(message: object, category: object, file: str, line: int, *_: object) -> None:
        shown.append((Path(file).name, line))

    wrapped = own_frames.wrap_showwarning(show)
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
    from trainlab.diagnosis.probe import own_frames

    group = BaseExceptionGroup("several", [raised.value, ValueError("bare")])
    own_frames.forget_own_frames(group)
    assert names(raised.value).count(HERE) == 2


def test_an_error_of_ours_alone_keeps_its_frames():
    from trainlab.diagnosis.probe import own_frames

    error = ValueError("bare")
    own_frames.forget_own_frames(error)
    assert error.__traceback__ is None
