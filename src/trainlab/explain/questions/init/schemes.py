"""The schemes by name: what each is, where it comes from, how words mean one; and the section on them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

import msgspec

from trainlab.engine import rng
from trainlab.engine.layout import numpy_draws
from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError, SpecError, listing, nearest
from trainlab.maths import INITS
from trainlab.maths.inits import default_bound, gain_of
from trainlab.page.section import Section, Table
from trainlab.plain import pick
from trainlab.spec import (
    Constant,
    Default,
    FanInUniform,
    InitScheme,
    KaimingNormal,
    KaimingUniform,
    LecunNormal,
    LecunUniform,
    Normal,
    Orthogonal,
    Uniform,
    XavierNormal,
    XavierUniform,
    name_of,
)

# The distribution that a scheme draws a layer's weights from, in numbers; and weights drawn from it.


Shape = Literal["constant", "uniform", "normal", "orthogonal"]
ROOT3 = math.sqrt(3.0)
"""A uniform distribution reaches √3 deviations from its mean."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """Shape, mean and standard deviation of one weight; `dimension` is d of an orthogonal one, else 0.

    One entry of a matrix with d-dimensional orthonormal rows or columns is gain · q with q² ~ Beta(½, (d − 1)
    / 2), so that its variance is gain²/d (Mezzadri, Notices of the AMS 54, 2007); entries depend on each
    other.
    """

    shape: Shape
    mean: float
    std: float
    dimension: int = 0

    @property
    def reach(self) -> float:
        """How far from the mean a weight can lie; infinite if normal."""
        if self.shape == "uniform":
            return ROOT3 * self.std
        if self.shape == "orthogonal":
            return math.sqrt(self.dimension) * self.std
        return 0.0 if self.shape == "constant" else math.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value that can be drawn."""
        return self.mean - self.reach, self.mean + self.reach

    @property
    def excess(self) -> float:
        """The excess kurtosis: −6/5 if uniform, 0 if normal, −6/(d + 2) if orthogonal."""
        if self.shape == "uniform":
            return -1.2
        return -6.0 / (self.dimension + 2.0) if self.shape == "orthogonal" else 0.0

    @property
    def words(self) -> str:
        """The distribution with its numbers: ``U(±0.316)``."""
        if self.shape == "constant":
            return f"{self.mean:.4g}, always"
        if self.shape == "uniform":
            low, high = self.bounds
            return f"U(±{high:.4g})" if self.mean == 0 else f"U({low:.4g}, {high:.4g})"
        if self.shape == "orthogonal":
            return f"|w| ≤ {self.reach:.4g}, deviation {self.std:.4g}"
        return f"N({self.mean:.4g}, {self.std:.4g}²)"


def law_of(init: InitScheme, fan_in: int, fan_out: int) -> Law:
    """Return what a scheme draws for a layer with so many inputs and outputs."""
    match init:
        case Constant():
            return Law(shape="constant", mean=init.val, std=0.0)
        case Uniform():
            return Law(shape="uniform", mean=(init.a + init.b) / 2, std=(init.b - init.a) / (2 * ROOT3))
        case Normal():
            return Law(shape="normal", mean=init.mean, std=init.std)
        case Default() | FanInUniform():
            return Law(shape="uniform", mean=0.0, std=default_bound(fan_in) / ROOT3)
        case XavierUniform():
            return Law(shape="uniform", mean=0.0, std=init.gain * math.sqrt(2.0 / (fan_in + fan_out)))
        case XavierNormal():
            return Law(shape="normal", mean=0.0, std=init.gain * math.sqrt(2.0 / (fan_in + fan_out)))
        case KaimingUniform() | KaimingNormal():
            fan = fan_in if init.mode == "fan_in" else fan_out
            shape: Shape = "uniform" if isinstance(init, KaimingUniform) else "normal"
            return Law(shape=shape, mean=0.0, std=gain_of(init.nonlinearity, init.a) / math.sqrt(fan))
        case LecunUniform():
            return Law(shape="uniform", mean=0.0, std=1.0 / math.sqrt(fan_in))
        case LecunNormal():
            return Law(shape="normal", mean=0.0, std=1.0 / math.sqrt(fan_in))
        case Orthogonal():
            dimension = max(fan_in, fan_out)
            std = init.gain / math.sqrt(dimension)
            return Law(shape="orthogonal", mean=0.0, std=std, dimension=dimension)


