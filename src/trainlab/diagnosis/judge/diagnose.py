"""From what was seen to a report: every fault is asked, and causes come before what they cause."""

from __future__ import annotations

from dataclasses import asdict, replace
from statistics import median
from typing import Any

from trainlab.diagnosis.fault import SYMPTOMS, Fault
from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.judge.outcome import KnownFailure, outcome_of
from trainlab.diagnosis.judge.recipe import asked_of
from trainlab.diagnosis.judge.rule_reading import Asked, ruled
from trainlab.diagnosis.judge.trainings import One, trainings_of
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.pictures.shared_pictures import loss_picture
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.report.card import card_of, looked_at
from trainlab.diagnosis.report.report import Report
from trainlab.diagnosis.report.verdict import FAILED, IDLE, LEARNS, SYMPTOM, rank
from trainlab.diagnosis.signals.training import Training, largest_rate, new_rate, training_from, with_setting


def diagnose(
    record: TrainingRecord,
    *,
    ended: dict[str, object] | None = None,
    missed: KnownFailure | None = None,
    asked: Asked | None = None,
) -> Report:
    """Ask every fault; a judge that fails is reported, and the others go on.

    Where it is known that a goal was missed, that is the outcome, and no rule has to guess it from batches;
    and where the user's own rule is `asked`, that decides.
    Of a script with several trainings each is diagnosed by itself.
    """
    troubles: list[str] = []
    trainings: list[One] = []
    if missed is None:
        try:
            trainings = trainings_of(record)
        except Exception as error:
            troubles.append(f"telling trainings apart: {type(error).__name__}: {error}")
    if not trainings:
        report, _ = _diagnosed(record, ended=ended, missed=missed, asked=asked)
        return replace(report, troubles=(*report.troubles, *troubles)) if troubles else report
    return _together(record, trainings, ended=ended, asked=asked)


def _together(
    record: TrainingRecord, trainings: list[One], *, ended: dict[str, object] | None, asked: Asked | None
) -> Report:
    """Return the report on several trainings: one each, and what concerns all of them."""
    pairs = [_diagnosed(one.record, ended=ended, missed=None, asked=asked, alone=False) for one in trainings]
    reports = [
        replace(
            report,
            name=one.name,
            findings=tuple(replace(finding, training=one.name) for finding in report.findings),
            notes=tuple(replace(note, training=one.name) for note in report.notes),
        )
        for one, (report, _) in zip(trainings, pairs, strict=True)
    ]
    first = sorted(reports, key=lambda one: rank(one.outcome))
    judged = (
        first[0] if rank(first[0].outcome) < LEARNS else max(reports, key=lambda one: one.looked_at["steps"])
    )
    whole = Training(record, pairs[reports.index(judged)][1].learning)
    return Report(
        findings=tuple(finding for one in first for finding in one.findings),
        notes=tuple(note for one in first for note in one.notes),
        card=card_of(whole) | {"epochs": None},
        looked_at=looked_at(whole) | {"batches": sum(one.looked_at["batches"] for one in reports)},
        ended=dict(ended or {"how": record.ended}),
        outcome=judged.outcome,
        recipe=judged.recipe,
        troubles=(*record.troubles, *(trouble for one in reports for trouble in one.troubles)),
        picture=judged.picture,
        trainings=tuple(reports),
        judged=judged.name,
    )


_CUT_OFF = ("steps", "time", "interrupted", "killed", "error", "still training", "begun anew")
"""How a training ends that was to go on."""


def _diagnosed(
    record: TrainingRecord,
    *,
    ended: dict[str, object] | None,
    missed: KnownFailure | None,
    asked: Asked | None,
    alone: bool = True,
) -> tuple[Report, Training]:
    """Return the report on one training, and the training as the faults were asked about it."""
    # The signals; what is known beforehand, or what the user asks for, comes before what batches suggest.
    training = training_from(record)
    training.cut_off = (ended or {}).get("how") in _CUT_OFF
    if missed is not None:
        training.learning = missed.judge(training.learning)
    if asked is not None:
        training.learning = ruled(asked, training.learning, alone=alone)
    # Every fault, in the order of blame: a judge sees those found before it (`training.faults`).
    found: list[Finding] = []
    troubles = list(record.troubles)
    for name, fault in all_faults().items():
        try:
            finding = fault.found(training)
        except Exception as error:
            troubles.append(f"rule {name}: {type(error).__name__}: {error}")
            continue
        if finding is not None:
            if not finding.is_note:
                training.faults.add(finding.fault)
            found.append(_drawn_and_edited(fault, finding, training, troubles))
    # Causes before what they cause, and what is proven to be to blame before what may be.
    faults = in_order_of_blame([finding for finding in found if not finding.is_note])
    fails = training.learning.state in FAILED
    report = Report(
        findings=tuple(proven_first(explained(faults), fails=fails)),
        notes=tuple(finding for finding in found if finding.is_note),
        card=card_of(training),
        looked_at=looked_at(training),
        ended=dict(ended or {"how": record.ended}),
        outcome=outcome_of(training),
        recipe=tuple(map(asdict, asked_of(training))),
        troubles=tuple(troubles),
        picture=loss_picture(training),
    )
    return report, training


