# pyright: basic
"""A remedy in effect: its changes are put on before a training and taken off after it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from trainlab.diagnosis.remedies.changes import data, graph, losses, networks, steps
from trainlab.diagnosis.remedies.patching import Patching

CHANGES: dict[str, Callable[..., None]] = {
    function.__name__: function
    for function in (
        networks.between,
        networks.off_output,
        networks.replace,
        data.few_rows,
        data.finite_inputs,
        data.inputs,
        data.shuffle,
        data.targets,
        graph.all_parameters,
        graph.trainable,
        networks.dropout,
        networks.eval_to_judge,
        networks.group_norm,
        networks.train_to_learn,
        graph.away_from_pole,
        graph.create_graph,
        graph.gradients_inside,
        graph.no_cut,
        graph.own_backward,
        losses.given_logits,
        steps.other_sign,
        steps.step,
        steps.zero_grad,
        losses.equal_shapes,
        losses.signed_targets,
        losses.weaker_terms,
        steps.clip,
        steps.highest_lr,
        steps.looser_clip,
        steps.lr,
        steps.set_lr,
        steps.weight_decay,
        networks.init,
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
