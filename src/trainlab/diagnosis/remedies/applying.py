# pyright: basic
"""A remedy in effect: its changes are put on before a training and taken off after it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from trainlab.diagnosis.remedies.changes import (
    activations,
    casts,
    data,
    held,
    layers,
    lines,
    logits,
    loops,
    losses,
    optimizer_steps,
    starts,
)
from trainlab.diagnosis.remedies.patching import Patching

CHANGES: dict[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        activations.between,
        activations.off_output,
        activations.replace,
        casts.bfloat16,
        casts.no_cast,
        data.finite_inputs,
        data.inputs,
        data.shuffle,
        data.targets,
        held.all_parameters,
        held.trainable,
        layers.dropout,
        layers.eval_to_judge,
        layers.group_norm,
        layers.train_to_learn,
        lines.away_from_pole,
        lines.create_graph,
        lines.gradients_inside,
        lines.no_cut,
        logits.given_logits,
        loops.other_sign,
        loops.scheduler_after_step,
        loops.step,
        loops.zero_grad,
        losses.equal_shapes,
        losses.signed_targets,
        losses.squared,
        optimizer_steps.clip,
        optimizer_steps.highest_lr,
        optimizer_steps.looser_clip,
        optimizer_steps.lr,
        optimizer_steps.momentum,
        optimizer_steps.weight_decay,
        starts.init,
    )
}
"""The changes by the names that plans have for them."""


class Applied:
    """Puts a remedy, as a plan has it, on this process from `start` to `stop`, or as a context."""

    def __init__(self, remedy: dict[str, Any]) -> None:
        self._remedy = remedy
        self._patching = Patching()

    @property
    def acted(self) -> int:
        """How often the changes took hold."""
        return self._patching.acted

    def start(self) -> None:
        """Put the changes on."""
        for change in self._remedy["changes"]:
            settings = {name: value for name, value in change.items() if name != "change"}
            CHANGES[change["change"]](self._patching, **settings)

    def stop(self) -> None:
        """Take them off."""
        self._patching.undo()

    def __enter__(self) -> Applied:
        """Start; should a change fail, those before it are taken off."""
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()
