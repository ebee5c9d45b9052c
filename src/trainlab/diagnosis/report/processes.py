"""The reports of a script's processes as one: that of the only training, or of each of several."""

from __future__ import annotations

from collections import Counter
from typing import Any

from trainlab.diagnosis.report.verdict import LEARNS, rank, verdict, with_trainings
from trainlab.draw import join

LEAST = 10
"""A process with fewer backward passes trains nothing where another one does."""
_OF_ONE = ("findings", "notes", "card", "looked_at", "outcome", "picture")
_LISTS = ("models", "optimizers", "losses", "loaders")
_COUNTS = ("steps", "backward_passes", "unregistered_parameters")


def with_processes(report: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the script's report with those of the processes that it has started, and that trained.

    Processes that train together, by PyTorch's distributed package, are one training: that of the first of
    them; another one is told of where it came to something else. Others are trainings of their own.
    """
    passes = max((one["card"]["backward_passes"] for one in others), default=0)
    others = [one for one in others if one["card"]["backward_passes"] >= min(LEAST, passes)]
    if not others:
        return report
    lowest = min((one["rank"] for one in others if "rank" in one), default=0)
    leading = [one for one in others if one.get("rank", lowest) == lowest]
    own = [report] if report["card"]["backward_passes"] >= LEAST else []
    ended = next((one["ended"] for one in others if one["ended"]["how"] == "steps"), report["ended"])
    words = _in_words(leading, others, own)
    told: dict[str, Any] = {**report, "ended": ended, "processes": words}
    troubles = dict.fromkeys(trouble for one in (report, *others) for trouble in one["troubles"])
    told["troubles"] = list(troubles)
    if len(leading) + len(own) == 1:
        one = leading[0]
        told |= {name: one[name] for name in (*_OF_ONE, "trainings", "judged", "acted") if name in one}
        if told.get("trainings"):
            return with_trainings(told, told["trainings"])
        return told | {"verdict": verdict(told)}
    return _of_several(told, [*own, *leading])


def _of_several(report: dict[str, Any], leading: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [part for one in leading for part in one.get("trainings") or [one]]
    names = [_name(part) for part in parts]
    counts, met = Counter(names), Counter[str]()
    trainings: list[dict[str, Any]] = []
    for name, part in zip(names, parts, strict=True):
        met[name] += 1
        own = f"{name} #{met[name]}" if counts[name] > 1 else name
        found = {kind: [one | {"training": own} for one in part[kind]] for kind in ("findings", "notes")}
        fields = {key: part[key] for key in ("verdict", *_OF_ONE)}
        trainings.append({"name": own, **fields, **found})
    first = sorted(trainings, key=lambda one: rank(one["outcome"]))
    judged = first[0]
    if rank(judged["outcome"]) >= LEARNS:
        judged = max(trainings, key=lambda one: one["looked_at"]["steps"])
    card = dict(judged["card"]) | {"epochs": None}
    card |= {name: [one for each in leading for one in each["card"][name]] for name in _LISTS}
    card |= {name: sum(each["card"][name] for each in leading) for name in _COUNTS}
    looked = dict(judged["looked_at"])
    for name in ("steps", "graphs", "parameters", "activations", "batches", "losses", "compiled_calls"):
        looked[name] = sum(one["looked_at"][name] for one in leading)
    told = report | {
        "card": card,
        "looked_at": looked,
        "outcome": judged["outcome"],
        "picture": judged["picture"],
        "judged": judged["name"],
        "notes": [note for one in first for note in one["notes"]],
    }
    return with_trainings(told, trainings)


def _name(part: dict[str, Any]) -> str:
    """Return the name of a training that has one, else those of its networks."""
    if "name" in part:
        return str(part["name"]).rpartition(" #")[0] or str(part["name"])
    return " and ".join(dict.fromkeys(one["name"] for one in part["card"]["models"])) or "a training"


def _in_words(leading: list[dict[str, Any]], others: list[dict[str, Any]], own: list[dict[str, Any]]) -> str:
    """Say in which processes the script trained, and which of those that train together differ."""
    together = [one for one in others if "rank" in one]
    if not together:
        if len(leading) == 1 and not own:
            return "The training ran in a process that the script started."
        processes = f"{len(leading)} process{'' if len(leading) == 1 else 'es'}"
        return f"The trainings ran in {processes} that the script started{', beside its own' if own else ''}."
    first = next(one for one in leading if "rank" in one)
    words = f"Trained in {first['ranks']} processes together; this is rank {first['rank']}."
    rest = [one for one in together if one not in leading]
    unlike = [one for one in rest if _came_to(one) != _came_to(first)]
    if not unlike:
        return words + (" The others came to the same." if len(rest) == first["ranks"] - 1 > 1 else "")
    return " ".join([words, *(f"Rank {one['rank']}: {_difference(one, first)}." for one in unlike)])


def _came_to(report: dict[str, Any]) -> tuple[str, frozenset[str]]:
    return report["outcome"]["state"], _faults(report)


def _faults(report: dict[str, Any]) -> frozenset[str]:
    return frozenset(one["fault"] for one in report["findings"])


def _difference(one: dict[str, Any], first: dict[str, Any]) -> str:
    more, fewer = sorted(_faults(one) - _faults(first)), sorted(_faults(first) - _faults(one))
    parts = [f"also {join(more)}"] if more else []
    parts += [f"not {join(fewer)}"] if fewer else []
    return "; ".join(parts) or "it came to another end (" + one["outcome"]["state"] + ")"
