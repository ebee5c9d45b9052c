"""How often the doctor is right, from what `scripts/measure doctor` has kept in measure/trust.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from measure.blocks import ROOT, table
from measure.doctor_liftable import SET
from measure.doctor_outcomes import disagreements
from measure.doctor_score import (
    ADVICE,
    FEWER,
    SEEDS,
    TRIED,
    Bin,
    Row,
    Score,
    alarms,
    by_fault,
    by_set,
    calibration,
    is_accused,
    overhead,
    remedies_scored,
)
from trainlab.diagnosis.report.verdict import FAILED
from trainlab.draw import Measured, counted, format_number, measured_curves
from trainlab.stats import Rate, rate

# What the doctor said at first sight of trainings that others wrote, from measure/real_trainings.json.


TRAININGS = "measure/real_trainings.json"
JUDGED = {
    "false": "accused, and sound",
    "arguable": "arguable",
    "unseen": "not seen",
    "outcome": "outcome wrong",
    "true": "true",
}
"""How what was said was judged, by somebody who read the script; `right` is all else: nothing was accused."""


def trainings_kept() -> dict[str, Any]:
    """Return the trainings, and what was said of each."""
    return json.loads((ROOT / TRAININGS).read_text(encoding="utf-8"))


def first_sight() -> str:
    """How many sound ones were accused, and what became of it."""
    trainings = trainings_kept()["trainings"]
    counts = Counter(one["judged"] for one in trainings)
    faulty = counts["true"]
    sound = len(trainings) - faulty
    accused = rate(counts["false"], sound)
    argued = rate(counts["false"] + counts["arguable"], sound)
    left = sum(one["judged"] == "false" and one["now"] != "mended" for one in trainings)
    return (
        f"{counted(len(trainings), 'training')}, {trainings_kept()['date']}: in {faulty} what was found is "
        f"there. Of the other {sound} the doctor accused {_words(accused)} without reason, and "
        f"{_words(argued)} with those that can be argued about; of {counts['unseen']} it said that no "
        f"training was seen, and of {counts['outcome']} the outcome was wrong. The rest, {counts['right']}, "
        f"were accused of nothing. {_left(left)}"
    )


def told() -> str:
    """A row for each of which something was said."""
    order = list(JUDGED)
    trainings = [one for one in trainings_kept()["trainings"] if one["judged"] in JUDGED]
    rows = [
        (
            one["source"],
            ", ".join(f"`{fault}`" for fault in one["faults"]) or "–",
            JUDGED[one["judged"]],
            one["why"],
            one["now"] or "–",
        )
        for one in sorted(trainings, key=lambda one: order.index(one["judged"]))
    ]
    return table(("training", "said at first sight", "judged", "why", "since"), rows)


def _words(value: Rate) -> str:
    return f"{value.k} ({100 * value.low:.0f}–{100 * value.high:.0f} %)"


def _left(count: int) -> str:
    if not count:
        return (
            "All that were accused without reason were mended since, so the next set has to be another one."
        )
    return f"{count} of those accused without reason {'is' if count == 1 else 'are'} left as they were."


KEPT = "measure/trust.json"
SETS = {
    "examples": "the scripts of `examples/` that train by PyTorch",
    "open": "`measure/doctor_cases/open`: rules were written with these in sight",
    "sealed": "`measure/doctor_cases/sealed`: nobody who writes rules reads them",
    "development": "a set from outside of the repository that the first rules were written with",
    "all": "all of these",
}
ASKED = (
    (
        "gradsnitch 0.1.0",
        "losses, gradient norms, rates and updates as columns of numbers",
        "NaN, spikes, plateaus, swings, vanishing gradients, rates too high or decayed early, overfitting",
    ),
    (
        "torchdiag 0.1.0",
        "a network after a backward pass; a batch",
        "gradients that are missing, below 10⁻⁷ or above 100; dead units of `nn.ReLU` modules",
    ),
    (
        "trainpulse 0.4.0",
        "numbers by name and step",
        "NaN, spikes, plateaus, gradient norms outside of fixed limits, jumps of the rate",
    ),
    (
        "traintools 0.6.2",
        "a network after a backward pass; a batch; outcomes by example",
        "non-finite, vanished or large gradients, updates by weights, constant or huge inputs",
    ),
)
"""Tools, what they are given, and what they can say."""


def kept() -> dict[str, Any]:
    """Return what was measured."""
    return json.loads((ROOT / KEPT).read_text(encoding="utf-8"))


def sets() -> str:
    """A row a set, and what the sets are."""
    rows = kept()["rows"]
    heads = ("set", "found", "first", "placed", "accused: healthy", "accused: mended")
    found = [_score_row(score) for score in by_set(rows)]
    names = dict.fromkeys(row["set"] for row in rows)
    lines = [f"- **{name}**: {SETS[name]}." for name in names if name in SETS]
    return f"{table(heads, found)}\n\n" + "\n".join(lines) + _states(rows, "verdicts")


def _states(rows: Sequence[Row], what: str) -> str:
    states = len({row["doctor"] for row in rows})
    if states < 2:
        return ""
    return f"\n\nThese {what} are from {states} states of the doctor's code, a few hours apart."


def wrong() -> str:
    """What was named on scripts without a fault, and how many first findings on the others are wrong."""
    rows: list[Row] = kept()["rows"]
    sound = [row for row in rows if row["kind"] != "faulty"]
    named = alarms(rows)
    told = ", ".join(f"`{name}` {count}×" for name, count in named.items())
    accused = sum(map(is_accused, sound))
    faulty = [row for row in rows if row["kind"] == "faulty"]
    silent = sum(not row["said"] for row in faulty)
    wrong_first = sum(bool(row["said"]) and not row["said"][0]["right"] for row in faulty)
    return (
        f"Of {counted(len(sound), 'script')} without a fault, healthy and mended, {accused} "
        f"{'is' if accused == 1 else 'are'} accused{f' ({told})' if told else ''}. Of "
        f"{counted(len(faulty), 'script')} with one, the doctor finds nothing in {silent}, and in "
        f"{wrong_first} what it names first is neither the fault nor another right answer."
    )


def faults() -> str:
    """A row a fault, of all sets together."""
    heads = ("fault", "scripts", "found", "first", "placed", "mended accused")
    lines = [
        (
            f"`{score.name}`",
            str(score.found.n),
            *map(_k, (score.found, score.first, score.placed)),
            _of(score.mended),
        )
        for score in by_fault(kept()["rows"])
        if score.found is not None
    ]
    return table(heads, lines)


def confidence() -> str:
    """A row a range of confidences: all findings, and first ones."""
    rows = kept()["rows"]
    first = {each.low: each for each in calibration(rows, first=True)}
    heads = ("confidence", "on average", "right, of all findings", "right, of first findings")
    lines = [
        (
            _range(each),
            f"{each.said:.2f}",
            _of(each.right),
            _of(first[each.low].right) if each.low in first else "",
        )
        for each in calibration(rows)
    ]
    return table(heads, lines)


def pictures(_: object) -> dict[str, str]:
    """Return the reliability diagram."""
    rows = kept()["rows"]
    series = [
        _series("all findings", calibration(rows)),
        _series("first findings", calibration(rows, first=True)),
    ]
    drawn = measured_curves(
        series,
        x_label="Confidence said",
        y_label="Share that were right",
        title="Is confidence earned?",
        measured_label="Points: share that were right, with 95 % interval (Wilson).",
    )
    return {"trust-confidence.svg": drawn.svg}


def cost() -> str:
    """What the doctor adds to a script."""
    found = kept()
    measured = overhead(found.get("cost", []))
    if measured is None:
        return "Not measured."
    about = found["machine"]
    words = (
        f"Over {measured['scripts']:.0f} scripts of these sets, each run by itself and by `trainlab doctor` "
        f"({about['processor']}, one thread, {about['date']}): the median takes {measured['plain_cpu']:.1f} "
        f"s of processor time by itself and {measured['more_cpu']:.1f} s more with the doctor, at most "
        f"{measured['most_cpu']:.1f} s more; all together {measured['times']:.2f} times as much. Peak memory "
        f"is {measured['more_mb']:.0f} MB higher (median; at most {measured['most_mb']:.0f} MB). "
        f"{measured['same']:.0f} of {measured['scripts']:.0f} print the same with the doctor, "
        "character for character."
    )
    return words + _training_cost(found) + _bits(found)


def outcomes() -> str:
    """How many runs aren't judged alike."""
    found = kept().get("outcomes")
    if not found:
        return "Not measured."
    runs = sum(len(row["runs"]) for row in found)
    other = disagreements(found)
    counts = Counter(row["set"] for row in found)
    of_all = Counter(row["set"] for row in kept()["rows"] if row["kind"] != "mended")
    sets = ", ".join(f"{name} {count} of {of_all[name]}" for name, count in sorted(counts.items()))
    words = (
        f"{counted(len(found), 'script')} ({sets}), {counted(runs, 'run')}: {len(other)} "
        f"{'is' if len(other) == 1 else 'are'} not judged alike."
    )
    if not other:
        return words
    return f"{words}\n\n{table(('script', 'seed', 'said'), other)}"


