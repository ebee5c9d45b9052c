"""What is said of each fault: what the doctor knows of it, and its finding on the training that has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from diagnosis.trainings_with_faults import NAMES, report_on
from golden.copies import Case
from golden.views import shortened, without_moments

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.faults import all_faults

FILE = "findings.txt"
WILD = ("bad_weight_init", "dropout_misuse", "train_mode_evaluation")
"""Trainings of which the words count, as their numbers are others elsewhere: the first amplifies the rounding
of float64 as well, and PyTorch's versions draw dropout in different ways."""


OF_ITS_OWN = (
    "where",
    "place",
    "confidence",
    "proof",
    "evidence",
    "remedy",
    "consequence_of",
    "because",
    "picture",
)
"""Fields of the fault's own finding that others' haven't."""
DRAWS = ("dropout_always_on", "layer_made_in_forward")
"""Faults whose network draws as it answers, so that the rows on which it comes out best are luck."""
OF_A_CONSEQUENCE = ("fault", "where", "evidence", "consequence_of", "because")
"""Of another's finding, whose own section has the rest."""


def said_of(name: str) -> dict[str, str]:
    """Return what is said of a fault, a line each; without what its report says as every report does."""
    lines = [*_known(all_faults()[name])]
    if name in NAMES:
        lines += _found(name, json.loads(report_on(name).to_json()))
    return {name: without_moments("".join(f"{line}\n" for line in lines))}


def _known(fault: Fault) -> Iterator[str]:
    """Yield what pages and `trainlab faults` say."""
    for part in ("title", "what", "rule", "source", "silence", "proof", "remedy", "not_to_blame"):
        if getattr(fault, part):
            yield f"{part}: {getattr(fault, part)}"
    if not fault.remedies:
        yield f"untried: {fault.untried}"
    yield f"family: {fault.family}; see: {', '.join(fault.see)}; signals: {', '.join(fault.signals)}"
    for one in fault.explains:
        yield f"explains: {', '.join(one.symptoms)}: {one.why}"


def _found(name: str, report: dict[str, Any]) -> Iterator[str]:
    """Yield what the report has that other faults' haven't: the verdict, and the findings."""
    yield f"verdict: {report['verdict']}"
    for finding in report["findings"]:
        own = finding["fault"] == name
        for key in OF_ITS_OWN if own else OF_A_CONSEQUENCE:
            yield from _lines(key, "" if finding[key] is None else finding[key])
    outcome = report["outcome"]
    told = ("state", "reached_as") if name in DRAWS else ("state", "reached_as", "reached_on")
    yield from _lines("outcome", {key: outcome[key] for key in told})
    for key, value in (
        ("not_asked", outcome["not_asked"]),
        *((key, report[key]) for key in ("notes", "troubles")),
    ):
        yield from _lines(key, value)


def _lines(key: str, value: Any) -> Iterator[str]:
    """Yield a sentence or an object a line, after its key; of numbers those that a copy keeps."""
    if isinstance(value, str):
        for line in value.splitlines():
            yield f"  {key}: {line}"
    elif isinstance(value, dict):
        plain = {
            name: _flat(each) for name, each in value.items() if each not in (None, "") and _is_plain(each)
        }
        if plain:
            yield f"  {key}: {', '.join(f'{name} {words}' for name, words in plain.items())}"
        for name, each in value.items():
            if not _is_plain(each):
                yield from _lines(f"{key}.{name}", each)
    elif _is_plain(value):
        yield f"  {key}: {_flat(value)}"
    else:
        for each in value:
            yield from _lines(key, each)


def _is_plain(value: Any) -> bool:
    """Return whether it goes on a line with others: a word or some, a number, numbers."""
    if isinstance(value, list):
        return not any(isinstance(each, str | dict) for each in value)
    return not isinstance(value, dict) and "\n" not in str(value)


def _flat(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(shortened(value), ensure_ascii=False)


CASES = {
    f"fault_{name}": Case(
        make=partial(said_of, name), file=FILE, section=name, numbers="any" if name in WILD else "close"
    )
    for name in all_faults()
}
