"""The number reported is counted wrongly: the training may be well, and its metric says otherwise."""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import Miscounted
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

_WORDS = {
    "argmax": (
        "argmax() without dim gives one place of the whole batch's outputs, which is compared with the class "
        "of each row",
        "hardly any row can be right: the place goes up to rows × classes",
        "Take the largest output of each row.",
        "outputs.argmax(dim=1) == targets",
    ),
    "floor": (
        "the number of right answers is divided by that of all with //, which drops the fraction",
        "the share is 0 unless every answer is right",
        "Divide with /.",
        "correct / total",
    ),
    "broadcast": (
        "(n, 1) is compared with (n,): that compares each answer with the targets of all rows, n × n times",
        "the sum is over all pairs, so the number says little about the answers",
        "Give both the same shape.",
        "answers.squeeze(1) == targets",
    ),
}
_CALLS = {"argmax": "argmax", "floor": "floor_divide", "broadcast": "eq"}


def judge(training: Training) -> Finding | None:
    """Fire for the first comparison or division that can't be meant."""
    event = next(iter(_found(training)), None)
    if event is None:
        return None
    first, second, remedy, code = _WORDS[event.kind]
    return Finding(
        place=place_at(event.site, "evaluation", call=_CALLS[event.kind]),
        where=event.site.quoted if event.site else "the evaluation",
        confidence=0.9 if event.kind == "broadcast" else 0.95,
        evidence=(f"{first} ({event.count} times)" if event.count > 1 else first, second),
        remedy=remedy,
        code=code,
    )


def _found(training: Training) -> list[Miscounted]:
    events = training.record.events_of(Miscounted)
    return [event for event in events if event.kind != "floor" or event.largest <= 1]


def _picture(training: Training) -> Picture | None:
    """How often answers were counted so."""
    pairs = [
        (f"{_CALLS[event.kind]}{f' at line {event.site.line}' if event.site else ''}", float(event.count))
        for event in _found(training)
    ]
    return bars("Answers counted wrongly", "times", pairs)


FAULT = Fault(
    name="metric_miscounted",
    family="The loop",
    title="the metric is counted wrongly",
    what="The network is as good as it is, and the number printed says something else: `argmax()` over the "
    "whole batch, `correct // total`, or each answer compared with the targets of all rows.",
    formula="What `argmax()` without `dim` gives of two rows or more is compared with several targets. Or a "
    "count of right answers, as a tensor of whole numbers, is divided with rounding and gives 0 or 1. Or "
    "outputs (n, 1) are compared with targets (n,) and the n × n results summed up.",
    source="A fact, followed from call to call.",
    silent="the result of the division is larger than 1, rows are compared with each other or with their "
    "places, or the n × n results are kept as a table.",
    remedy="`outputs.argmax(dim=1)`, `/` instead of `//`, and the same shape on both sides of `==`.",
    judge=judge,
    picture=_picture,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
)