def peers() -> str:
    """What other tools can be asked, and how they fare."""
    rows = kept().get("peers", [])
    by_name = {name.split()[0]: (name, given, says) for name, given, says in ASKED}
    heads = ("tool", "is given", "can say", "right", "silent", "warns of healthy ones")
    keys = {row["key"] for row in rows}
    own = [row for row in kept()["rows"] if row["key"] in keys]
    lines = [_doctor_beside(own)] if own else []
    for short, (name, given, says) in by_name.items():
        said = [(row, row["tools"][short]) for row in rows if short in row["tools"]]
        faulty = [tool for row, tool in said if row["kind"] == "faulty"]
        healthy = [tool for row, tool in said if row["kind"] == "healthy"]
        lines.append(
            (
                name,
                given,
                says,
                f"{sum(each['right'] for each in faulty)} of {len(faulty)}",
                f"{sum(not each['warned'] for each in faulty)} of {len(faulty)}",
                f"{sum(each['warned'] for each in healthy)} of {len(healthy)}",
            )
        )
    return table(heads, lines)


def remedies() -> str:
    """How many of the remedies that reports print help, by how they are given and by the script's fault."""
    rows = kept().get("remedies")
    if not rows:
        return "Not measured."
    lifted = [row for row in rows if not row["why_not"]]
    made = sum(row["set"] == SET for row in lifted)
    failed = sum(row["state"] in FAILED for row in lifted)
    others = sum(row["set"] != SET for row in rows)
    printed = [(row["fault"], one) for row in lifted for one in row["remedies"]]
    groups = {
        name: [one for _, one in printed if holds(one)]
        for name, holds in (
            ("advice, tried by the doctor", lambda one: one["given"] == ADVICE and one["verdict"]),
            ("advice, not tried", lambda one: one["given"] == ADVICE and not one["verdict"]),
            ("told as tried, no advice", lambda one: one["given"] == TRIED),
        )
    }
    advice = [(fault, one) for fault, one in printed if one["given"] == ADVICE]
    by_fault = {
        f"`{name}`" if name else "no fault": [one for fault, one in advice if fault == name]
        for name in sorted({fault for fault, _ in advice})
    }
    silent = sum(not row["remedies"] for row in lifted)
    words = (
        f"{counted(len(lifted), 'script')} can be lifted: {made} made for this, and {len(lifted) - made} of "
        f"{others} that were asked of the sets; {failed} {'fails' if failed == 1 else 'fail'}. "
        f"Each remedy is asked on {SEEDS} seeds ({FEWER} of longer trainings). For {silent} there is none to "
        "ask: nothing is found, or no remedy is a change of an experiment."
    )
    heads = ("", "remedies", "help", "do nothing", "hurt")
    return (
        f"{words}\n\n{table(('remedies printed', *heads[1:]), _remedy_lines(groups))}\n\n"
        f"The advice, by the script's fault:\n\n"
        f"{table(('fault', *heads[1:]), _remedy_lines(by_fault, short=True))}{_states(lifted, 'reports')}"
    )


