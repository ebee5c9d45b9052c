"""Schedules by name with a few settings, and the section that draws them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np

from trainlab.draw import Band, Cell, Curve, format_number, panels
from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError
from trainlab.explain.options import listed
from trainlab.maths import SCHEDULES, learning_rates, warmup_factors
from trainlab.page.section import Section, Table
from trainlab.spec import Experiment, ReduceLROnPlateau, Schedule, Warmup, name_of
from trainlab.spec.decode import decode_value
from trainlab.spec.fields import field_types, kinds_of
from trainlab.spec.optimizers import cycles

Given = str | Schedule | Mapping[str, Any]
KINDS = kinds_of(Schedule)

TEN = (
    "reduce_on_plateau",
    "lambda",
    "multiplicative",
    "step",
    "multi_step",
    "exponential",
    "cyclic",
    "one_cycle",
    "cosine_annealing",
    "cosine_annealing_warm_restarts",
)
"""The ten of the assignment, in its order."""

CHAINED = "warmup+cosine_annealing"
EXAMPLE = (0.05, 100, 30, 0.1)
"""The assignment's StepLR: rate, epochs, step_size, gamma."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedSchedule:
    """A schedule with its warm-up, and the `label` under which it is shown."""

    label: str
    schedule: Schedule
    warmup: Warmup

    @property
    def title(self) -> str:
        """The name of PyTorch's class, after that of the warm-up if there is one."""
        name = SCHEDULES[name_of(self.schedule)].torch_class or "constant"
        return f"LinearLR, {name}" if self.warmup.total_iters else name

    @property
    def toml(self) -> str:
        """The schedule as an experiment file has it, settings at their defaults left out."""
        written = f"schedule = {_inline(self.schedule)}"
        return f"warmup = {_inline(self.warmup)}, {written}" if self.warmup.total_iters else written

    def of(self, experiment: Experiment) -> Experiment:
        """Return the experiment with this schedule; SpecError if the two don't go together."""
        return msgspec.structs.replace(experiment, schedule=self.schedule, warmup=self.warmup)


def read_schedules(given: Sequence[Given] | None, experiment: Experiment) -> tuple[NamedSchedule, ...]:
    """Return the schedules meant; the ten of the assignment and one with warm-up if none are given.

    Each is a name, a name with settings as in ``"step:step_size=30,gamma=0.1"``, either with
    ``"warmup+"`` or ``"warmup:total_iters=20+"`` before it, a table as an experiment's file has it, or a
    schedule of trainlab.spec. Settings left out of words are such as fit the experiment (`presets`).

    Raises:
        ExplainError, SpecError: one can't be read, or doesn't fit the experiment.
    """
    if isinstance(given, str):
        raise ExplainError(f"schedules = {given!r}: must be a list of schedules, as in [{given!r}].")
    found: list[NamedSchedule] = []
    for each in [*TEN, CHAINED] if given is None else listed("schedules", given, example="'step'"):
        read = _read(each, experiment)
        if all(read != before for before in found):
            read.of(experiment)
            found.append(read)
    return tuple(found)


