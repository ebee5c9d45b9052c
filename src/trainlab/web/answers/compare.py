"""What does B do that A doesn't? Two experiments on the same seeds, in frames that grow.

Kind ``compare``. Every frame is about the seeds trained so far, from the first on:

| field | what it is |
|---|---|
| `a`, `b` | the fields of a ``population`` (without `engine`, `seconds` and `how`) |
| `n`, `of`, `first_seed` | seeds so far, seeds asked for, the first of them |
| `effect` | B's share solved less A's: ``{estimate, low, high, p_adjusted, p_small_adjusted, reading}`` |
| `sentence` | the answer |
| `changes`, `changes_sentence` | what differs, ``[{field, words}]``, and whether that is one thing |
| `seconds`, `how` | what the training has taken so far, in numbers and words |

The effect and its interval are those of a study: Bonett and Price's, paired by seed.

Arrays: those of a ``population`` of each, as `a_solved`, `b_loss`, `a_curve`; and `rescued` f8[r], the seeds
that only B solves, `lost` f8[l], those that only A solves (float64 holds every seed exactly)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.draw import counted, format_number
from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.spec import Experiment, name_of
from trainlab.stats import ReadEstimate, Reading, paired_difference, read_family
from trainlab.studies.maps.question import WORDS
from trainlab.web.answers.population import (
    Training,
    advice_on,
    growing,
    how_words,
    population_arrays,
    population_fields,
)
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.frames import Frame, Numbers
from trainlab.web.questions import Compare, Limits

# What differs between two experiments, a thing at a time, in words.


_NUMBERS = ("", "", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def differences(a: Experiment, b: Experiment) -> list[dict[str, str]]:
    """Return what differs, ``[{field, words}]``; what is recorded makes no difference.

    Another kind of a part is one thing, and each field that both kinds have, with other values, another.
    """

    def words(path: str, x: Any, y: Any) -> str:
        named = f"{WORDS.get(path, path)}{_reach(path, a, b)}"
        return f"{named}: {_written(path, x, a)} → {_written(path, y, b)}"

    return [
        {"field": path, "words": words(path, x, y)}
        for path, x, y in _walk(a, b, "")
        if path.split(".")[0] != "record"
    ]


def differ_sentence(found: list[dict[str, str]]) -> str:
    """Return how many things differ, and what that means for the comparison."""
    if not found:
        return "Nothing differs: A and B are the same training."
    if len(found) == 1:
        return "One thing differs."
    number = _NUMBERS[len(found)] if len(found) < len(_NUMBERS) else f"{len(found):,}"
    return f"{number} things differ; which of them did it isn't told."


def _walk(a: msgspec.Struct, b: msgspec.Struct, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path and both values of all that differs, down to fields."""
    if type(a) is not type(b):
        yield path, a, b
    for name in a.__struct_fields__:
        if name not in b.__struct_fields__:
            continue
        x, y = getattr(a, name), getattr(b, name)
        below = f"{path}.{name}" if path else name
        if x == y:
            continue
        if isinstance(x, msgspec.Struct) and isinstance(y, msgspec.Struct):
            yield from _walk(x, y, below)
        else:
            yield below, x, y


def _reach(path: str, a: Experiment, b: Experiment) -> str:
    """Say that an activation or bias holds for the last layer, too, which is easily forgotten."""
    own = {"network.activation": "output_activation", "network.bias": "output_bias"}.get(path)
    if own is None or getattr(a.network, own) is not None or getattr(b.network, own) is not None:
        return ""
    return " (every layer, the last one too)"


def _written(path: str, value: Any, experiment: Experiment) -> str:
    """Return a value as a person would write it."""
    if path == "network.output_activation" and value is None:
        return f"like the others ({experiment.network.activations[-1]})"
    if path == "network.widths":
        return experiment.network.label
    if value is None:
        return "left out"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return format_number(value, digits=6)
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        return f"({', '.join(_written('', each, experiment) for each in items)})" if items else "none"
    if isinstance(value, Experiment):
        return "a training before this one"
    return name_of(value) if isinstance(value, msgspec.Struct) else str(value)


CLAIMS: Mapping[Reading, str] = {
    "helps": "B solves more seeds than A",
    "hurts": "B solves fewer seeds than A",
    "shown to be small": "B is shown to change the share solved by less than 2 points",
    "no difference seen": "No difference is seen between A and B",
}


def answer_compare(question: Compare, limits: Limits) -> Iterator[Frame]:
    """Yield what B does that A doesn't, on more and more seeds."""
    each = replace(limits, work=limits.work / 2)
    a = _read("A", question.a, each, question.seeds)
    b = _read("B", question.b, each, question.seeds)
    trainings = [Training.of(a), Training.of(b)]
    advice = [advice_on(one, question.first_seed) for one in (a, b)]
    changes = differences(a, b)
    seeds = range(question.first_seed, question.first_seed + question.seeds)
    for grown in growing(trainings, seeds):
        runs_a, runs_b = grown.runs
        effect = read_family({"B": paired_difference(runs_a.solved, runs_b.solved)})["B"]
        rescued, lost = _turned(runs_a, runs_b)
        fields: dict[str, object] = {
            "a": population_fields(runs_a, asked=len(seeds), advice=advice[0]),
            "b": population_fields(runs_b, asked=len(seeds), advice=advice[1]),
            "n": grown.count,
            "of": len(seeds),
            "first_seed": seeds.start,
            "effect": effect.to_dict(),
            "sentence": _sentence(effect, runs_a, runs_b, len(rescued), len(lost)),
            "changes": changes,
            "changes_sentence": differ_sentence(changes),
            "seconds": grown.seconds,
            "how": how_words(grown, trainings),
        }
        yield Frame(
            kind="compare",
            fields=fields,
            arrays={
                **{f"a_{name}": values for name, values in population_arrays(runs_a).items()},
                **{f"b_{name}": values for name, values in population_arrays(runs_b).items()},
                "rescued": rescued,
                "lost": lost,
            },
            last=grown.count == len(seeds),
        )


def _read(side: str, data: Mapping[str, Any], limits: Limits, seeds: int) -> Experiment:
    try:
        return experiment_of(data, limits, seeds=seeds)
    except SpecError as error:
        raise SpecError(f"{side}: {error}") from None


def _turned(a: Runs, b: Runs) -> tuple[Numbers, Numbers]:
    """Return the seeds that only B solves, and those that only A does."""
    return _seeds(a, b.solved & ~a.solved), _seeds(a, a.solved & ~b.solved)


def _seeds(runs: Runs, which: npt.NDArray[np.bool_]) -> Numbers:
    return runs.first_seed + np.flatnonzero(which).astype(np.float64)


def _sentence(effect: ReadEstimate, a: Runs, b: Runs, rescued: int, lost: int) -> str:
    solved = f"{int(b.solved.sum()):,} of {counted(len(b.solved), 'seed')}, A {int(a.solved.sum()):,}"
    turned = f"{counted(rescued, 'seed')} rescued, {lost:,} lost" if rescued or lost else "no seed turns"
    differ = "" if a.experiment.solved == b.experiment.solved else " They count different things as solved."
    return f"{CLAIMS[effect.reading]}: {solved}; {effect.value}; {turned}.{differ}"
