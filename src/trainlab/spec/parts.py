"""The parts of an experiment beside its network: init, optimizer, sampling, what is solved, what is recorded.

Field names and defaults are PyTorch's where PyTorch has them.
"""

from __future__ import annotations

import msgspec

from trainlab.errors import SpecError
from trainlab.spec.checks import MAX_COUNT, check_number, shown
from trainlab.spec.fields import settle


class Normal(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="normal"
):
    """N(mean, std²), as ``torch.nn.init.normal_``."""

    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        settle(self)
        check_number("mean", self.mean)
        check_number("std", self.std, at_least=0)


class Uniform(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="uniform"
):
    """U(a, b), as ``torch.nn.init.uniform_``."""

    a: float = 0.0
    b: float = 1.0

    def __post_init__(self) -> None:
        settle(self)
        check_number("a", self.a)
        check_number("b", self.b)
        if self.a > self.b:
            raise SpecError(
                f"a = {shown(self.a)}, b = {shown(self.b)}: "
                "the lower bound a must not exceed the upper bound b."
            )


class Constant(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="constant"
):
    """The same value everywhere, as ``torch.nn.init.constant_``."""

    val: float = 0.0

    def __post_init__(self) -> None:
        settle(self)
        check_number("val", self.val)


class Default(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="default"
):
    """PyTorch's default for Linear: U(±1/√fan_in)."""


InitScheme = Normal | Uniform | Constant | Default


class Init(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where weights and biases start."""

    weight: InitScheme = Default()
    bias: InitScheme = Default()

    def __post_init__(self) -> None:
        settle(self)


class SGD(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="sgd"):
    """Stochastic gradient descent, as ``torch.optim.SGD``."""

    lr: float = 1e-3
    momentum: float = 0.0

    def __post_init__(self) -> None:
        settle(self)
        check_number("lr", self.lr, at_least=0)
        check_number("momentum", self.momentum, at_least=0)


class Adam(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="adam"
):
    """Adam, as ``torch.optim.Adam``."""

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def __post_init__(self) -> None:
        settle(self)
        check_number("lr", self.lr, at_least=0)
        for beta in self.betas:
            check_number("betas", beta, at_least=0, below=1)
        check_number("eps", self.eps, above=0)


Optimizer = SGD | Adam


class Full(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="full"
):
    """Every step sees the whole data set; an epoch is one step."""


class Single(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="name", tag="single"
):
    """Every step sees one example, drawn at random with replacement.

    An epoch has `steps_per_epoch` steps; left out, as many as there are examples.
    """

    steps_per_epoch: int | None = None

    def __post_init__(self) -> None:
        settle(self)
        if self.steps_per_epoch is not None:
            check_number("steps_per_epoch", self.steps_per_epoch, at_least=1, at_most=MAX_COUNT)


Sampling = Full | Single


class Solved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run counts as solved when every |prediction − target| is below `within`."""

    within: float = 0.1

    def __post_init__(self) -> None:
        settle(self)
        check_number("within", self.within, above=0)


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often, in epochs, to record loss, gradients by layer and whether the run is solved; 0 is never."""

    loss_every: int = 50
    gradient_every: int = 100
    solved_every: int = 10

    def __post_init__(self) -> None:
        settle(self)
        check_number("loss_every", self.loss_every, at_least=0, at_most=MAX_COUNT)
        check_number("gradient_every", self.gradient_every, at_least=0, at_most=MAX_COUNT)
        check_number("solved_every", self.solved_every, at_least=0, at_most=MAX_COUNT)
