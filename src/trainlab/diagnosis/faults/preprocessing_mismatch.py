"""What is evaluated is of another scale than what was trained on: most likely it was prepared differently."""

from __future__ import annotations

from statistics import median

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.data import NEAR, InputScales
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

SHARE = 0.8
FEATURES, ROWS = 4, 20


def judge(training: Training) -> Finding | None:
    """Fire if nearly all features spread differently in all that was evaluated, and in the same direction."""
    scales = training.record.data.scales
    if scales is None or training.learning.adversarial or not _differ(scales):
        return None
    ratios = _ratios(scales)
    times = median(ratios)
    roots = training.record.networks
    site = next((one for root in roots for one in (root.eval_site, root.judge_site) if one is not None), None)
    low, high = scales.trained_range
    judged_low, judged_high = scales.judged_range
    return Finding(
        place=place_at(site, "evaluation"),
        where=site.quoted if site is not None else "the evaluation",
        confidence=0.9,
        evidence=(
            f"a feature of the {scales.judged_rows:,} rows evaluated spreads {times:.3g} times as much "
            "as in those "
            f"trained on (median of {len(ratios)} features)",
            f"values trained on lie between {low:.3g} and {high:.3g}, those evaluated between "
            f"{judged_low:.3g} "
            f"and {judged_high:.3g}",
        ),
        remedy="Prepare what is evaluated by the same function, with the means and scales of the "
        "training data.",
        code="x_test = scaler.transform(x_test)  # the scaler that was fitted on the training data",
    )


def _ratios(scales: InputScales) -> list[float]:
    return [after / before for before, after in zip(scales.trained, scales.judged, strict=True)]


def _differ(scales: InputScales) -> bool:
    ratios = _ratios(scales)
    if len(ratios) < FEATURES or scales.judged_rows < ROWS or scales.trained_rows < ROWS or scales.alike:
        return False
    wider = sum(ratio > NEAR for ratio in ratios)
    narrower = sum(ratio < 1 / NEAR for ratio in ratios)
    return max(wider, narrower) > SHARE * len(ratios)


def _picture(training: Training) -> Picture | None:
    """The spread of a feature in the rows trained on and in those evaluated."""
    scales = training.record.data.scales
    if scales is None:
        return None
    pairs = [("rows trained on", median(scales.trained)), ("rows evaluated", median(scales.judged))]
    return bars("Standard deviation of a feature (median)", "standard deviation", pairs)


FAULT = Fault(
    name="preprocessing_mismatch",
    family="The data",
    title="what is evaluated is of another scale than what is trained on",
    what="The network has learnt from inputs of one scale, and is asked about inputs of another: left at 0 "
    "to 255, not standardized, or scaled twice. Unless it is meant to go so far beyond what it was trained "
    "on, its score says nothing about what it has learnt.",
    formula=f"In over {SHARE:.0%} of at least {FEATURES} features the rows evaluated spread more than "
    f"{NEAR:g} "
    "times as much as the rows trained on, or less than a third as much, and no batch evaluated spreads "
    "like them.",
    source="Our own: rows of one source spread alike; pixels in 0 to 255 spread 255 times as much as in "
    "0 to 1.",
    silent="single features are shifted or scaled, some batches evaluated are like those trained on, or "
    f"there are less than {FEATURES} features.",
    remedy="Use the same preparation for both, with the training data's means and scales.",
    judge=judge,
    picture=_picture,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
    signals=("feature spread",),
)