def in_order_of_blame(found: list[Finding]) -> list[Finding]:
    """Return the findings in the order of blame, with two exceptions.

    A NaN that no pole explains comes after what blew the numbers up; and gradients that are huge before
    the first step come before the learning rate, with the weights that make them so.
    """
    places = {finding.fault: float(place) for place, finding in enumerate(found)}
    by_fault = {finding.fault: finding for finding in found}
    nan, huge = by_fault.get("nonfinite_values"), by_fault.get("exploding_gradient")
    if nan is not None and nan.confidence < 0.9:
        blown = [places[name] for name in ("lr_too_high", "exploding_gradient") if name in places]
        if blown:
            places["nonfinite_values"] = max(blown) + 0.5
    if huge is not None and huge.confidence >= 0.9 and "lr_too_high" in places:
        places["exploding_gradient"] = places["lr_too_high"] - 0.5
        if "bad_weight_init" in places:
            places["bad_weight_init"] = places["lr_too_high"] - 0.6
    return sorted(found, key=lambda finding: places[finding.fault])


def explained(ranked: list[Finding]) -> list[Finding]:
    """Return findings that are in the order of blame with each one's cause, those without a cause first.

    The cause is the last one before it that explains it: a rate too large explains the NaN, the NaN what
    comes of it; but those that the fault itself puts first (`Fault.first_blamed`) come before that. Nothing
    is explained by what is blamed after it.
    """
    known = all_faults()
    found: list[Finding] = []
    for place, finding in enumerate(ranked):
        whys = {one.fault: known[one.fault].why(finding.fault) for one in ranked[:place]}
        causes = [cause for cause, why in whys.items() if why]
        first = [cause for cause in causes if cause in known[finding.fault].first_blamed]
        cause = (first or causes or [None])[-1]
        found.append(
            finding if cause is None else replace(finding, consequence_of=cause, because=whys[cause])
        )
    return [one for one in found if not one.consequence_of] + [one for one in found if one.consequence_of]


def proven_first(found: list[Finding], *, fails: bool) -> list[Finding]:
    """Return the findings with the causes that are proven to be to blame before those that aren't.

    Where the training `fails`, those that no training fails of come last, and a layer that nothing reaches
    where the rest is reached, no other finding follows from it, and another is more than a symptom.
    """
    known = all_faults()
    causes = [one for one in found if not one.consequence_of]
    others = [one for one in found if one.consequence_of]
    follows = any(one.consequence_of == IDLE and one.fault != SYMPTOM for one in others)
    is_idle = not follows and any(
        one.fault != IDLE and known[one.fault].family != SYMPTOMS and not known[one.fault].not_to_blame
        for one in causes
    )

    def place(one: Finding) -> tuple[bool, bool]:
        spared = one.fault == IDLE and is_idle and bool(one.proof.words)
        return one.proof.by == "nothing", fails and (spared or bool(known[one.fault].not_to_blame))

    return sorted(causes, key=place) + others


def _drawn_and_edited(fault: Fault, finding: Finding, training: Training, troubles: list[str]) -> Finding:
    """Return the finding with its picture, and its remedy in the script's own words."""
    try:
        return fault.drawn_and_edited(finding, training)
    except Exception as error:
        troubles.append(f"picture of {finding.fault}: {type(error).__name__}: {error}")
        return finding


def outcome_alone(record: TrainingRecord, *, asked: Asked | None = None) -> dict[str, Any]:
    """Return with what result a training ended, as a report has it, and ask no fault."""
    training = training_from(record)
    if asked is not None:
        training.learning = ruled(asked, training.learning, alone=True)
    return outcome_of(training)


# What only a trial can tell: nothing in the numbers speaks for it, or against.

RATES = {"lr_too_high": 0.1, "lr_too_low": 10.0}
"""Faults that are tried wherever a training fails, and by what the learning rate is multiplied."""


def suspected_rates(record: TrainingRecord) -> list[Finding]:
    """Return that the rate is too high, and that it is too low, as trials may show of either.

    Where steps are small it comes first that it is too low: there may be no time for both.
    """
    training = training_from(record)
    optimizer = max(training.stepped, key=lambda one: one.steps, default=None)
    if optimizer is None or not optimizer.lr:
        return []
    rate = largest_rate(optimizer)
    found: list[Finding] = []
    updates = [median(param.update) for param in training.weights() if param.update]
    are_small = bool(updates) and median(updates) < SMALL_STEP
    for fault, times in sorted(RATES.items(), key=lambda one: (one[1] < 1) == are_small):
        finding = Finding(
            fault=fault,
            title=all_faults()[fault].title,
            place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
            where=with_setting(optimizer, "lr", rate),
            confidence=SUSPECTED,
            evidence=(training.learning.words,),
            remedy=f"Multiply the learning rate by {times:g}.",
            code=new_rate(optimizer, rate * times),
            value=rate * times,
        )
        found.append(replace(finding, code=all_faults()[fault].edited(finding, training)))
    return found


SMALL_STEP = 1e-3
"""In units of the weight: 1e-3 to 1e-2 is usual."""
SUSPECTED = 0.5
"""As sure as before a trial: it is told only if that proves it."""
