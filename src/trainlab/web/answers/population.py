"""How often is it solved, and how do its runs go? One experiment on many seeds, in frames that grow."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number, join
from trainlab.engine import Engine, Runs, concatenate, engine_of, get_engine
from trainlab.engine.network_pass import Layer, forward, initial_layers
from trainlab.engine.runs import decode
from trainlab.explain.questions.loss import pairing_of
from trainlab.maths import format_share
from trainlab.spec import Constant, Experiment, InitScheme, Uniform, solved_rule
from trainlab.spec.checks import MAX_COUNT
from trainlab.stats import Rate, percent_words, quantile_curves, rate
from trainlab.studies.causes import HIGH_LOSS, THRESHOLD, failed, high_loss, standing_still, vanishing
from trainlab.studies.cells import predicts_right, spread_of
from trainlab.web.experiment_forms import CURVE_POINTS, experiment_of
from trainlab.web.frames import Frame, Numbers
from trainlab.web.questions import Limits, Population

# What is wrong with an experiment, as far as its parts tell before anything is trained.


MANY = 2_000
"""Of more examples it isn't asked whether some contradict each other."""
Advice = dict[str, str]
"""The path of a `field`, and `words`."""


def advice_on(experiment: Experiment, seed: int) -> list[Advice]:
    """Return what can't go well, a field and a sentence or two each; a start is looked at for one seed."""
    return [
        *_advice_on_loss(experiment),
        *_advice_on_rate(experiment),
        *_advice_on_data(experiment),
        *_advice_on_linear(experiment),
        *_advice_on_start(experiment, seed),
    ]


def _advice_on_loss(experiment: Experiment) -> list[Advice]:
    found = pairing_of(experiment)
    if found.verdict != "wrong":
        return []
    return [_advice("loss", f"{found.sentence} {found.reason[:1].upper()}{found.reason[1:]}")]


def _advice_on_rate(experiment: Experiment) -> list[Advice]:
    if experiment.optimizer.lr:
        return []
    return [
        _advice("optimizer.lr", "At a learning rate of 0 no weight moves: every run stays where it began.")
    ]


def _advice_on_data(experiment: Experiment) -> list[Advice]:
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
        _advice(
            "task",
            f"At {places} examples with the same inputs have other classes: no network can tell them apart.",
        )
    ]


def _advice_on_linear(experiment: Experiment) -> list[Advice]:
    network = experiment.network
    if network.layers == 1 or any(name != "linear" for name in network.activations[:-1]):
        return []
    return [
        _advice(
            "network.activation",
            f"No hidden layer has an activation but 'linear', so the {network.layers} layers are one linear "
            "map: they can say no more than a single layer.",
        )
    ]


def _advice_on_start(experiment: Experiment, seed: int) -> list[Advice]:
    """Say where equal weights keep units equal, or let no gradient through."""
    drawn = experiment.init.weights_of(experiment.network.layers)
    if experiment.after is not None or not any(map(_is_constant, drawn)):
        return []
    layers = initial_layers(experiment, seed)
    alike = [
        number
        for number, (layer, after) in enumerate(itertools.pairwise(layers), start=1)
        if _are_alike(layer, after) and not experiment.network.dropouts[number - 1]
    ]
    if not alike:
        return []
    passes = forward(layers, experiment.data().inputs)
    dead = [at for at in alike if not layers[at].weight.any() and not passes[at - 1].outputs.any()]
    advice: list[Advice] = []
    if dead:
        its, it = ("its", "it") if len(dead) == 1 else ("their", "them")
        words = f"{its} outputs, and the weights after {it}, are 0, and stay so: start from random weights."
        advice.append(_advice("init.weight", f"No gradient reaches {_layers_named(dead)}: {words}"))
    if equal := [at for at in alike if at not in dead]:
        words = "start equal and get equal gradients, so they stay equal: start from random weights."
        advice.append(_advice("init.weight", f"The units of {_layers_named(equal)} {words}"))
    return advice


def _is_constant(scheme: InitScheme) -> bool:
    """Whether a scheme gives all weights of a layer one value."""
    if isinstance(scheme, Uniform):
        return scheme.a == scheme.b
    return isinstance(scheme, Constant) or 0.0 in (getattr(scheme, "std", 1), getattr(scheme, "gain", 1))


