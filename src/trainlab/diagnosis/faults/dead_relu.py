"""A layer of ReLUs that are silent for every sample: no gradient passes.

The cause only where it was so from the start; a layer that dies later was killed by something else. Healthy
layers may have a third or half of their units silent, so only a layer that is nearly wholly dead counts.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, proven_if
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.network import shares
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import activation_replaced, initialized, rate_times
from trainlab.diagnosis.signals.limits import answers_alike
from trainlab.diagnosis.signals.training import Training

DEAD = 0.9


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and 90 % of a layer were silent over 20 batches in a row.

    Of a single unit, an output as a rule, where nothing is learnt at all.
    """
    if not training.learning.falls_short:
        return None
    fewest = 1 if training.learning.state == "stuck" else 2
    layers = [one for one in training.record.activations if one.window_silent and one.units >= fewest]
    dead = [one for one in layers if max(one.window_silent) > DEAD]
    if not dead:
        return None
    early = [one for one in dead if one.window_silent[0] > DEAD]
    from trainlab.draw import counted

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
        place=place_at(shown[0].site, "activation", module=shown[0].module, call=shown[0].kind),
        where=", ".join(
            dict.fromkeys(
                f"{one.feeder} (ReLU at {one.place})" if one.feeder else one.place for one in shown[:6]
            )
        ),
        confidence=0.85 if early else 0.6,
        proof=proven_if(
            answers_alike(training) and any(one.window_silent[-1] >= 1 for one in dead),
            "a whole layer is silent to the end, and every answer is the same",
        ),
        evidence=(*words, f"silent {when}", training.learning.words),
        remedy="Use He initialization with biases at 0, a lower learning rate, or a LeakyReLU.",
        code=(
            "torch.nn.init.kaiming_uniform_(layer.weight, "
            "nonlinearity='relu')\ntorch.nn.init.zeros_(layer.bias)"
        ),
    )


def _death(ticks: list[int], windows: list[float]) -> int:
    place = next(place for place, value in enumerate(windows) if value > DEAD)
    return ticks[min(len(ticks) - 1, place * 20)]


def _picture(training: Training) -> Picture | None:
    """Of each activation the share of units that are 0 for the whole batch, over the steps."""
    found = [one for one in training.record.activations if one.window_silent]
    return shares(
        found, [one.silent for one in found], "Units that are 0 for a whole batch", "% of the units"
    )


FAULT = Fault(
    name="dead_relu",
    family="What shows in the numbers",
    title="ReLUs are silent for every sample",
    what="A unit that is 0 for every sample passes no gradient, so it can't recover.",
    formula=f"The network is stuck or poor, and over {DEAD:.0%} of a layer's units are 0 for all samples "
    "of 20 batches in a row; a layer of one unit counts where the network is stuck.",
    source="Up to half of the units of a healthy layer are silent: other tools, whose limits are 20 to "
    "50 %, raise false alarms there.",
    silent="fewer are silent, or the training succeeds.",
    proven="a whole layer is silent to the end, and the network, asked then, answers everything alike.",
    remedy="Use He initialization with biases at 0, a lower learning rate, or `LeakyReLU`.",
    see=(
        "neuron",
        "learning_rate",
    ),
    judge=judge,
    picture=_picture,
    remedies=(
        initialized("he"),
        activation_replaced("LeakyReLU for ReLU", ("relu",), "leaky_relu"),
        rate_times(0.1),
    ),
    explains=(
        Explains(("lr_too_low", "capacity_too_small", "loss_plateau"), "a silent unit passes no gradient"),
    ),
    signals=("outcome", "silent units"),
)
