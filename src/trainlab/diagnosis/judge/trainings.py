"""The trainings of a script, told apart by what networks, optimizers and losses share; a record each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from trainlab.diagnosis.judge.one_training import record_of, steps_of
from trainlab.diagnosis.observed.events import Cut, NoGradInside
from trainlab.diagnosis.observed.parts import Part, Steps
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.signals.training import optimizer_name

LEAST = 10
"""Fewer backward passes are no training: a look at one batch, a network that is tried out."""
_PASSED_ON = 0.25
"""A network that is evaluated between the steps of another in a quarter of its own passes answers it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class One:
    """A training by the name that the script gives its networks."""

    name: str
    record: TrainingRecord


def trainings_of(record: TrainingRecord) -> list[One]:
    """Return the trainings in the order in which they began; none where it is one, or isn't certain."""
    parts = record.parts
    learning = {number: part for number, part in parts.items() if part.backwards >= LEAST}
    if len(learning) < 2 or not all(part.steps.known for part in parts.values()):
        return []
    if any(one.training not in parts for one in (*record.losses, *record.loss_curves)):
        return []
    groups = _groups(record, learning)
    if len(groups) < 2:
        return []
    taken = _taken(record, groups)
    records = [record_of(record, numbers, taken[min(numbers)]) for numbers in groups]
    if any(not one.loss_curves for one in records):
        return []
    names = _unique([_name(one) for one in records])
    return [One(name=name, record=one) for name, one in zip(names, records, strict=True)]


def _groups(record: TrainingRecord, learning: dict[int, Part]) -> list[set[int]]:
    """Return the numbers of each training.

    Networks that take turns, of which one is asked for what another learns from, are one: as an actor and
    its critic, of which only numbers pass to and fro.
    """
    groups = [{number} for number in learning]
    linked = True
    while linked:
        linked = False
        for one in groups:
            other = next((more for more in groups if more is not one and _depend(record, one, more)), None)
            if other is not None:
                groups.remove(other)
                one |= other
                linked = True
                break
    return sorted(groups, key=lambda group: min(learning[number].steps.first for number in group))


def _depend(record: TrainingRecord, one: set[int], other: set[int]) -> bool:
    mine, theirs = (steps_of(record, numbers) for numbers in (one, other))
    if not _take_turns(mine, theirs):
        return False
    return _answers(record, one, mine) or _answers(record, other, theirs)


def _take_turns(one: Steps, other: Steps) -> bool:
    """Whether steps of both come one after the other, again and again."""
    if not one.count or not other.count:
        return True
    return one.first < other.last and other.first < one.last


def _answers(record: TrainingRecord, numbers: set[int], steps: Steps) -> bool:
    """Whether numbers of its network leave the graph while it trains, other than to be printed or judged."""
    params = {key for number in numbers for key in record.parts[number].params}
    networks = [one for one in record.networks if params & set(one.params)]
    if any(one.judge_ticks > _PASSED_ON * max(1, steps.count) for one in networks):
        return True
    cuts = [one for one in record.events if isinstance(one, Cut | NoGradInside) and one.params & params]
    return any(
        isinstance(one, NoGradInside) or (one.name in _HANDED_ON and one.ticks > _PASSED_ON * LEAST)
        for one in cuts
    )


_HANDED_ON = ("detach", "data", "argmax", "round", "sign", "tensor", "as_tensor")
"""What tensors are cut off by to be used again; numbers that are printed leave by `item` and the like."""


def _taken(record: TrainingRecord, groups: list[set[int]]) -> dict[int, set[int]]:
    """Return the parameters of each training: its own, and those of networks that only answer it."""
    taken = {
        min(numbers): {key for number in numbers for key in record.parts[number].params} for numbers in groups
    }
    owned = {key for keys in taken.values() for key in keys}
    spans = {min(numbers): steps_of(record, numbers) for numbers in groups}
    for network in record.networks:
        if not network.params or owned & set(network.params):
            continue
        for number, steps in spans.items():
            if network.first_tick <= steps.last and network.last_tick >= steps.first:
                taken[number] |= set(network.params)
    return taken


def _name(record: TrainingRecord) -> str:
    """Return the names of the networks that learn, without parts of others; without any, the optimizer's."""
    learns = [
        one
        for one in record.networks
        if one.learn_in_train + one.learn_in_eval and any(record.params[key].reached for key in one.params)
    ]
    whole = [one for one in learns if not any(set(one.params) < set(other.params) for other in learns)]
    names = list(dict.fromkeys(one.name for one in whole or record.networks))
    if not names:
        names = [optimizer_name(one) for one in record.optimizers if one.steps]
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join(names) or "a training"


def _unique(names: list[str]) -> list[str]:
    """Return the names; of those that are alike with their number: ``model #2``."""
    counts, met = Counter(names), Counter[str]()
    unique: list[str] = []
    for name in names:
        met[name] += 1
        unique.append(f"{name} #{met[name]}" if counts[name] > 1 else name)
    return unique