def _are_alike(layer: Layer, after: Layer) -> bool:
    """Whether a layer has several units, all with the same weights in and out."""
    into = layer.weight if layer.bias is None else np.column_stack([layer.weight, layer.bias])
    return len(into) > 1 and bool((into == into[0]).all() and (after.weight.T[0] == after.weight.T).all())


def _layers_named(layers: list[int]) -> str:
    return f"layer {layers[0]}" if len(layers) == 1 else f"layers {', '.join(map(str, layers))}"


def _advice(field: str, words: str) -> Advice:
    return {"field": field, "words": words}


# Training that grows: more and more seeds of an experiment, about a frame's time at a go.
#
# Whatever the chunks, every run is to the bit what `trainlab run` trains on its seed.


FRAME_SECONDS = 0.05
"""So long, about, the training between two frames takes, on a machine that has nothing else to do."""

FULL_TILE, LEAST_TILE = 64, 8
"""How many networks the kernel trains side by side, at most and at least: chunks are multiples of these."""

FIRST_WORK = 1e8
"""What the first chunk may ask of an engine whose speed isn't known yet, in examples × parameters seen: some
hundredths of a second. Many a question is answered by it.
"""


def recording_curves(experiment: Experiment) -> Experiment:
    """Return the experiment as an answer trains it: it records at most about 200 losses of every run.

    How often a run is checked for being solved stays, and so do all numbers at the end.
    """
    every = -(-experiment.epochs // CURVE_POINTS)
    record = msgspec.structs.replace(
        experiment.record, loss_every=every, gradient_every=0, curves=MAX_COUNT, parameters=False
    )
    return msgspec.structs.replace(experiment, record=record)


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """An experiment as an answer trains it, and the engine that `trainlab run` would train it with."""

    experiment: Experiment
    engine: Engine

    @classmethod
    def of(cls, experiment: Experiment) -> Training:
        """Return the training of an experiment; its curves are recorded."""
        return cls(experiment=recording_curves(experiment), engine=get_engine(engine_of("auto", experiment)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Grown:
    """The runs of each training on the seeds so far, and how long all of it took, in seconds."""

    runs: tuple[Runs, ...]
    seconds: float

    @property
    def count(self) -> int:
        """How many seeds there are so far."""
        return len(self.runs[0].solved)


def work_of(experiment: Experiment) -> float:
    """Return what one seed asks of the engine: examples seen × parameters."""
    seen = experiment.epochs * experiment.steps_per_epoch * experiment.examples_per_step
    return float(seen * experiment.network.parameters)


def growing(trainings: Sequence[Training], seeds: range) -> Iterator[Grown]:
    """Yield the runs of each training on more and more of the seeds, from the first on, side by side."""
    runs: tuple[Runs, ...] = ()
    seconds = 0.0
    chunk = _first_chunk(trainings, seeds)
    while chunk:
        started, worked = time.perf_counter(), time.process_time()
        more = tuple(each.engine.train(each.experiment, chunk, threads=1)[0] for each in trainings)
        seconds += time.perf_counter() - started
        # Of a busy machine smaller chunks would only ask for more.
        worked = time.process_time() - worked
        runs = tuple(map(_joined, runs, more)) if runs else more
        yield Grown(runs=runs, seconds=seconds)
        count = _fitting(trainings, worked / len(chunk))
        left = seeds.stop - chunk.stop
        # A small rest isn't worth a frame of its own.
        chunk = range(chunk.stop, seeds.stop if left <= 1.25 * count else chunk.stop + count)


def _joined(first: Runs, more: Runs) -> Runs:
    return concatenate([first, more])


def _first_chunk(trainings: Sequence[Training], seeds: range) -> range:
    work = sum(work_of(each.experiment) for each in trainings)
    return seeds[: _tiles(FIRST_WORK / work)]


def _fitting(trainings: Sequence[Training], seconds_a_seed: float) -> int:
    """Return how many seeds take about a frame's time; torch's steps cost the same for few as for many."""
    most = min(each.engine.chunk_seeds for each in trainings)
    if any(each.engine.name != "fast" for each in trainings):
        return most
    return min(most, _tiles(FRAME_SECONDS / max(seconds_a_seed, 1e-9)))


def _tiles(count: float) -> int:
    """Return about so many seeds, but whole tiles."""
    tile = FULL_TILE if count >= FULL_TILE else LEAST_TILE
    return max(LEAST_TILE, int(count) // tile * tile)


def how_words(grown: Grown, trainings: Sequence[Training]) -> str:
    """Return what was trained, how fast and by what, as a sentence."""
    runs = sum(len(each.solved) for each in grown.runs)
    epochs = sum(len(each.solved) * each.experiment.epochs for each in grown.runs)
    speed = format_number(float(f"{epochs / grown.seconds:.2g}"))
    took = f"{grown.seconds:.2g} s" if grown.seconds >= 1 else f"{1000 * grown.seconds:.0f} ms"
    engines = join(list(dict.fromkeys(each.engine.name for each in trainings)))
    return (
        f"{counted(runs, 'run')} in {took} on one core: {speed} epochs of a network a second "
        f"({engines} engine)."
    )


# What runs came to, in numbers and words: how many are solved, and how the others failed.


WORDS = {
    "diverged": "to an output that is no finite number",
    "vanishing gradient": "with a high loss: almost no gradient in the first layer, but one in the last",
    "standing still": "with a high loss, and almost no gradient in any layer",
    "stuck": "or still on the way: the loss is high, though gradients arrive",
    "low loss": "but the goal is missed",
}
"""How runs fail, by the rule of `trainlab.studies.causes`."""

RULE = (
    f"At the end: a loss is high from {HIGH_LOSS:g} times that of the best constant answer on; there is "
    f"almost no gradient where the mean |∂L/∂w| of a layer's weights is below {format_number(THRESHOLD)}. "
    "That is how runs end, not what would have saved them: solved runs can have small gradients, too."
)


def solved_sentence(solved: Rate, asked: int) -> str:
    """Return ``248 of 256 seeds solve it: 97 % (94 to 98 %).``"""
    seeds = "seed solves" if solved.n == 1 else "seeds solve"
    so_far = "" if solved.n == asked else " so far"
    return f"{solved.k:,} of {solved.n:,} {seeds} it{so_far}: {interval_words(solved)}."


def interval_words(share: Rate) -> str:
    """Return a share with its interval in whole percents: ``97 % (94 to 98 %)``."""
    return f"{percent_words(share)} ({100 * share.low:.0f} to {100 * share.high:.0f} %)"


def held_out_sentence(runs: Runs) -> str | None:
    """Return how runs do on the examples held out; None if there are none."""
    data = runs.experiment.data()
    if not data.held_out:
        return None
    found = spread_of(runs.held_out_loss if data.kind == "regression" else runs.held_out_accuracy)
    if found is None:
        return None
    if data.kind == "regression":
        what = "Loss on the held-out examples"
        low, middle, high = (format_number(value) for value in found)
    else:
        what = "Held-out examples classified correctly"
        low, middle, high = (f"{format_share(value, decimals=1)} %" for value in found)
    return f"{what}: {middle} in the median run, {low} to {high} in the middle nine tenths."


def failures(runs: Runs) -> list[dict[str, Any]]:
    """Return how the unsolved runs failed, each kind as its share of them, the commonest first."""
    unsolved = int((~runs.solved).sum())
    if not unsolved:
        return []
    failed_ones, high = failed(runs), high_loss(runs)
    lost, still = vanishing(runs), standing_still(runs)
    counts = {
        "diverged": unsolved - int(failed_ones.sum()),
        "vanishing gradient": int(lost.sum()),
        "standing still": int(still.sum()),
        "stuck": int((high & ~lost & ~still).sum()),
        "low loss": int((failed_ones & ~high).sum()),
    }
    order = sorted((name for name in WORDS if counts[name]), key=lambda name: -counts[name])
    return [_failure(name, rate(counts[name], unsolved)) for name in order]


def _failure(name: str, share: Rate) -> dict[str, Any]:
    words = f"{share.k:,} of {share.n:,} ({percent_words(share)}): {name} {WORDS[name]}."
    return {"name": name, "words": words, **share.to_dict()}


# How often is it solved, and how do its runs go? One experiment on many seeds, in frames that grow.
#
# Kind ``population``. Every frame is about the seeds trained so far, from the first on:
#
# | field | what it is |
# |---|---|
# | `k`, `n`, `of` | solved, seeds so far, seeds asked for |
# | `low`, `high` | the interval of the share solved, from 0 to 1: `stats.rate` |
# | `diverged` | how many diverged |
# | `right` | ``{k, n, low, high}`` of those that tell every example right; null for a regression |
# | `parameters`, `steps` | of one network; optimizer steps of one run |
# | `seconds`, `engine`, `how` | what the training has taken so far, which engine did it, and both in words |
# | `first_seed` | the seed of the first entry of each array |
# | `sentence` | the answer |
# | `held_out` | how runs do on the examples held out, in words; null if there are none |
# | `why`, `why_rule` | how the others failed, ``[{name, words, k, n, low, high}]``, and by what rule |
# | `advice` | what can't go well, ``[{field, words}]`` |
# | `solved_is` | what counts as solved |
#
# Arrays: `solved`, `diverged` u1[n], `loss` f4[n] (at the end), `solved_epoch` i4[n] (the first at which it
# was found solved, −1 for never), `curve_epochs` i4[E], `curve` f8[5, E]: the quantiles 0.05, 0.25, 0.5,
# 0.75 and 0.95 of the loss, over the runs that are finite there.


def answer_population(question: Population, limits: Limits) -> Iterator[Frame]:
    """Yield how often the experiment is solved, on more and more seeds."""
    asked = experiment_of(question.experiment, limits, seeds=question.seeds)
    training, advice = Training.of(asked), advice_on(asked, question.first_seed)
    seeds = range(question.first_seed, question.first_seed + question.seeds)
    for grown in growing([training], seeds):
        (runs,) = grown.runs
        yield Frame(
            kind="population",
            fields={
                **population_fields(runs, asked=len(seeds), advice=advice),
                "engine": training.engine.name,
                "seconds": grown.seconds,
                "how": how_words(grown, [training]),
            },
            arrays=population_arrays(runs),
            last=grown.count == len(seeds),
        )


def population_fields(runs: Runs, *, asked: int, advice: Sequence[Advice]) -> dict[str, object]:
    """Return the fields of an answer about these runs of `asked` seeds."""
    experiment, n = runs.experiment, len(runs.solved)
    solved = rate(int(runs.solved.sum()), n)
    regression = experiment.data().kind == "regression"
    return {
        **solved.to_dict(),
        "of": asked,
        "diverged": int(runs.diverged.sum()),
        "right": None if regression else rate(int(predicts_right(runs).sum()), n).to_dict(),
        "parameters": experiment.network.parameters,
        "steps": experiment.epochs * experiment.steps_per_epoch,
        "first_seed": runs.first_seed,
        "sentence": solved_sentence(solved, asked),
        "held_out": held_out_sentence(runs),
        "why": failures(runs),
        "why_rule": RULE,
        "advice": advice,
        "solved_is": solved_rule([experiment.solved]),
    }


def population_arrays(runs: Runs) -> dict[str, Numbers]:
    """Return the arrays of an answer about these runs."""
    epochs, curves = loss_curves(runs)
    return {
        "solved": runs.solved,
        "diverged": runs.diverged,
        "loss": runs.loss.astype(np.float32, copy=False),
        "solved_epoch": runs.solved_epoch,
        "curve_epochs": epochs,
        "curve": quantile_curves(curves),
    }


def loss_curves(runs: Runs) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.floating]]:
    """Return epochs ``[E]`` and the losses of all runs there, ``[n, E]``; the last is the end."""
    # Seeds so large that their curves aren't kept are read from the rounded ones.
    curves = np.concatenate([runs.loss_curve, decode(runs.coarse_loss).astype(runs.loss_curve.dtype)])
    epochs = runs.loss_epochs
    if epochs[-1] == runs.experiment.epochs:
        return epochs, curves
    return np.append(epochs, runs.experiment.epochs), np.column_stack([curves, runs.loss])
