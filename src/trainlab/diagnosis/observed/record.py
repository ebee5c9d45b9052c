"""What the probe saw of a training: plain numbers and words, no tensors. The rules read nothing else.

A *tick* is the number of optimizer steps taken so far (of backward passes, where no optimizer is used)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeVar

from trainlab.diagnosis.observed.answers import Dependence, ModelAsked
from trainlab.diagnosis.observed.data import DataRecord, LoaderRecord
from trainlab.diagnosis.observed.events import Event
from trainlab.diagnosis.observed.losses import LossCurve, LossRecord, LossTerms
from trainlab.diagnosis.place import Site

# What tells the trainings of one script apart: steps, data, and what has no place of its own.

MAX_RUNS = 5_000
Judged = tuple[int, float, int, bool]
"""An evaluation: its tick, the share of right answers, of how many, and whether classes differ among them."""


@dataclass(slots=True)
class Steps:
    """The ticks at which a training took its steps, as runs: first tick, how far apart, how many.

    Two trainings that take turns have a run each. Of steps in no order there may be too many runs to keep:
    then they aren't `known`.
    """

    runs: list[list[int]] = field(default_factory=list[list[int]])
    count: int = 0
    known: bool = True
    last: int = -1

    def add(self, tick: int) -> None:
        """Enter a step."""
        self.count += 1
        self.last = tick
        if self.runs:
            run = self.runs[-1]
            first, apart, count = run
            if count == 1:
                run[1], run[2] = tick - first, 2
                return
            if tick == first + apart * count:
                run[2] += 1
                return
        if len(self.runs) >= MAX_RUNS:
            self.known = False
            return
        self.runs.append([tick, 1, 1])

    def join(self, other: Steps) -> None:
        """Take over the steps of another one."""
        self.runs = sorted(self.runs + other.runs)
        self.count += other.count
        self.last = max(self.last, other.last)
        self.known = self.known and other.known and len(self.runs) <= MAX_RUNS

    def before(self, tick: int) -> int:
        """Return how many steps were taken before a tick."""
        total = 0
        for first, apart, count in self.runs:
            if tick > first:
                total += min(count, -(-(tick - first) // max(1, apart)))
        return total

    @property
    def first(self) -> int:
        """The tick of the first step."""
        return self.runs[0][0] if self.runs else 0


@dataclass(slots=True)
class Part:
    """One training of a script; its number is that of what belongs to it in the record's lists.

    `graph_passes` has, for each graph read, how many forward passes came before its backward pass.
    """

    steps: Steps = field(default_factory=Steps)
    params: set[int] = field(default_factory=set[int])
    backwards: int = 0
    seconds: float = 0.0
    data: DataRecord = field(default_factory=DataRecord)
    graph_passes: list[int] = field(default_factory=list[int])
    clips: list[tuple[int, float, float]] = field(default_factory=list[tuple[int, float, float]])
    judged_accuracy: list[Judged] = field(default_factory=list[Judged])


E = TypeVar("E", bound=Event)
Shape = tuple[int, ...]
Setting = bool | float | str | tuple[float, ...] | None
"""A setting of an optimizer or a scheduler; a tensor on a device is the word "tensor"."""


@dataclass(slots=True)
class Op:
    """One call of a torch function in a step that was looked at closely.

    `loss` and `activation` are the places of what it is part of in `record.losses` and `record.activations`;
    `broadcast` has the shapes of output, target and their differences, where these are unlike. `scalar` is
    the number that it multiplies by, or a power's exponent, `dropout` its probability.
    `adds_constant_derivative` says that it adds a derivative without a graph, made at `derivative_site`.
    `total` is the sum of what came out, `nearest` how near to zero what went in came, of functions that are
    infinite there, or whose derivative is. Before the first step `rms` is the root mean square of what came
    out, `entered` the largest of what went in, but for parameters.
    """

    name: str
    module: str
    site: Site | None
    tick: int
    shapes: tuple[Shape, ...] = ()
    out: Shape = ()
    loss: int | None = None
    activation: int | None = None
    broadcast: tuple[Shape, Shape, Shape] | None = None
    scalar: float | None = None
    dropout: float = 0.0
    adds_constant_derivative: bool = False
    derivative_site: Site | None = None
    total: float = 0.0
    nearest: float = math.inf
    rms: float = math.nan
    entered: float = math.nan

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
    the first one. `largest` is the greatest |value|. The last three say how a table's columns differ, in
    units of what those of independent normal numbers would.
    """

    mean: float = 0.0
    std: float = 0.0
    largest: float = 0.0
    zeros: float = 0.0
    equal_rows: float = 0.0
    equal_columns: float = 0.0
    mean_abs: float = 0.0
    column_mean_z: float = 0.0
    column_std_z: float = 0.0
    column_correlation: float = 0.0


