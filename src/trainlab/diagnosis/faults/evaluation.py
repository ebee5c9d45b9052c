"""How a network is judged: on which rows, prepared how, counted how."""

from __future__ import annotations

import math
from statistics import median

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.data import NEAR, InputScales
from trainlab.diagnosis.observed.events import Miscounted
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.signals.training import Training

# preprocessing_mismatch: What is evaluated is of another scale than what was trained on: most likely it
# was prepared differently.

SHARE = 0.8
FEATURES_COMPARED, ROWS = 4, 20


def judge_preprocessing_mismatch(training: Training) -> Finding | None:
    """Fire if nearly all features spread differently in all that was evaluated, and in the same direction."""
    scales = training.record.data.scales
    if scales is None or training.learning.adversarial or not are_apart(scales):
        return None
    ratios = spread_ratios(scales)
    times, roots = median(ratios), training.record.networks
    site = next((one for root in roots for one in (root.eval_site, root.judge_site) if one is not None), None)
    low, high = scales.trained_range
    judged_low, judged_high = scales.judged_range
    return Finding(
        place=place_at(site, "evaluation"),
        where=quoted(site, "the evaluation"),
        confidence=0.9,
        evidence=(
            f"a feature of the {scales.judged_rows:,} rows evaluated spreads {times:.3g} times as much "
            f"as in those trained on (median of {len(ratios)} features)",
            f"values trained on lie between {low:.3g} and {high:.3g}, those evaluated between "
            f"{judged_low:.3g} and {judged_high:.3g}",
        ),
        remedy="Prepare what is evaluated by the same function, with the means and scales of the "
        "training data.",
        code="x_test = scaler.transform(x_test)  # the scaler that was fitted on the training data",
    )


def spread_ratios(scales: InputScales) -> list[float]:
    """Return how many times as much each feature spreads in the rows evaluated."""
    return [after / before for before, after in zip(scales.trained, scales.judged, strict=True)]


def are_apart(scales: InputScales) -> bool:
    """Whether nearly all features spread more, or nearly all less, and no batch evaluated is spread alike."""
    ratios = spread_ratios(scales)
    if len(ratios) < FEATURES_COMPARED or min(scales.judged_rows, scales.trained_rows) < ROWS or scales.alike:
        return False
    wider = sum(ratio > NEAR for ratio in ratios)
    narrower = sum(ratio < 1 / NEAR for ratio in ratios)
    return max(wider, narrower) > SHARE * len(ratios)


def _picture_of_preprocessing_mismatch(training: Training) -> Picture | None:
    """The spread of a feature in the rows trained on and in those evaluated."""
    scales = training.record.data.scales
    if scales is None:
        return None
    pairs = [("rows trained on", median(scales.trained)), ("rows evaluated", median(scales.judged))]
    return bars("Standard deviation of a feature (median)", "standard deviation", pairs)


PREPROCESSING_MISMATCH = Fault(
    name="preprocessing_mismatch",
    family="The data",
    title="what is evaluated is of another scale than what is trained on",
    what="The network has learnt from inputs of one scale, and is asked about inputs of another: left at 0 "
    "to 255, not standardized, or scaled twice. Unless it is meant to go so far beyond what it was trained "
    "on, its score says nothing about what it has learnt.",
    formula=f"In over {SHARE:.0%} of at least {FEATURES_COMPARED} features the rows evaluated spread more "
    f"than {NEAR:g} times as much as the rows trained on, or less than a third as much, and no batch "
    f"evaluated spreads like them. At least {ROWS} rows of each are needed.",
    source="Our own: rows of one source spread alike; pixels in 0 to 255 spread 255 times as much as in "
    "0 to 1.",
    silent="single features are shifted or scaled, some batches evaluated are like those trained on, or "
    f"there are less than {FEATURES_COMPARED} features.",
    remedy="Use the same preparation for both, with the training data's means and scales.",
    judge=judge_preprocessing_mismatch,
    picture=_picture_of_preprocessing_mismatch,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
    signals=("feature spread",),
)


# metric_miscounted: The number reported is counted wrongly: the training may be well, and its metric says
# otherwise.