def presets(experiment: Experiment) -> dict[str, dict[str, Any]]:
    """Return for each schedule settings in proportion to the experiment: its rate is start or peak of all."""
    lr, epochs = experiment.optimizer.lr, experiment.epochs
    momentum: Any = getattr(
        experiment.optimizer, "momentum", getattr(experiment.optimizer, "betas", (0.0,))[0]
    )
    cycled: dict[str, Any] = {} if cycles(experiment.optimizer) and momentum else {"cycle_momentum": False}
    fall = float(f"{0.01 ** (1.0 / epochs):.6g}")
    return {
        "step": {"step_size": _part(epochs, 0.3)},
        "multi_step": {"milestones": [_part(epochs, 0.5), _part(epochs, 0.75)]},
        "exponential": {"gamma": fall},
        "cosine_annealing_warm_restarts": {"T_0": -(-epochs // 7), "T_mult": 2},
        "cyclic": {"base_lr": lr / 10, "max_lr": lr, "step_size_up": _part(epochs, 1 / 6), **cycled},
        "one_cycle": {"max_lr": lr, **cycled},
        "lambda": {"factor": f"1 / (1 + {10.0 / epochs:.3g} * t)"},
        "multiplicative": {"factor": f"0.5 if t % {_part(epochs, 0.2)} == 0 else 1"},
        "warmup": {"total_iters": _part(epochs, 0.1)},
    }


def rates_of(experiment: Experiment) -> Array:
    """Return the rate of every step ``[steps]``; with a plateau schedule, of a loss that keeps falling."""
    settings: dict[str, Any] = msgspec.to_builtins(experiment.schedule)
    name = settings.pop("name")
    return learning_rates(
        name,
        lr=experiment.optimizer.lr,
        epochs=experiment.epochs,
        steps_per_epoch=experiment.steps_per_epoch,
        warmup=msgspec.to_builtins(experiment.warmup),
        **({} if isinstance(experiment.schedule, ReduceLROnPlateau) else settings),
    )


def warmup_of(experiment: Experiment) -> Array:
    """Return the factor of the warm-up at every step ``[steps]``."""
    return warmup_factors(
        epochs=experiment.epochs,
        steps_per_epoch=experiment.steps_per_epoch,
        **msgspec.to_builtins(experiment.warmup),
    )


def step_example() -> list[tuple[int, int, float]]:
    """Return the assignment's StepLR as (first epoch, last epoch, rate): 0.05, a tenth of it every 30."""
    lr, epochs, size, gamma = EXAMPLE
    rates = learning_rates("step", lr=lr, epochs=epochs, steps_per_epoch=1, step_size=size, gamma=gamma)
    starts = [0, *(np.flatnonzero(np.diff(rates)) + 1).tolist()]
    return [
        (start, stop - 1, float(rates[start]))
        for start, stop in zip(starts, [*starts[1:], epochs], strict=True)
    ]


def _read(given: Given, experiment: Experiment) -> NamedSchedule:
    if isinstance(given, str):
        return _from_words(given, experiment)
    if isinstance(given, Mapping):
        table = dict(given)
        warmup = decode_value(Warmup, table.pop("warmup", {}), where="warmup")
        schedule = decode_value(Schedule, table, where="schedule")
    elif isinstance(given, tuple(KINDS.values())):
        schedule, warmup = given, Warmup()
    else:
        raise ExplainError(
            f"schedules: {given!r} is no schedule; give a name such as 'step', a table with a name, or a "
            "schedule of trainlab.spec."
        )
    label = _short(name_of(schedule), schedule)
    if warmup.total_iters:
        label = f"{_short('warmup', warmup)}+{label}"
    return NamedSchedule(label=label, schedule=schedule, warmup=warmup)


def _from_words(words: str, experiment: Experiment) -> NamedSchedule:
    match = re.fullmatch(r"\s*(?:(warmup)(?::([^+]*))?\+)?([^:]*)(?::(.*))?", words, flags=re.DOTALL)
    assert match is not None, "every text matches"
    fitting = presets(experiment)
    name = match[3].strip()
    if name not in KINDS:
        decode_value(Schedule, name, where="schedule")  # says what is allowed
    settings = {**fitting.get(name, {}), **_settings(match[4], KINDS[name], words)}
    warmup = Warmup()
    if match[1]:
        table = {**fitting["warmup"], **_settings(match[2], Warmup, words)}
        warmup = decode_value(Warmup, table, where="warmup")
    schedule = decode_value(Schedule, {"name": name, **settings}, where="schedule")
    return NamedSchedule(label=" ".join(words.split()), schedule=schedule, warmup=warmup)


def _settings(text: str | None, kind: type[msgspec.Struct], words: str) -> dict[str, Any]:
    """Return settings written ``key=value,key=value``, values as in TOML; text needs no quotes."""
    if text is None:
        return {}
    found: dict[str, Any] = {}
    # Commas within a list, in brackets, or within quotes part nothing.
    for part in re.findall(r"(?:\[[^\]]*\]|\([^)]*\)|\"[^\"]*\"|'[^']*'|[^,])+", text):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise ExplainError(
                f"schedule {words!r}: {part.strip()!r} is no setting; write them as in "
                "step:step_size=30,gamma=0.1."
            )
        found[key] = _value(value, text=field_types(kind).get(key) is str)
    if not found:
        raise ExplainError(f"schedule {words!r}: no setting follows ':'; leave it out.")
    return found


def _value(written: str, *, text: bool) -> Any:
    if text and written[0] not in "'\"":
        return written
    try:
        return tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        return written


def _part(epochs: int, share: float) -> int:
    return max(1, round(share * epochs))


def _short(name: str, part: msgspec.Struct) -> str:
    """Return a part as words from which it could be read."""
    settings = ",".join(f"{key}={_toml(value)}" for key, value in _chosen(part).items())
    return f"{name}:{settings}" if settings else name


def _inline(part: msgspec.Struct) -> str:
    tag = part.__struct_config__.tag
    written = {**({"name": tag} if tag else {}), **_chosen(part)}
    return "{ " + ", ".join(f"{key} = {_toml(value)}" for key, value in written.items()) + " }"


def _chosen(part: msgspec.Struct) -> dict[str, Any]:
    """Return the fields that differ from their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(part)}
    return {key: value for key, value in msgspec.structs.asdict(part).items() if value != defaults[key]}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return str(list(cast("tuple[int, ...]", value)))
    return str(value)


# The section that draws schedules, and a schedule as a curve.


def schedules_section(
    schedules: Sequence[NamedSchedule], experiment: Experiment, plateaus: Mapping[str, Array]
) -> Section:
    """Return the section that draws schedules; `plateaus` has the rates ``[networks, epochs]`` by label."""
    drawn = [schedule_curve(each, experiment, plateaus.get(each.label)) for each in schedules]
    rows: list[list[Cell]] = []
    for each, curve in zip(schedules, drawn, strict=True):
        rates = np.asarray(curve.median)
        reached = " → ".join(format_number(float(rate)) for rate in (rates[0], rates.max(), rates[-1]))
        rows.append([each.title, reached, each.toml])
    examples: list[list[Cell]] = [
        [f"{first} to {last}", f"{rate:.10f}".rstrip("0")] for first, last, rate in step_example()
    ]
    words = [
        "A schedule changes the rate while training goes on. Each is drawn over the epochs of this "
        f"experiment; settings not given are in proportion to them, with {experiment.optimizer.lr:g} as the "
        "rate it starts from or peaks at.",
    ]
    if plateaus:
        words.append(
            "ReduceLROnPlateau waits for the loss of each network by itself: drawn is the median over the "
            "networks, with the band in which nine of ten lie."
        )
    words.append(
        "The worked example is StepLR from 0.05, divided by ten every 30 epochs, over 100: "
        'schedule = { name = "step", step_size = 30, gamma = 0.1 }.'
    )
    return Section(
        name="schedules",
        heading="Schedules, drawn",
        text=tuple(words),
        pictures=(
            panels(
                drawn,
                x_label="Epoch",
                y_label="Learning rate",
                title="The learning rate over the training, by schedule",
                middle="rate",
            ),
        ),
        tables=(
            Table(
                title="StepLR, the worked example",
                headers=("Epochs", "Learning rate"),
                rows=examples,
            ),
            Table(
                title="The schedules, as an experiment's file has them",
                headers=("PyTorch's class", "First → highest → last rate", "TOML"),
                rows=rows,
            ),
        ),
    )


def schedule_curve(named: NamedSchedule, experiment: Experiment, plateau: Array | None) -> Curve:
    """Return a schedule as a curve over epochs; with rates of networks, their median and a band."""
    scheduled = named.of(experiment)
    per_epoch = experiment.steps_per_epoch
    if plateau is not None:
        low, middle, high = np.quantile(plateau, (0.05, 0.5, 0.95), axis=0, method="nearest")
        band = Band(label="5–95 % of networks", low=low, high=high)
        return Curve(label=named.title, x=np.arange(float(len(middle))), median=middle, bands=(band,))
    rates = rates_of(scheduled)
    by_step = "step" in (getattr(named.schedule, "per", "epoch"), named.warmup.per) and not isinstance(
        named.schedule, ReduceLROnPlateau
    )
    stride = 1 if by_step else per_epoch
    return Curve(label=named.title, x=np.arange(0, len(rates), stride) / per_epoch, median=rates[::stride])
