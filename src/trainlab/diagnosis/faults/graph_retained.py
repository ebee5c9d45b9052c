"""The graphs of old steps stay in memory: a loss or a state is kept with all that it was computed from.

A second backward through one graph (retain_graph, gradient penalties) has a bounded size and is fine.
"""

from __future__ import annotations

from itertools import pairwise

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, lines, one_line
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

LEAST = 15


def judge(training: Training) -> Finding | None:
    """Fire if backward goes through more nodes in every step, or if the graphs of many steps are alive."""
    record = training.record
    grown = _growth(record.graph_sizes)
    alive = max((count for _, count in record.retained_ticks), default=0)
    if grown is None and alive < LEAST:
        return None
    loss_curve = training.learning.loss_curve
    site = loss_curve.site.quoted if loss_curve is not None and loss_curve.site is not None else "backward()"
    evidence: list[str] = []
    if grown is not None:
        evidence.append(
            f"the graph has {grown[0]:,} nodes at step {grown[2]} and {grown[1]:,} at step "
            f"{grown[3]}: it grows with every step"
        )
    if alive >= LEAST:
        evidence.append(f"the graphs of {alive} earlier steps are still in memory")
    kept = loss_curve.retained if loss_curve is not None else 0
    if kept:
        evidence.append(f"retain_graph=True in {kept} backward passes")
    return Finding(
        place=place_at(loss_curve.site if loss_curve is not None else None, "loss"),
        where=site,
        confidence=0.93,
        evidence=tuple(evidence),
        remedy=(
            "Keep numbers, not graphs: loss.item() for sums and lists, state.detach() for what "
            "goes into the next step."
        ),
        code="total += loss.item()\nhidden = hidden.detach()",
    )


def _growth(sizes: list[tuple[int, int, int]]) -> tuple[int, int, int, int] | None:
    """Return first and last size with their ticks if the graph grew by the same again and again.

    A graph of more forward passes, as that of a longer game, is larger by rights.
    """
    by_tick: dict[int, tuple[int, int]] = {}
    for tick, nodes, passes in sizes:
        by_tick[tick] = max(by_tick.get(tick, (0, 0)), (nodes // max(1, passes), nodes))
    pairs = sorted(by_tick.items())
    if len(pairs) < 6:
        return None
    ticks, nodes = [tick for tick, _ in pairs], [of_a_pass for _, (of_a_pass, _) in pairs]
    rises = sum(later > earlier for earlier, later in pairwise(nodes))
    steady = rises >= 0.8 * (len(nodes) - 1) or nodes[-1] >= 6_000 > 10 * nodes[0]
    first, last = pairs[0][1][1], pairs[-1][1][1]
    if nodes[-1] < 4 * nodes[0] or not steady or last - first < 40:
        return None
    return first, last, ticks[0], ticks[-1]


def _picture(training: Training) -> Picture | None:
    """Autograd nodes that a backward pass goes through, and graphs of old steps that are alive."""
    sizes: dict[int, int] = {}
    for tick, nodes, _ in training.record.graph_sizes:
        sizes[tick] = max(sizes.get(tick, 0), nodes)
    drawn = [one_line("nodes a backward pass", sorted(sizes), [sizes[tick] for tick in sorted(sizes)])]
    alive = training.record.retained_ticks
    if any(count for _, count in alive):
        drawn.append(one_line("old graphs alive", [tick for tick, _ in alive], [count for _, count in alive]))
    return lines("What backward goes through, and what is kept", "step", "count", drawn)


FAULT = Fault(
    name="graph_retained",
    family="The loop",
    title="the graphs of old steps are kept",
    what="A loss or a state is kept with everything that it was computed from: memory grows with every "
    "step, and `backward()` may go through the whole past.",
    formula=f"The graphs of at least {LEAST} earlier steps are alive, or the number of autograd nodes "
    "that one backward pass goes through, for each forward pass of its step, grows steadily to 4 times "
    "its start.",
    source="A fact, counted: a second backward pass through one graph (gradient penalties) has a "
    "bounded size.",
    silent="the number of nodes stays within bounds.",
    remedy="Keep `loss.item()`, not `loss`; pass `state.detach()` on to the next step.",
    see=("chain_rule",),
    judge=judge,
    picture=_picture,
    untried="it costs memory and time; what is learnt is the same",
    not_to_blame="it costs memory and time; what is learnt is the same",
    signals=("graph size",),
)
