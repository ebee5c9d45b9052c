"""The schemes by name: what each is, where it comes from, and how words on the command line mean one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from trainlab.errors import ExplainError, SpecError, listing, nearest
from trainlab.maths import INITS
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
