"""The section on the product layer by layer, of one seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainlab.draw import Curve, curves, format_number
from trainlab.explain.questions.chain_rule.deep_network import Deep
from trainlab.explain.questions.chain_rule.flow import Flow, greatest_loss
from trainlab.explain.questions.chain_rule.number_words import share_text
from trainlab.explain.questions.chain_rule.spectral_norm import WHOLE
from trainlab.explain.subject.network import network_numbers
from trainlab.page.section import Section, Table, paragraphs


def layers_section(deep: Deep) -> Section:
    """Return the product of one seed's network at its initial weights."""
    worst = greatest_loss(deep.flows)
    return Section(
        name="layers",
        heading="Layer by layer: the product that makes a gradient vanish",
        text=paragraphs(
            f"{_capital(deep.name)}, {deep.experiment.network.label}, initial weights of seed "
            f"{deep.seed}; {deep.point}. Going back one layer multiplies the error signal δ = ∂L/∂z by "
            "the weights of the layer after, then by the slopes f′(z). No layer can keep more than its "
            f"bound, max |f′| · ‖W‖₂, allows.{_norm_words(deep.flows)}",
            _kept_words(deep.flows),
            _worst_words(worst),
        ),
        tables=(
            flows_table(deep.flows, "The signal, from the loss (below) back to the inputs (above)"),
            _bounds(deep.flows),
        ),
        pictures=(_picture(deep.flows),),
    )


def initial_numbers(deep: Deep) -> dict[str, Any]:
    """Return what is said of the layers at their initial weights as plain data; see `layers_numbers`."""
    numbers = layers_numbers(deep)
    del numbers["trained"], numbers["population"]["after"], numbers["population"]["solved"]
    return numbers


def layers_numbers(deep: Deep) -> dict[str, Any]:
    """Return what is said of the layers before and after training as plain data; null where untrained."""
    trained = deep.trained_flows
    return {
        "network": network_numbers(deep.experiment),
        "seed": deep.seed,
        "point": deep.point,
        "flows": [flow.to_dict() for flow in deep.flows],
        "trained": None if trained is None else [flow.to_dict() for flow in trained],
        "population": {
            "before": deep.initial.to_dict(),
            "after": None if deep.trained is None else deep.trained.to_dict(),
            "solved": None if deep.solved is None else {"k": deep.solved[0], "n": deep.solved[1]},
        },
    }


def worst_sentence(deep: Deep) -> str:
    """Return which layer loses most, for the verdict."""
    worst, first = greatest_loss(deep.flows), deep.flows[0]
    if worst is None or first.kept is None:
        return ""
    cause = _cause(worst)
    return (
        f"In {deep.name} ({deep.experiment.network.label}, seed {deep.seed}) {share_text(first.kept)} of "
        f"the error signal reaches the first layer; layer {worst.layer} loses most, keeping "
        f"{share_text(worst.ratio)}{f', {cause}' if cause else ''}."
    )


def _norm_words(flows: Sequence[Flow]) -> str:
    """Return how far the norms of wide layers may be off."""
    shares = [flow.norm_error / flow.jacobian for flow in flows if flow.norm_error and flow.jacobian]
    if not shares:
        return ""
    return (
        f" Norms of layers wider than {WHOLE} are Lanczos' and may be too small by "
        f"{format_number(100 * max(shares), digits=2)} % at most; bounds have that added."
    )


def _kept_words(flows: Sequence[Flow]) -> str:
    first = flows[0]
    if first.kept is None:
        return "∂L/∂a is 0 at the output: the loss asks for no change at this point, so nothing flows back."
    if first.kept == 0:
        dead = max(flow.layer for flow in flows if flow.kept == 0)
        return f"From layer {dead} down the signal is exactly 0: every unit there has slope 0 or weight 0."
    return (
        f"Of the signal that leaves the loss the first layer gets {share_text(first.kept)}; the bounds "
        f"multiplied allow {share_text(first.bound_kept)}."
    )


def _worst_words(worst: Flow | None) -> str:
    if worst is None:
        return "The signal shrinks at no layer."
    cause = _cause(worst)
    return (
        f"Most is lost at layer {worst.layer}, which keeps {share_text(worst.ratio)}"
        f"{f', {cause}' if cause else ''}."
    )


def _cause(flow: Flow) -> str:
    """Return whether weights or slopes took more."""
    if flow.by_slopes is None or flow.by_weights is None:
        return "" if flow.by_weights is not None else "because of the slope of its activation"
    if flow.by_weights <= flow.by_slopes:
        return f"mainly because of the weights of layer {flow.layer + 1}"
    return "mainly because of the slopes of its activation"


def flows_table(flows: Sequence[Flow], title: str) -> Table:
    """Return what each layer makes of the error signal, and what is left of it."""
    return Table(
        title=title,
        headers=["Layer", "‖δ‖", "× weights", "× slopes", "= ratio", "Kept so far", "‖∂L/∂W‖"],
        rows=[
            [f.layer, f.delta, f.by_weights, f.by_slopes, f.ratio, f.kept, f.weight_gradient] for f in flows
        ],
        shown=40,
    )


def _bounds(flows: Sequence[Flow]) -> Table:
    return Table(
        title="What the ratio could be at most",
        headers=["Layer", "Ratio", "≤ ‖Jacobian‖₂", "≤ max |f′| · ‖W‖₂", "Kept so far", "Bounds so far"],
        rows=[[f.layer, f.ratio, f.jacobian, f.bound, f.kept, f.bound_kept] for f in flows],
        shown=40,
    )


def _picture(flows: Sequence[Flow]) -> Any:
    layers = [float(flow.layer) for flow in flows]
    kept = [float("nan") if flow.kept is None else flow.kept for flow in flows]
    jacobians: list[float] = []
    for flow in reversed(flows):
        jacobians.insert(0, flow.jacobian * (jacobians[0] if jacobians else 1.0))
    return curves(
        [
            Curve(label="signal", x=layers, median=kept),
            Curve(label="Jacobians", x=layers, median=jacobians),
            Curve(label="bounds", x=layers, median=[flow.bound_kept for flow in flows]),
        ],
        x_label="Layer (inputs at the left, loss at the right)",
        y_label="Signal kept; products of ‖J‖₂ and bounds",
        title="What is left of the error signal, from the loss back",
        log_y=True,
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
