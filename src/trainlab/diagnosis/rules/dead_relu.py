"""A layer of ReLUs that are silent for every sample: no gradient passes.

The cause only where it was so from the start; a layer that dies later was killed by something else. Healthy
layers may have a third or half of their units silent, so only a layer that is nearly wholly dead counts.
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case
from trainlab.draw import counted

FAULT = "dead_relu"
DEAD = 0.9


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and 90 % of a layer were silent over 20 batches in a row.

    Of a single unit, an output as a rule, where nothing is learnt at all.
    """
    if case.learning.state not in ("stuck", "poor"):
        return None
    fewest = 1 if case.learning.state == "stuck" else 2
    layers = [one for one in case.seen.activations if one.window_silent and one.units >= fewest]
    dead = [one for one in layers if max(one.window_silent) > DEAD]
    if not dead:
        return None
    early = [one for one in dead if one.window_silent[0] > DEAD]
    shown = early or dead
    words = [
        f"{one.feeder or one.place}: {max(one.window_silent):.0%} of {counted(one.units, 'unit')} "
        f"{'were' if one.units > 1 else 'was'} 0 for every sample of 20 batches"
        for one in shown[:6]
    ]
    when = (
        "from the first steps on"
        if early
        else f"later, around step {_death(shown[0].ticks, shown[0].window_silent)}: see what comes before"
    )
    return Finding(
        fault=FAULT,
        where=", ".join(
            dict.fromkeys(
                f"{one.feeder} (ReLU at {one.place})" if one.feeder else one.place for one in shown[:6]
            )
        ),
        confidence=0.85 if early else 0.6,
        evidence=(*words, f"silent {when}", case.learning.words),
        remedy="Use He initialization with biases at 0, a lower learning rate, or a LeakyReLU.",
        code=(
            "torch.nn.init.kaiming_uniform_(layer.weight, "
            "nonlinearity='relu')\ntorch.nn.init.zeros_(layer.bias)"
        ),
    )


def _death(ticks: list[int], windows: list[float]) -> int:
    place = next(place for place, value in enumerate(windows) if value > DEAD)
    return ticks[min(len(ticks) - 1, place * 20)]