@dataclass(slots=True)
class ParamRecord:
    """A parameter: its first values; its gradient, size and update at the ticks looked at, and which share
    of it a step left `still`.

    Of the `graphs` read since it was met it was `reached` in some, of losses on the lines `reached_from`.
    `start` is None before it is `looked_at`, and of a tensor that is too large, or has no floats. It is
    `replaced` if its module has another tensor in its place in a step that finds no gradient of it.
    """

    key: int
    name: str
    module_kind: str
    shape: tuple[int, ...]
    dtype: str = "torch.float32"
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
    still: list[float] = field(default_factory=list[float])

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
    the step had made. Before `clips_in_vain` of all `clips` no backward pass had come since the last step;
    `clips_scaled` of them found gradients still multiplied by a loss scale, of which `scale` is the last.
    `made` counts those that one line makes again and again of the same parameters, from the third on.
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
    clips_scaled: int = 0
    scale: float = 1.0
    made: int = 1

    def is_followed_by(self, other: OptimizerRecord) -> bool:
        """Whether the same line made another one of the same parameters, which stepped after this one."""
        alike = self.site is not None and (self.site, self.kind) == (other.site, other.kind)
        stepped = bool(self.steps) and bool(other.steps)
        return alike and self.params == other.params and stepped and self.last_tick < other.first_tick


@dataclass(slots=True)
class SchedulerRecord:
    """A learning-rate scheduler.

    `made` is the line that makes it, `factor` by what it multiplies its optimizer's rate from the start,
    `top` the rate that was set: the optimizer's own, or the one that a cycle goes up to. `optimizer` is the
    place of the one that it drives; before `idle` of its steps that one had taken none since the step before.
    """

    kind: str
    site: Site | None
    steps: int = 0
    optimizer: int | None = None
    idle: int = 0
    top: float | None = None
    settings: dict[str, Setting] = field(default_factory=dict[str, Setting])
    made: Site | None = None
    factor: float | None = None


@dataclass(slots=True)
class NetworkRecord:
    """A module called from the user's own code, not from inside another one.

    Of one that only answers, beside a network that learns: `began_as_twin` says whether it began with that
    one's weights, `rows_of_twin` and `rows_of_its_own` count steps in which both were given the same rows or
    others, and `never_changed` is None where its weights couldn't be compared at the end. `followed` says,
    each time that was looked at, which part of the way it had come that the weights learnt had gone by then.
    `unfilled` is a layer with the running mean and variance of a new one, while it answers in eval mode.
    `noisy_in_eval` are layers that depend on the mode and were in eval mode while it learnt, each with the
    parameters that learn in the part that it belongs to. `tokens_learnt` and `tokens_judged` are the lengths
    of the last sequences of tokens that it learnt from and was judged on; `continued` counts those that were
    judged and one longer than the one before, or one token alone.
    """

    name: str
    kind: str
    parameters: int = 0
    trainable: int = 0
    params: list[int] = field(default_factory=list[int])
    noisy: list[str] = field(default_factory=list[str])
    noisy_kinds: list[str] = field(default_factory=list[str])
    learn_in_train: int = 0
    learn_in_eval: int = 0
    judge_in_train: int = 0
    judge_in_eval: int = 0
    judge_ticks: int = 0
    last_judge_tick: int = -1
    last_eval: Site | None = None
    eval_ever: bool = False
    judge_site: Site | None = None
    eval_site: Site | None = None
    noisy_in_eval: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    first_tick: int = 0
    last_tick: int = 0
    began_as_twin: bool = False
    rows_of_twin: int = 0
    rows_of_its_own: int = 0
    never_changed: bool | None = None
    followed: list[float] = field(default_factory=list[float])
    unfilled: str = ""
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
    graph_passes: list[int] = field(default_factory=list[int])
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
