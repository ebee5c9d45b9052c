# pyright: basic
"""What is kept of a network to ask it again at the end: batches, with how its answers become a loss."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.probe.loss_terms import Total
from trainlab.diagnosis.probe.next_tokens import TokenTargets
from trainlab.diagnosis.probe.output_path import Node


@dataclass(slots=True, eq=False)
class Kept:
    """A batch: what the network was given, and how its answers were compared with what."""

    given: tuple[Any, ...]
    named: dict[str, Any]
    answer: Node
    loss: Node
    target: torch.Tensor
    shape: tuple[int, ...]
    """The shape of the answers as the loss is given them."""
    rows: int
    size: int
    hashes: list[int]
    said: torch.Tensor | None = None
    """What the network answered at the time, for the batch that a copy is checked by."""


@dataclass(slots=True, eq=False)
class Pair:
    """Answers that met targets in the pass that is under way; `loss` once the loss's value is there."""

    index: int
    answer: Node
    target: torch.Tensor
    met: Node
    said: torch.Tensor
    loss: Node | None


@dataclass(slots=True, eq=False)
class Network:
    """One network: a copy that shares its numbers, to ask if it is gone by the end, and how it began."""

    name: str
    module: weakref.ref[nn.Module]
    copy: nn.Module
    tensors: list[torch.Tensor]
    start: list[torch.Tensor]
    random: tuple[Any, Any, Any, list[Any]]
    kept: dict[int, list[Kept]] = field(default_factory=dict[int, "list[Kept]"])
    """By the place of the loss in `record.losses`."""
    keys: set[int] = field(default_factory=set[int])
    offered: int = 0
    tries: int = 0
    first: tuple[int, Kept] | None = None
    sample: tuple[tuple[Any, ...], dict[str, Any]] | None = None
    total: Total | None = None
    targets: TokenTargets = field(default_factory=TokenTargets)