def _remedy_lines(groups: dict[str, list[Row]], *, short: bool = False) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    for name, asked in groups.items():
        found = remedies_scored(name, asked)
        if found is None:
            continue
        shares = (found.helps, found.nothing, found.hurts)
        helps, nothing, hurts = map(_k if short else _of, shares)
        if found.better:
            nothing += f"; {found.better} better"
        lines.append((name, str(found.helps.n), helps, nothing, hurts))
    return lines


def _doctor_beside(rows: Sequence[Row]) -> tuple[str, ...]:
    faulty = [row for row in rows if row["kind"] == "faulty"]
    healthy = [row for row in rows if row["kind"] == "healthy"]
    right = sum(any(each["right"] for each in row["said"]) for row in faulty)
    silent = sum(not row["said"] for row in faulty)
    accused = sum(map(is_accused, healthy))
    return (
        "trainlab doctor",
        "the script",
        "[these faults](faults.md)",
        f"{right} of {len(faulty)}",
        f"{silent} of {len(faulty)}",
        f"{accused} of {len(healthy)}",
    )


def _training_cost(found: dict[str, Any]) -> str:
    rows = found.get("overhead")
    if not rows:
        return ""
    heads = ("training", "parameters", "steps", "processor time", "with `trainlab.watch`", "memory")
    lines = [
        (
            row["model"],
            f"{row['parameters']:,}",
            f"{row['steps']:,}",
            f"{row['plain_cpu']:.1f} s",
            f"{row['cpu']:.1f} s ({row['cpu'] / row['plain_cpu'] - 1:+.0%})",
            f"{row['plain_mb']:,.0f} MB, {row['mb'] - row['plain_mb']:+,.0f} MB",
        )
        for row in rows
    ]
    return f"\n\n{table(heads, lines)}"


