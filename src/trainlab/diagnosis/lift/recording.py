"""What was recorded of a training, as plain data that goes from the script's process to ours."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


class Refused(Exception):  # noqa: N818 - no error: a reason
    """Why a training can't be lifted, to go on after "because"."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A linear layer, its parameters by name, and the activation after it."""

    weight: str
    bias: str | None
    fan_in: int
    fan_out: int
    activation: str = "linear"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unused:
    """A linear layer that the network has and never calls, declared after so many of those that it does."""

    name: str
    fan_in: int
    fan_out: int
    bias: bool
    after: int


@dataclass(slots=True)
class Recording:
    """A training, or why it can't be lifted.

    ``inputs [rows, features]`` and ``targets [rows, outputs]`` (classes ``[rows, 1]``) hold every different
    row once, ``keys [rows]`` their fingerprints; ``batches`` the rows of each step, one after the other, of
    ``sizes [steps]``; ``losses`` what backward was called on. `first` are the weights before the first step
    by name, `draws` how they were drawn. `unused` layers are only allowed where that was asked for.
    """

    refused: str = ""
    network: str = ""
    layers: list[Layer] = field(default_factory=list[Layer])
    last_activation: str = "linear"
    loss: str = ""
    loss_settings: dict[str, Any] = field(default_factory=dict[str, Any])
    optimizer: str = ""
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    draws: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    unused: list[Unused] = field(default_factory=list[Unused])
    steps: int = 0
    losses: list[float] = field(default_factory=list[float])
    classes: bool = False
    judges_other_rows: bool = False
    inputs: Array = field(default_factory=lambda: np.empty((0, 0)))
    targets: Array = field(default_factory=lambda: np.empty((0, 0)))
    keys: list[str] = field(default_factory=list[str])
    batches: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    sizes: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    first: dict[str, Array] = field(default_factory=dict[str, Array])

    @property
    def each(self) -> list[Ints]:
        """The rows of each recorded step."""
        return np.split(self.batches, np.cumsum(self.sizes)[:-1]) if len(self.sizes) else []


_ARRAYS = ("inputs", "targets", "batches", "sizes")


def write(recording: Recording, path: str) -> None:
    """Write a recording to a file."""
    facts = {name: value for name, value in asdict(recording).items() if name not in (*_ARRAYS, "first")}
    arrays = {name: getattr(recording, name) for name in _ARRAYS}
    first = {f"first {name}": value for name, value in recording.first.items()}
    with open(path, "wb") as file:
        everything: dict[str, Any] = {"facts": np.array(json.dumps(facts, default=str)), **arrays, **first}
        np.savez(file, **everything)


def read(path: str) -> Recording:
    """Read a recording."""
    with np.load(path, allow_pickle=False) as file:
        facts: dict[str, Any] = json.loads(str(file["facts"]))
        facts["layers"] = [Layer(**layer) for layer in facts["layers"]]
        facts["unused"] = [Unused(**layer) for layer in facts["unused"]]
        facts["losses"] = [float(value) for value in facts["losses"]]
        first = {name.removeprefix("first "): file[name] for name in file.files if name.startswith("first ")}
        return Recording(**facts, **{name: file[name] for name in _ARRAYS}, first=first)
