"""The rule of thumb that activations should have mean zero: held against what arrives at the first layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.draw import counted, format_number
from trainlab.explain.questions.init.layer_signals import LayerSignals

NEAR = 0.1
"""A mean of at most this share of the root mean square is called zero."""

KEPT = 1.25
"""A gradient arrives whole if it is neither smaller nor larger by more than this factor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MeanZero:
    """The rule over several stacks, by their names: `without` have no mean of zero and pass the gradient on
    whole all the same; `lost` have one, and don't; `agreeing` are as the rule says.
    """

    without: tuple[str, ...]
    lost: tuple[str, ...]
    agreeing: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """What that makes of the rule."""
        if self.without and self.lost:
            return "neither needed nor enough"
        if self.without:
            return "not needed"
        if self.lost:
            return "not enough"
        return "as the rule says" if self.agreeing else "not asked"

    @property
    def sentence(self) -> str:
        """The verdict with its counts."""
        stacks = len(self.without) + len(self.lost) + len(self.agreeing)
        if not stacks:
            return ""
        of = f"of {counted(stacks, 'stack')}"
        told = [
            f"{len(self.lost)} {of} {_has(self.lost)} it, and the gradient is lost or inflated "
            f"({_named(self.lost)})"
            if self.lost
            else "",
            f"{len(self.without)} {of} {_has(self.without)} another mean, and the gradient arrives whole "
            f"({_named(self.without)})"
            if self.without
            else "",
        ]
        evidence = "; ".join(filter(None, told)) or f"no exception among {counted(stacks, 'stack')}"
        return f"“Activations with mean zero” is {self.outcome}: {evidence}."

    def to_dict(self) -> dict[str, Any]:
        """Return the stacks by name, and the outcome, as plain data."""
        return {
            "outcome": self.outcome,
            "without": list(self.without),
            "lost": list(self.lost),
            "agreeing": list(self.agreeing),
        }


def mean_share(found: LayerSignals) -> float:
    """Return the mean of the last layer's activations as a share of their root mean square; NaN of none."""
    mean, std = (float(each.estimate[-1]) for each in (found.activation_mean, found.activation_std))
    size = math.hypot(mean, std)
    return abs(mean) / size if math.isfinite(size) and size > 0 else math.nan


def mean_zero(stacks: Sequence[tuple[str, LayerSignals]]) -> MeanZero:
    """Hold the rule against stacks, each with its name; one whose sizes can't be had says nothing."""
    without, lost, agreeing = list[str](), list[str](), list[str]()
    for name, each in stacks:
        share, ratio = mean_share(each), each.gradient_ratio
        if not (math.isfinite(share) and math.isfinite(ratio)):
            continue
        zero, whole = share <= NEAR, 1 / KEPT <= ratio <= KEPT
        (agreeing if zero == whole else without if whole else lost).append(
            f"{name}: mean {format_number(100 * share, digits=2)} % of the size, gradient × "
            f"{format_number(ratio)}"
        )
    return MeanZero(without=tuple(without), lost=tuple(lost), agreeing=tuple(agreeing))


def _has(stacks: Sequence[str]) -> str:
    return "has" if len(stacks) == 1 else "have"


def _named(stacks: Sequence[str]) -> str:
    """Return the first three."""
    more = f"; and {len(stacks) - 3} more" if len(stacks) > 3 else ""
    return "; ".join(stacks[:3]) + more
