"""What is wrong with an experiment, as far as its parts tell before anything is trained."""

from __future__ import annotations

import itertools

import numpy as np

from trainlab.engine.network_pass import Layer, forward, initial_layers
from trainlab.explain.questions.loss import pairing_of
from trainlab.spec import Constant, Experiment, InitScheme, Uniform

MANY = 2_000
"""Of more examples it isn't asked whether some contradict each other."""
Advice = dict[str, str]
"""The path of a `field`, and `words`."""


def advice_on(experiment: Experiment, seed: int) -> list[Advice]:
    """Return what can't go well, a field and a sentence or two each; a start is looked at for one seed."""
    return [
        *_loss(experiment),
        *_rate(experiment),
        *_data(experiment),
        *_linear(experiment),
        *_start(experiment, seed),
    ]


def _loss(experiment: Experiment) -> list[Advice]:
    found = pairing_of(experiment)
    if found.verdict != "wrong":
        return []
    return [_of("loss", f"{found.sentence} {found.reason[:1].upper()}{found.reason[1:]}")]


def _rate(experiment: Experiment) -> list[Advice]:
    if experiment.optimizer.lr:
        return []
    return [_of("optimizer.lr", "At a learning rate of 0 no weight moves: every run stays where it began.")]


def _data(experiment: Experiment) -> list[Advice]:
    """Say where examples contradict each other: same inputs, other classes."""
    data = experiment.data()
    if data.kind == "regression" or data.points > MANY:
        return []
    known: dict[bytes, bytes] = {}
    torn = {
        inputs.tobytes()
        for inputs, targets in zip(data.inputs, data.targets, strict=True)
        if known.setdefault(inputs.tobytes(), targets.tobytes()) != targets.tobytes()
    }
    if not torn:
        return []
    places = "one place" if len(torn) == 1 else f"{len(torn):,} places"
    return [
        _of(
            "task",
            f"At {places} examples with the same inputs have other classes: no network can tell them apart.",
        )
    ]


def _linear(experiment: Experiment) -> list[Advice]:
    network = experiment.network
    if network.layers == 1 or any(name != "linear" for name in network.activations[:-1]):
        return []
    return [
        _of(
            "network.activation",
            f"No hidden layer has an activation but 'linear', so the {network.layers} layers are one linear "
            "map: they can say no more than a single layer.",
        )
    ]


def _start(experiment: Experiment, seed: int) -> list[Advice]:
    """Say where equal weights keep units equal, or let no gradient through."""
    drawn = experiment.init.weights_of(experiment.network.layers)
    if experiment.after is not None or not any(map(_constant, drawn)):
        return []
    layers = initial_layers(experiment, seed)
    alike = [
        number
        for number, (layer, after) in enumerate(itertools.pairwise(layers), start=1)
        if _alike(layer, after) and not experiment.network.dropouts[number - 1]
    ]
    if not alike:
        return []
    passes = forward(layers, experiment.data().inputs)
    dead = [at for at in alike if not layers[at].weight.any() and not passes[at - 1].outputs.any()]
    advice: list[Advice] = []
    if dead:
        its, it = ("its", "it") if len(dead) == 1 else ("their", "them")
        words = f"{its} outputs, and the weights after {it}, are 0, and stay so: start from random weights."
        advice.append(_of("init.weight", f"No gradient reaches {_named(dead)}: {words}"))
    if equal := [at for at in alike if at not in dead]:
        words = "start equal and get equal gradients, so they stay equal: start from random weights."
        advice.append(_of("init.weight", f"The units of {_named(equal)} {words}"))
    return advice


def _constant(scheme: InitScheme) -> bool:
    """Whether a scheme gives all weights of a layer one value."""
    if isinstance(scheme, Uniform):
        return scheme.a == scheme.b
    return isinstance(scheme, Constant) or 0.0 in (getattr(scheme, "std", 1), getattr(scheme, "gain", 1))


def _alike(layer: Layer, after: Layer) -> bool:
    """Whether a layer has several units, all with the same weights in and out."""
    into = layer.weight if layer.bias is None else np.column_stack([layer.weight, layer.bias])
    return len(into) > 1 and bool((into == into[0]).all() and (after.weight.T[0] == after.weight.T).all())


def _named(layers: list[int]) -> str:
    return f"layer {layers[0]}" if len(layers) == 1 else f"layers {', '.join(map(str, layers))}"


def _of(field: str, words: str) -> Advice:
    return {"field": field, "words": words}
