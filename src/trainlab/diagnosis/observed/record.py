"""What the probe saw of a training: plain numbers and words, no tensors. The rules read nothing else.

A *tick* is the number of optimizer steps taken so far (of backward passes, where no optimizer is used).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

from trainlab.diagnosis.observed.answers import ModelAsked
from trainlab.diagnosis.observed.data import DataRecord, LoaderRecord
from trainlab.diagnosis.observed.dependence import Dependence
from trainlab.diagnosis.observed.events import Event
from trainlab.diagnosis.observed.losses import LossCurve, LossRecord, LossTerms
from trainlab.diagnosis.observed.parts import Judged, Part
from trainlab.diagnosis.observed.site import Site

E = TypeVar("E", bound=Event)
Shape = tuple[int, ...]
Setting = bool | float | str | tuple[float, ...] | None
"""A setting of an optimizer or a scheduler; a tensor on a device is the word "tensor"."""


@dataclass(slots=True)
class Op:
    """One call of a torch function in a step that was looked at closely.

    `loss` and `activation` are the places of what it is part of in `record.losses` and `record.activations`;
    `broadcast` has the shapes of output, target and their differences, where these are unlike. `scalar` is
    the number that it multiplies by, `dropout` its probability. `adds_constant_derivative` says that it adds
    a derivative without a graph, made at `derivative_site`. `total` is the sum of what came out, `nearest`
    how near to zero what went in came, of functions that are infinite there, or whose derivative is.
    """

    name: str
    module: str
    site: Site | None
    tick: int
    shapes: tuple[Shape, ...] = ()
    out: Shape = ()
    dtype: str = ""
    loss: int | None = None
    activation: int | None = None
    broadcast: tuple[Shape, Shape, Shape] | None = None
    scalar: float | None = None
    dropout: float = 0.0
    adds_constant_derivative: bool = False
    derivative_site: Site | None = None
    total: float = 0.0
    nearest: float = math.inf

    @property
    def place(self) -> str:
        """The module path and the line, as far as they are known."""
        known = [part for part in (self.module, str(self.site) if self.site else "") if part]
        return " at ".join(known) or self.name


@dataclass(slots=True)
class Node:
    """A node of an autograd graph: ``Addmm``, ``Relu``…; `inputs` are places in the graph's list of nodes.

    `is_users` if its derivative is one that the user wrote.
    """

    kind: str
    inputs: list[int] = field(default_factory=list[int])
    param: int | None = None
    op: Op | None = None
    is_users: bool = False


MANY_PASSES = 4
"""A step with so many forward passes to a backward one is a game or a sequence, which may be cut off."""


@dataclass(slots=True)
class Graph:
    """What one backward pass went through; node 0 is the loss."""

    tick: int
    site: Site | None
    nodes: list[Node]
    complete: bool = True
    training: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstValues:
    """Numbers of a parameter before its first step.

    `zeros` is the share of elements that are 0; `equal_rows` and `equal_columns` are the shares that equal
    the first one. `largest` is the greatest |value|; `largest_quarter` and `largest_third` are the greatest
    |mean| of a bias's 4 or 3 parts, the gates of an LSTM or a GRU. The last three say how a table's columns
    differ, in units of what those of independent normal numbers would.
    """

    mean: float = 0.0
    std: float = 0.0
    largest: float = 0.0
    zeros: float = 0.0
    equal_rows: float = 0.0
    equal_columns: float = 0.0
    mean_abs: float = 0.0
    largest_quarter: float = 0.0
    largest_third: float = 0.0
    column_mean_z: float = 0.0
    column_std_z: float = 0.0
    column_correlation: float = 0.0


@dataclass(slots=True)
class ParamRecord:
    """A parameter: its first values; its gradient, size and update at the ticks looked at.

    Of the `graphs` read since it was met it was `reached` in some, of losses on the lines `reached_from`.
    `start` is None before it is `looked_at`, and of a tensor that is too large, or has no floats. It is
    `replaced` if its module has another tensor in its place in a step that finds no gradient of it.
    """

    key: int
    name: str
    module_kind: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    requires_grad: bool = True
    registered: bool = True
    owner: int | None = None
    loaded: bool = False
    optimizers: set[int] = field(default_factory=set[int])
    reached: int = 0
    reached_from: set[Site | None] = field(default_factory=set[Site | None])
    graphs: int = 0
    with_grad: int = 0
    without_grad: int = 0
    depth: int = 0
    looked_at: bool = False
    start: FirstValues | None = None
    mean_abs_later: float | None = None
    equal_rows_later: float | None = None
    equal_columns_later: float | None = None
    moved: bool | None = None
    replaced: bool = False
    ticks: list[int] = field(default_factory=list[int])
    grad_rms: list[float] = field(default_factory=list[float])
    grad_zeros: list[float] = field(default_factory=list[float])
    weight_rms: list[float] = field(default_factory=list[float])
    update: list[float] = field(default_factory=list[float])

    @property
    def is_of_one_step(self) -> bool:
        """Whether it is no parameter, but made anew in each step: an input that a derivative is taken by."""
        return not self.registered and not self.optimizers and self.reached < 3

    @property
    def size(self) -> int:
        """The number of elements."""
        total = 1
        for extent in self.shape:
            total *= extent
        return total


@dataclass(slots=True)
class OptimizerRecord:
    """An optimizer: settings, its learning rate over time, how its gradients were cleared.

    Of `looked_back` steps `cleared_early` came after `zero_grad` had cleared all gradients; before
    `steps_after_lost` others it had cleared those of `lost_passes`, which the line that calls backward for
    the step had made. Before `clips_in_vain` of all `clips` no backward pass had come since the last step.
    """

    index: int
    kind: str
    site: Site | None
    params: list[int]
    settings: dict[str, Setting]
    steps: int = 0
    led: int = 0
    checked: int = 0
    stale: int = 0
    empty: int = 0
    uses_closure: bool = False
    first_tick: int = 0
    last_tick: int = 0
    step_site: Site | None = None
    lr: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    looked_back: int = 0
    cleared_early: int = 0
    steps_after_lost: int = 0
    lost_passes: int = 0
    clear_site: Site | None = None
    clips: int = 0
    clips_in_vain: int = 0
    clip_site: Site | None = None


@dataclass(slots=True)
class SchedulerRecord:
    """A learning-rate scheduler, and when it was stepped.

    `made` is the line that makes it, `factor` by what it multiplies its optimizer's rate from the start.
    """

    kind: str
    optimizer: int | None
    site: Site | None
    steps: int = 0
    early: int = 0
    last_tick: int = 0
    settings: dict[str, Setting] = field(default_factory=dict[str, Setting])
    made: Site | None = None
    factor: float | None = None


@dataclass(slots=True)
class NetworkRecord:
    """A module called from the user's own code, not from inside another one.

    Of one that only answers, beside a network that learns: `began_as_twin` says whether it began with that
    one's weights, `rows_of_twin` and `rows_of_its_own` count steps in which both were given the same rows or
    others, and `never_changed` is None where its weights couldn't be compared at the end.
    `tokens_learnt` and `tokens_judged` are the lengths of the last sequences of tokens that it learnt from
    and was judged on; `continued` counts those that were judged and one longer than the one before, or one
    token alone.
    """

    name: str
    kind: str
    parameters: int = 0
    trainable: int = 0
    params: list[int] = field(default_factory=list[int])
    noisy: list[str] = field(default_factory=list[str])
    noisy_kinds: list[str] = field(default_factory=list[str])
    train_calls: int = 0
    eval_calls: int = 0
    learn_in_train: int = 0
    learn_in_eval: int = 0
    judge_in_train: int = 0
    judge_in_eval: int = 0
    judge_ticks: int = 0
    last_judge_tick: int = -1
    last_eval: Site | None = None
    eval_ever: bool = False
    eval_called_tick: int | None = None
    learn_since_eval: int = 0
    judge_site: Site | None = None
    eval_site: Site | None = None
    noisy_in_eval: list[str] = field(default_factory=list[str])
    dtype: str = "float32"
    first_tick: int = 0
    last_tick: int = 0
    began_as_twin: bool = False
    rows_of_twin: int = 0
    rows_of_its_own: int = 0
    never_changed: bool | None = None
    tokens_learnt: int = 0
    tokens_judged: int = 0
    continued: int = 0


@dataclass(slots=True)
class ActivationRecord:
    """A non-linear function at one place of the network: share of silent or saturated units over time."""

    kind: str
    place: str
    module: str
    site: Site | None
    feeder: str
    units: int
    ticks: list[int] = field(default_factory=list[int])
    silent: list[float] = field(default_factory=list[float])
    window_silent: list[float] = field(default_factory=list[float])
    saturated: list[float] = field(default_factory=list[float])
    before: list[float] = field(default_factory=list[float])
    training: int = 0


@dataclass(slots=True)
class TrainingRecord:
    """All that the probe saw; `parts` has what tells its trainings apart, where there are several."""

    tick: int = 0
    backwards: int = 0
    seconds: float = 0.0
    ended: str = "end of the script"
    params: dict[int, ParamRecord] = field(default_factory=dict[int, ParamRecord])
    optimizers: list[OptimizerRecord] = field(default_factory=list[OptimizerRecord])
    schedulers: list[SchedulerRecord] = field(default_factory=list[SchedulerRecord])
    networks: list[NetworkRecord] = field(default_factory=list[NetworkRecord])
    loss_curves: list[LossCurve] = field(default_factory=list[LossCurve])
    losses: list[LossRecord] = field(default_factory=list[LossRecord])
    activations: list[ActivationRecord] = field(default_factory=list[ActivationRecord])
    graphs: list[Graph] = field(default_factory=list[Graph])
    graph_sizes: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    retained_ticks: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    loaders: list[LoaderRecord] = field(default_factory=list[LoaderRecord])
    data: DataRecord = field(default_factory=DataRecord)
    events: list[Event] = field(default_factory=list[Event])
    clips: list[tuple[int, float, float]] = field(default_factory=list[tuple[int, float, float]])
    judged_accuracy: list[Judged] = field(default_factory=list[Judged])
    asked: list[ModelAsked] = field(default_factory=list[ModelAsked])
    dependences: list[Dependence] = field(default_factory=list[Dependence])
    terms: list[LossTerms] = field(default_factory=list[LossTerms])
    not_asked: dict[str, str] = field(default_factory=dict[str, str])
    uses_scaler: bool = False
    restored: bool = False
    torch_imported: bool = True
    compiled_calls: int = 0
    other_threads: int = 0
    other_processes: float = 0.0
    other_frameworks: list[str] = field(default_factory=list[str])
    troubles: list[str] = field(default_factory=list[str])
    parts: dict[int, Part] = field(default_factory=dict[int, Part])

    def events_of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind, in the order they were first seen."""
        return [event for event in self.events if isinstance(event, kind)]