def _bits(found: dict[str, Any]) -> str:
    bits = found.get("bits")
    if not bits:
        return ""
    apart = bits["not_repeatable"]
    more = f"; {apart} more differ from themselves without it, too" if apart else ""
    return (
        "\n\nFinal weights, buffers and the states of all random generators are the same bit for bit, with "
        f"the doctor and without, in {bits['same']} of {bits['trainings']} trainings{more}: at the script's "
        f"end and after the doctor's last passes, which {bits['asked']} of them had "
        "(`scripts/measure bits`)."
    )


def _series(label: str, bins: Sequence[Bin]) -> Measured:
    said = [each.said for each in bins]
    shares = [each.right for each in bins]
    return Measured(
        label=label,
        x=said,
        theory=said,
        measured=[each.estimate for each in shares],
        low=[each.low for each in shares],
        high=[each.high for each in shares],
    )


def _score_row(score: Score) -> tuple[str, ...]:
    shares = (score.found, score.first, score.placed, score.healthy, score.mended)
    return (score.name, *map(_of, shares))


def _of(value: Rate | None) -> str:
    if value is None:
        return "–"
    return f"{value.k} of {value.n} ({100 * value.low:.0f}–{100 * value.high:.0f} %)"


def _k(value: Rate | None) -> str:
    return "–" if value is None else str(value.k)


def _range(each: Bin) -> str:
    return f"{format_number(each.low)} to {format_number(each.high)}"


BLOCKS = (confidence, cost, faults, first_sight, outcomes, peers, remedies, sets, told, wrong)