Draw = Callable[..., Array]


def remembered_draws() -> Draw:
    """Return `numpy_draws` that keeps what it drew: schemes of one shape differ in nothing else."""
    return lru_cache(maxsize=None)(numpy_draws)


def draw_weights(
    init: InitScheme, *, seeds: range, layer: int, fan_in: int, fan_out: int, draw: Draw = numpy_draws
) -> Array:
    """Return weights ``[n, fan_out, fan_in]`` of one layer for each seed, as every engine starts with."""
    settings: dict[str, Any] = msgspec.to_builtins(init)
    entry = INITS[settings.pop("name")]
    drawn = draw(
        seeds, stream=rng.WEIGHTS, layer=layer, count=fan_in * fan_out, normal=entry.draws == "normal"
    )
    return entry.sample(drawn, fan_in, fan_out, **settings).reshape(len(seeds), fan_out, fan_in)


# The schemes by name: what each is, where it comes from, and how words on the command line mean one.


@dataclass(frozen=True, kw_only=True, slots=True)
class Scheme:
    """A way to draw a layer's weights: `label` on pages, the `init` that an experiment would have."""

    label: str
    init: InitScheme

    @property
    def formula(self) -> str:
        """What is drawn, as a formula."""
        settings = ", ".join(f"{key} = {value:g}" for key, value in _numbers(self.init).items())
        formula = INITS[name_of(self.init)].formula
        return f"{formula}; {settings}" if settings else formula

    @property
    def source(self) -> str:
        """Where it comes from."""
        return INITS[name_of(self.init)].citation


NAMED: dict[str, InitScheme] = {
    "zero": Constant(val=0.0),
    "constant": Constant(val=0.5),
    "uniform": Uniform(),
    "normal": Normal(),
    "xavier": FanInUniform(),
    "xavier_uniform": XavierUniform(),
    "xavier_normal": XavierNormal(),
    "he_uniform": KaimingUniform(),
    "he_normal": KaimingNormal(),
    "lecun_uniform": LecunUniform(),
    "lecun_normal": LecunNormal(),
    "orthogonal": Orthogonal(),
    "default": Default(),
}
"""Every scheme with the settings of ``torch.nn.init`` (`constant` has none there: 0.5 is ours).

`xavier` is U(±1/√n) of the assignment, which Glorot & Bengio (2010, equation 1) call the common heuristic;
`xavier_uniform` is what the assignment calls normalised Xavier, their equation 16.
"""

ALIASES = {
    "normalised_xavier": "xavier_uniform",
    "normalized_xavier": "xavier_uniform",
    "glorot_uniform": "xavier_uniform",
    "glorot_normal": "xavier_normal",
    "fan_in_uniform": "xavier",
    "kaiming_uniform": "he_uniform",
    "kaiming_normal": "he_normal",
    "pytorch": "default",
    "zeros": "zero",
}
"""Other names of the same schemes."""

SHOWN = ("normal(std=0.1)", "normal", "default", "xavier_uniform", "he_normal", "orthogonal")
"""What a deep stack is shown with: two deviations that are the same for all widths, and four that aren't."""

TRAINED = (
    "zero",
    "normal(std=0.5)",
    "normal",
    "normal(std=1.5)",
    "default",
    "xavier_uniform",
    "he_normal",
    "lecun_normal",
    "orthogonal",
)
"""What is trained from; of schemes that differ in the shape of the draw alone, one."""


def all_schemes() -> tuple[Scheme, ...]:
    """Return every named scheme, in the order of the table."""
    return tuple(Scheme(label=name, init=init) for name, init in NAMED.items())


def find_schemes(names: Sequence[str | InitScheme | Scheme]) -> tuple[Scheme, ...]:
    """Return the schemes meant, each once: names, ``normal(std=0.5)``, or parts of an experiment.

    Raises:
        ExplainError: there is no such scheme, or it has no such setting.
    """
    if isinstance(names, str):
        names = (names,)
    found = [_find(each) for each in names]
    return tuple({each.init: each for each in found}.values())


