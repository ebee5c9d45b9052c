"""A fully connected network: widths, biases and activations, each for the whole network or layer by layer."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TypeVar, cast

import msgspec

from trainlab.errors import SpecError
from trainlab.maths import ACTIVATIONS
from trainlab.spec.checks import check_choice, shown
from trainlab.spec.fields import settle

MAX_WIDTH = 4096
T = TypeVar("T", bool, str)


class Network(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Widths from inputs to outputs, with what stands in each layer.

    `bias` and `activation` hold for every layer, or list one value per layer. `output_bias` and
    `output_activation` set the last layer apart; left out, it is like the others.
    """

    widths: tuple[int, ...]
    bias: bool | tuple[bool, ...] = True
    output_bias: bool | None = None
    activation: str | tuple[str, ...] = "tanh"
    output_activation: str | None = None

    def __post_init__(self) -> None:
        settle(self)
        if len(self.widths) < 2:
            raise SpecError(
                f"widths = {shown(self.widths)}: at least an input and an output width are needed, "
                f"as in '2-5-4-1'."
            )
        for width in self.widths:
            if not 1 <= width <= MAX_WIDTH:
                raise SpecError(
                    f"widths = {shown(self.widths)}: every width must be from 1 to {MAX_WIDTH:,}, "
                    f"not {shown(width)}."
                )
        _check_per_layer("bias", self.bias, self.output_bias, self.layers)
        _check_per_layer("activation", self.activation, self.output_activation, self.layers)
        for name in self.activations:
            check_choice("activation", name, ACTIVATIONS)

    @property
    def layers(self) -> int:
        """The number of linear layers."""
        return len(self.widths) - 1

    @property
    def biases(self) -> tuple[bool, ...]:
        """Whether each layer has a bias."""
        return _per_layer(self.bias, self.output_bias, self.layers)

    @property
    def activations(self) -> tuple[str, ...]:
        """The activation after each layer."""
        return _per_layer(self.activation, self.output_activation, self.layers)

    @property
    def parameters(self) -> int:
        """The number of trainable parameters."""
        return sum(
            fan_in * fan_out + (fan_out if bias else 0)
            for (fan_in, fan_out), bias in zip(pairwise(self.widths), self.biases, strict=True)
        )

    @property
    def label(self) -> str:
        """The widths as they are written: ``2-5-4-1``."""
        return "-".join(str(width) for width in self.widths)


def parse_widths(text: str) -> tuple[int, ...]:
    """Return ``(2, 5, 4, 1)`` for ``"2-5-4-1"``."""
    words = text.strip()
    if not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})+", words):
        raise SpecError(
            f"widths = {shown(text)}: must be whole numbers joined by '-', from inputs to outputs, "
            f"as in '2-5-4-1'."
        )
    return tuple(int(word) for word in words.split("-"))


def _per_layer(value: T | tuple[T, ...], last: T | None, layers: int) -> tuple[T, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) * (layers - 1) + (value if last is None else last,)


def _check_per_layer(field: str, value: object, last: object, layers: int) -> None:
    if not isinstance(value, tuple):
        return
    count = len(cast("tuple[object, ...]", value))
    if count != layers:
        raise SpecError(
            f"{field} lists {count} values, but the network has {layers} layers: "
            f"list one per layer, or give one for all."
        )
    if last is not None:
        raise SpecError(
            f"output_{field} = {last!r} contradicts {field}, which already lists every layer: "
            f"drop one of the two."
        )
