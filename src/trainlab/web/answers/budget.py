"""How many parameters has the network, and which other networks have just as many?

Kind ``budget``, one frame:

| field | what it is |
|---|---|
| `parameters`, `trained` | of the experiment's network, and those of its layers that aren't frozen |
| `layers` | ``[{name, fan_in, fan_out, weights, biases, parameters, trained}]``, from the inputs on |
| `counted` | the network's count in a sentence |
| `asked` | how many parameters the networks below have |
| `there_are` | how many such networks there are, the experiment's own among them, as text |
| `networks` | at most 24 of the others, ``[{name, network}]``; `network` has the fields to put into one |
| `sentence` | what was asked, and how many there are |

The networks have the task's inputs and outputs; their hidden layers have biases as the experiment's do, and
are not narrower than 2, unless its own are. They are all there are or, of many, evenly spread over them, in
the order of `trainlab budget`: from wide and shallow to narrow and deep.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from trainlab.budgets import Architecture, Budget
from trainlab.budgets.question import BiasRule, number_words
from trainlab.draw import counted
from trainlab.spec import Experiment, Network
from trainlab.spec.network import MAX_WIDTH
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.frames import Frame
from trainlab.web.questions import Budget as Question
from trainlab.web.questions import Limits

SHOWN: Final = 24

DEPTHS: Final = ((300, 8), (20_000, 3), (math.inf, 2))
"""Networks of up to so many parameters are counted up to so many hidden layers: it takes a few tenths of a
second, in any case.
"""


def answer_budget(question: Question, limits: Limits) -> Iterator[Frame]:
    """Yield the count, layer by layer, and other networks of as many parameters."""
    experiment = experiment_of(question.experiment, limits)
    network = experiment.network
    own = Architecture(widths=network.widths, biases=network.biases)
    asked = _budget(experiment, question.parameters or network.parameters)
    frozen = [number in experiment.frozen for number in range(1, network.layers + 1)]
    layers = [
        {**layer.to_dict(), "trained": not fixed} for layer, fixed in zip(own.layers, frozen, strict=True)
    ]
    trained = sum(layer.parameters for layer, fixed in zip(own.layers, frozen, strict=True) if not fixed)
    yield Frame(
        kind="budget",
        fields={
            "parameters": own.parameters,
            "trained": trained,
            "layers": layers,
            "counted": _counted(own, trained),
            "asked": asked.parameters,
            "there_are": number_words(asked.count()),
            "networks": [
                {"name": str(each), "network": _fields(each, network)} for each in _others(asked, own)
            ],
            "sentence": str(asked),
        },
    )


def _budget(experiment: Experiment, parameters: int) -> Budget:
    network, data = experiment.network, experiment.data()
    hidden = set(network.biases[:-1])
    rules: dict[frozenset[bool], BiasRule] = {frozenset({False}): "no", frozenset({False, True}): "any"}
    return Budget(
        parameters=parameters,
        inputs=data.features,
        outputs=data.outputs,
        hidden_bias=rules.get(frozenset(hidden), "yes"),
        min_width=1 if 1 in network.widths[1:-1] else 2,
        max_width=MAX_WIDTH if parameters > MAX_WIDTH else None,
        max_depth=next(depth for most, depth in DEPTHS if parameters <= most),
    )


def _others(asked: Budget, own: Architecture) -> list[Architecture]:
    """Return networks of the budget besides one: all of a few, else some at even steps."""
    count = asked.count()
    ranks = range(count) if count <= SHOWN + 1 else [n * (count - 1) // SHOWN for n in range(SHOWN + 1)]
    return [each for each in map(asked.unrank, ranks) if each != own][:SHOWN]


def _fields(architecture: Architecture, network: Network) -> dict[str, Any]:
    """Return what to put into a network's fields; what it lists per layer holds for all hidden layers."""
    hidden, last = set(architecture.biases[:-1]), architecture.biases[-1]
    alike = len(hidden) < 2
    fields: dict[str, Any] = {
        "widths": "-".join(map(str, architecture.widths)),
        "bias": next(iter(hidden), last) if alike else list(architecture.biases),
        "output_bias": last if alike and hidden not in ({last}, set[bool]()) else None,
    }
    if isinstance(network.activation, tuple):
        fields |= {"activation": network.activations[0], "output_activation": network.activations[-1]}
    if isinstance(network.dropout, tuple):
        fields["dropout"] = next(iter(network.dropouts), 0.0)
    return fields


def _counted(own: Architecture, trained: int) -> str:
    parts = " + ".join(f"{layer.parameters:,}" for layer in own.layers)
    total = f"{own} has {counted(own.parameters, 'parameter')}"
    fixed = "" if trained == own.parameters else f" {trained:,} of them are trained, the others stay fixed."
    return f"{total}{f': {parts}' if len(own.layers) > 1 else ''}.{fixed}"