def label_of(init: InitScheme) -> str:
    """Return the name of a scheme with those settings that aren't its usual ones."""
    for name, usual in NAMED.items():
        if init == usual:
            return name
    name = next(name for name in reversed(NAMED) if type(NAMED[name]) is type(init))
    usual = _settings(type(init)()) if type(init) is not Constant else {}
    changed = {key: value for key, value in _settings(init).items() if value != usual.get(key)}
    return f"{name}({', '.join(f'{key}={_short(value)}' for key, value in changed.items())})"


def _find(given: object) -> Scheme:
    if isinstance(given, Scheme):
        return given
    if isinstance(given, msgspec.Struct):
        if type(given) not in {type(each) for each in NAMED.values()}:
            raise ExplainError(f"scheme: {given!r} is no way to start weights; give one of {listing(NAMED)}.")
        return Scheme(label=label_of(cast("InitScheme", given)), init=cast("InitScheme", given))
    words = str(given).strip()
    match = re.fullmatch(r"([A-Za-z_-]+)\s*(?:\(([^()]*)\))?", words)
    name = match.group(1).lower().replace("-", "_") if match else words
    name = ALIASES.get(name, name)
    if match is None or name not in NAMED:
        raise ExplainError(
            f"scheme = {words[:60]!r}: must be {listing(NAMED)}, with settings as in 'normal(std=0.5)'."
            f"{nearest(name, [*NAMED, *ALIASES])}"
        )
    init = _with_settings(NAMED[name], match.group(2) or "", words)
    return Scheme(label=label_of(init), init=init)


def _with_settings(init: InitScheme, text: str, words: str) -> InitScheme:
    fields = _settings(init)
    edits: dict[str, Any] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = (part.strip() for part in pair.partition("="))
        if key not in fields:
            have = f"it has {listing(fields)}" if fields else "it has none"
            raise ExplainError(f"scheme = {words[:60]!r}: has no setting {key!r}; {have}.")
        try:
            edits[key] = value if isinstance(fields[key], str) else float(value)
        except ValueError:
            raise ExplainError(f"scheme = {words[:60]!r}: {key} = {value!r} is not a number.") from None
    try:
        return msgspec.structs.replace(init, **edits)
    except SpecError as error:
        raise ExplainError(f"scheme = {words[:60]!r}: {error}") from None


def _settings(init: InitScheme) -> dict[str, Any]:
    return msgspec.structs.asdict(init)


def _numbers(init: InitScheme) -> dict[str, float]:
    return {key: value for key, value in _settings(init).items() if isinstance(value, float)}


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


# The section on the schemes: formulas, sources, and what they draw in numbers.


Fans = tuple[int, int]


def schemes_section(schemes: Sequence[Scheme], fans: Sequence[Fans]) -> Section:
    """Return what each scheme draws: formula, source, and the numbers for layers of these fans."""
    return Section(
        name="schemes",
        heading="The schemes",
        text=(
            "fan_in is how many inputs a layer has, fan_out how many outputs. Where a formula divides by "
            "them, the sums of the next layer keep their size however wide the layer is. The assignment's "
            "Xavier is 'xavier', which Glorot and Bengio's paper calls the common heuristic and criticises; "
            "its normalised Xavier is 'xavier_uniform', which the paper proposes.",
        ),
        tables=(
            Table(
                title="Formulas and sources",
                headers=("Scheme", "Formula", "Source"),
                rows=[(each.label, each.formula, each.source) for each in schemes],
            ),
            Table(
                title="In numbers, for layers of these inputs → outputs",
                headers=("Scheme", *(f"{fan_in:,} → {fan_out:,}" for fan_in, fan_out in fans)),
                rows=[(each.label, *(law_of(each.init, *pair).words for pair in fans)) for each in schemes],
            ),
        ),
    )


def schemes_numbers(schemes: Sequence[Scheme], fans: Sequence[Fans]) -> list[dict[str, Any]]:
    """Return the table as plain data."""
    return [
        {
            **pick(each, "scheme=label formula source"),
            "laws": [
                {"fan_in": one, "fan_out": out} | pick(law_of(each.init, one, out), "shape mean std bounds")
                for one, out in fans
            ],
        }
        for each in schemes
    ]