_WORDS = {
    "argmax": (
        "argmax() without dim gives one place of the whole batch's outputs, which is compared with the class "
        "of each row",
        "hardly any row can be right: the place goes up to rows × classes",
        "Take the largest output of each row.",
        "outputs.argmax(dim=1) == targets",
    ),
    "one column": (
        "the place of the largest output is asked of a single column: it is 0 in every row",
        "so every answer counts as class 0, whatever the network says",
        "Count an output as a yes where it is above 0 (a logit) or 0.5 (a probability).",
        "predicted = (outputs.squeeze(1) > 0).long()",
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
    "rounded": (
        "outputs are rounded and compared with 0 and 1, and many of them round to other numbers: these "
        "are logits",
        "a logit beyond −0.5 to 1.5 counts as wrong, and the surer an answer the farther it is",
        "Count a logit as a yes where it is above 0, or round its sigmoid.",
        "predicted = (outputs > 0).float()",
    ),
}
_CALLS = {"argmax": "argmax", "floor": "floor_divide"}
"""What is called; else it is compared."""
BEYOND = 0.2
"""So large a share of a batch rounds to neither 0 nor 1 where it's logits that are rounded."""


def judge_metric_miscounted(training: Training) -> Finding | None:
    """Fire for the first comparison or division that can't be meant."""
    event = next(iter(_found(training)), None)
    if event is None:
        return None
    first, second, remedy, code = _WORDS[event.kind]
    return Finding(
        place=place_at(event.site, "evaluation", call=_CALLS.get(event.kind, "eq")),
        where=quoted(event.site, "the evaluation"),
        confidence=0.9 if event.kind == "broadcast" else 0.95,
        evidence=(f"{first} ({event.count} times)" if event.count > 1 else first, second),
        remedy=remedy,
        code=code,
    )


def _found(training: Training) -> list[Miscounted]:
    events = training.record.events_of(Miscounted)
    least, most = {"rounded": BEYOND}, {"floor": 1.0}
    # How large is what came of it: not every division by // is a share, nor every rounding one of logits.
    return [one for one in events if least.get(one.kind, 0.0) <= one.largest <= most.get(one.kind, math.inf)]


def _picture_of_metric_miscounted(training: Training) -> Picture | None:
    """How often answers were counted so."""
    pairs = [
        (
            f"{_CALLS.get(event.kind, 'eq')}{f' at line {event.site.line}' if event.site else ''}",
            event.count,
        )
        for event in _found(training)
    ]
    return bars("Answers counted wrongly", "times", pairs)


METRIC_MISCOUNTED = Fault(
    name="metric_miscounted",
    family="The loop",
    title="the metric is counted wrongly",
    what="The network is as good as it is, and the number printed says something else: `argmax()` over the "
    "whole batch, or over a single column, `correct // total`, rounded logits, or each answer compared with "
    "the targets of all rows.",
    formula="What `argmax()` without `dim` gives of two rows or more is compared with several targets; or "
    "what it, or `max()`, gives along an axis of length 1 is compared with targets that differ. Or a count "
    "of right answers, as a tensor of whole numbers, is divided with rounding and gives 0 or 1. Or outputs "
    "(n, 1) are compared with targets (n,) and the n × n results summed up. Or rounded outputs are compared "
    f"with targets of 0 and 1, and at least {BEYOND:.0%} of a batch round to another number.",
    source="A fact, followed from call to call.",
    silent="the result of the division is larger than 1, rows are compared with each other or with their "
    "places, or the n × n results are kept as a table.",
    remedy="`outputs.argmax(dim=1)`, `/` instead of `//`, and the same shape on both sides of `==`.",
    judge=judge_metric_miscounted,
    picture=_picture_of_metric_miscounted,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
)


# padding_scored: The loss, and so the score, counts places that hold padding.

MUCH_PADDING, FLATTERED = 0.2, 0.05


def judge_padding_scored(training: Training) -> Finding | None:
    """Fire if padding is over a fifth of the places that the loss counts, and the score is higher for it.

    Where it hardly changes the score it is a note.
    """
    for asked in training.record.asked:
        padding, loss = asked.padding, training.record.losses[asked.loss]
        if padding is None or padding.share < MUCH_PADDING:
            continue
        finding = Finding(
            place=place_at(loss.site, "loss", call=loss.kind),
            where=f"the loss{quoted(loss.site, f' of {asked.name}', before=' at ')}",
            confidence=0.9,
            evidence=(
                f"{padding.share:.0%} of the places that the loss counts hold padding (token "
                f"{padding.token}): {padding.share_of_loss:.0%} of the loss",
                f"checked after the last step in eval mode, {asked.name} has an accuracy of "
                f"{padding.reached:.3f} and a loss of {padding.loss:.3g} with it, {padding.without:.3f} "
                f"and {padding.loss_without:.3g} without",
            ),
            remedy="Have the loss leave padding out, and the accuracy, too.",
            code="criterion = nn.CrossEntropyLoss(ignore_index=-100)  # and -100 where targets are padding",
        )
        flattered = padding.reached - padding.without >= FLATTERED
        return finding if flattered else finding.as_note()
    return None


def _picture_of_padding_scored(training: Training) -> Picture | None:
    """The accuracy with padding and without."""
    for asked in training.record.asked:
        if asked.padding is not None:
            pairs = [("with padding", asked.padding.reached), ("without", asked.padding.without)]
            return bars("Accuracy at the end", "share of the places answered right", pairs)
    return None


PADDING_SCORED = Fault(
    name="padding_scored",
    family="The loss and its targets",
    title="padding counts in the loss",
    what="What a short sequence is filled up with is easy to answer, and there is much of it: loss and "
    "accuracy look better than they are, and much of each step goes into padding.",
    formula=f"At least {MUCH_PADDING:.0%} of the places that the loss counts are given the padding token, "
    f"and the accuracy is at least {FLATTERED:g} lower without them. Padding is a token that ends, or "
    "begins, sequences of several lengths and stands nowhere else, and whose targets are all the same.",
    source="A fact, counted on rows that the network was trained on.",
    silent="`ignore_index`, weights or a mask leave padding out, or targets aren't classes. "
    "What hardly changes the accuracy is a note.",
    remedy="`ignore_index` in the loss, a mask in the accuracy.",
    judge=judge_padding_scored,
    picture=_picture_of_padding_scored,
    untried="which targets are padding isn't known well enough",
)
