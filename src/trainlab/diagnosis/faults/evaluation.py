"""How a network is judged: on which rows, prepared how, counted how."""

from __future__ import annotations

import re
from math import prod
from statistics import median

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.data import NEAR, DataRecord, InputScales
from trainlab.diagnosis.observed.events import Miscounted
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

# preprocessing_mismatch: What is evaluated is of another scale than what was trained on: most likely it
# was prepared differently.

SHARE = 0.8
FEATURES_COMPARED, ROWS = 4, 20


def judge_preprocessing_mismatch(training: Training) -> Finding | None:
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
            f"as in those trained on (median of {len(ratios)} features)",
            f"values trained on lie between {low:.3g} and {high:.3g}, those evaluated between "
            f"{judged_low:.3g} and {judged_high:.3g}",
        ),
        remedy="Prepare what is evaluated by the same function, with the means and scales of the "
        "training data.",
        code="x_test = scaler.transform(x_test)  # the scaler that was fitted on the training data",
    )


def _ratios(scales: InputScales) -> list[float]:
    return [after / before for before, after in zip(scales.trained, scales.judged, strict=True)]


def _differ(scales: InputScales) -> bool:
    ratios = _ratios(scales)
    if (
        len(ratios) < FEATURES_COMPARED
        or scales.judged_rows < ROWS
        or scales.trained_rows < ROWS
        or scales.alike
    ):
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
    formula=f"In over {SHARE:.0%} of at least {FEATURES_COMPARED} features the rows evaluated spread "
    f"more than {NEAR:g} "
    "times as much as the rows trained on, or less than a third as much, and no batch evaluated spreads "
    f"like them. At least {ROWS} rows of each are needed.",
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
_CALLS = {
    "argmax": "argmax",
    "one column": "eq",
    "floor": "floor_divide",
    "broadcast": "eq",
    "rounded": "eq",
}
BEYOND = 0.2
"""So large a share of a batch rounds to neither 0 nor 1 where it's logits that are rounded."""


def judge_metric_miscounted(training: Training) -> Finding | None:
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
    least, most = {"rounded": BEYOND}, {"floor": 1.0}
    return [
        event
        for event in events
        if least.get(event.kind, 0.0) <= event.largest <= most.get(event.kind, event.largest)
    ]


def _picture_of_metric_miscounted(training: Training) -> Picture | None:
    """How often answers were counted so."""
    pairs = [
        (f"{_CALLS[event.kind]}{f' at line {event.site.line}' if event.site else ''}", float(event.count))
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
            where=f"the loss at {loss.site.quoted}" if loss.site else f"the loss of {asked.name}",
            confidence=0.9,
            evidence=(
                f"{padding.share:.0%} of the places that the loss counts hold padding (token "
                f"{padding.token}): {padding.share_of_loss:.0%} of the loss",
                f"checked after the last step in eval mode, {asked.name} has an accuracy of "
                f"{padding.reached:.3f} and a loss of {padding.loss:.3g} with it, {padding.without:.3f} "
                f"and {padding.loss_without:.3g} "
                "without",
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


# eval_on_train: The network is evaluated on nothing but rows that it is trained on, although others are
# there.
#
# Without others (all data is for training) it may be meant so, and nothing is said.

KNOWN = 0.9
OFTEN = 0.4
PASSES, PART, COVERED, FEATURES_TOLD_APART = 2, 0.2, 0.6, 4


def judge_eval_on_train(training: Training) -> Finding | None:
    """Fire if over 90 % of the rows evaluated were trained on, and rows of the same kind were never used."""
    data = training.record.data
    judged = len(data.judged_rows)
    if judged < 20 or data.judge_passes < 2 or training.learning.adversarial or len(data.train_rows) > 40_000:
        return None
    if data.judge_passes > OFTEN * training.record.tick:
        return None  # passes without gradients in so many steps feed something; they judge nothing
    if known_fold := _known_fold(training):
        return known_fold
    if data.judged_known < KNOWN * judged or data.unused_rows < max(10, 0.05 * len(data.train_rows)):
        return _held_out_in_name(training) or _leaked(training)
    if len(data.train_rows) < 0.5 * min(data.train_row_count, 100):
        return None  # rows look alike: fingerprints tell nothing
    sites = [loader.site for loader in training.record.loaders if loader.site is not None]
    judged_at = (root.judge_site for root in training.record.networks if root.judge_site is not None)
    site = sites[-1] if sites else next(judged_at, None)
    place = site.quoted if site is not None else "the evaluation"
    return Finding(
        place=place_at(site, "evaluation"),
        where=place,
        confidence=0.88,
        evidence=(
            f"{data.judged_known} of {judged} rows that were evaluated were also trained on",
            f"{data.unused_rows} rows of the same kind are in memory and were never given to the network",
        ),
        remedy="Evaluate on data that the network isn't trained on: this result says nothing about new data.",
        code="valid_loader = DataLoader(valid_set, batch_size=…)",
    )


def _held_out_in_name(training: Training) -> Finding | None:
    """Nothing but a part of the rows trained on is evaluated, on a line that calls it test or validation."""
    data = training.record.data
    if data.judged_known < len(data.judged_rows) or not _tell_apart(data):
        return None
    if len(data.judged_rows) > COVERED * len(data.train_rows):
        return None
    if data.fingerprinted != data.steps_compared:
        return None  # of several passes a step some may be evaluations that were left with gradients
    sites = [one.site for one in training.record.loaders]
    sites += [site for one in training.record.networks for site in (one.eval_site, one.judge_site)]
    site = next((one for one in sites if one is not None and says_held_out(one.text)), None)
    if site is None:
        return None
    return Finding(
        place=place_at(site, "evaluation"),
        where=site.quoted,
        confidence=0.85,
        evidence=(
            f"{data.judged_known:,} of {len(data.judged_rows):,} rows that were evaluated were also trained "
            "on",
            f"they are {len(data.judged_rows) / len(data.train_rows):.0%} of the rows trained on, and the "
            "names on their line say that they are held out",
        ),
        remedy="Train without the rows that are held out: this result says nothing about new data.",
        code="train, test = torch.utils.data.random_split(dataset, [n, len(dataset) - n])",
    )


def says_held_out(line: str) -> bool:
    """Whether a name on a line is that of a test or validation set, as ``X_test`` and ``validLoader`` are."""
    parts = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", line).lower())
    return any(part in ("val", "dev") or part.startswith(("test", "valid", "heldout")) for part in parts)


def _tell_apart(data: DataRecord) -> bool:
    """Whether rows hold so many measured numbers that none comes again by chance."""
    return data.input_dtype.startswith("float") and prod(data.input_shape[1:]) >= FEATURES_TOLD_APART


def _leaked(training: Training) -> Finding | None:
    """Rows of the evaluation that are some of those trained on: two splits that weren't made together.

    Not all of these: then the whole data is looked at, for a picture, say.
    """
    data = training.record.data
    known, rows = len(data.mixed_known), len(data.mixed_rows)
    few = known < max(20, PART * rows) or known > KNOWN * rows
    if data.mixed_passes < PASSES or few or not _tell_apart(data):
        return None
    if known > COVERED * len(data.train_rows):
        return None
    site = next((one.eval_site or one.judge_site for one in training.record.networks), None)
    mixed = (
        f"{known:,} of {rows:,} rows that are evaluated together had been trained on before, "
        f"and {rows - known:,} hadn't"
    )
    if len(_optimizers_in_turn(training)) > 1:
        return _of_folds(training, mixed)
    return Finding(
        place=place_at(site, "evaluation"),
        where=site.quoted if site is not None else "the evaluation",
        confidence=0.8,
        evidence=(
            mixed,
            f"they are {known / max(1, len(data.train_rows)):.0%} of the rows trained on: "
            "the two sets overlap, so they weren't cut from one order of the rows",
        ),
        remedy="Split the rows once: what is evaluated must not be among those trained on.",
        code="order = torch.randperm(len(X))\ntrain, valid = order[:n], order[n:]",
    )


def _known_fold(training: Training) -> Finding | None:
    """Rows held out at first, and none later: from the second optimizer on all that is evaluated is known."""
    folds, data = _optimizers_in_turn(training), training.record.data
    if len(folds) < 2 or not _tell_apart(data):
        return None
    before = [share for tick, share in data.judged_shares if tick <= folds[1].first_tick]
    after = [share for tick, share in data.judged_shares if tick > folds[1].first_tick]
    if len(after) < 2 or not min(before, default=1.0) < 1 - KNOWN or not min(after) > KNOWN:
        return None
    words = (
        f"while the first optimizer took its steps, {1 - min(before):.0%} of a batch evaluated were new "
        f"rows; after that at least {min(after):.0%} of each had been trained on"
    )
    return _of_folds(training, words)


def _of_folds(training: Training, words: str) -> Finding:
    folds = _optimizers_in_turn(training)
    site = next((one.eval_site or one.judge_site for one in training.record.networks), None)
    made = folds[0].site
    return Finding(
        place=place_at(site, "evaluation"),
        where=site.quoted if site is not None else "the evaluation",
        confidence=0.85,
        evidence=(
            words,
            f"{len(folds)} optimizers were made in turn{f' at {made.quoted}' if made else ''}, of the same "
            "parameters: what the network learns in one fold it brings to the next, whose held-out rows it "
            "knows",
        ),
        remedy="Make a new network for each fold, beside its optimizer.",
        code="model = Network()  # within the loop over the folds",
    )


def _optimizers_in_turn(training: Training) -> list[OptimizerRecord]:
    """Return optimizers of the same parameters of which each was made when another had taken its last "
    "step."""
    found: list[OptimizerRecord] = []
    for one in sorted(training.stepped, key=lambda one: one.first_tick):
        if not found or (set(one.params) == set(found[-1].params) and one.first_tick >= found[-1].last_tick):
            found.append(one)
    return found


def _picture_of_eval_on_train(training: Training) -> Picture | None:
    """Rows evaluated, how many of them were trained on, and rows never used."""
    data = training.record.data
    pairs = [
        ("rows trained on", float(len(data.train_rows))),
        ("rows evaluated", float(len(data.judged_rows))),
        ("of these trained on", float(data.judged_known)),
        ("rows never used", float(data.unused_rows)),
    ]
    return bars("Rows trained on and evaluated", "rows", pairs)


EVAL_ON_TRAIN = Fault(
    name="eval_on_train",
    family="The data",
    title="the network is evaluated on its own training data",
    what="The score shows what was memorized, not how well the network generalizes; and held-out rows lie "
    "unused.",
    formula=f"Over {KNOWN:.0%} of the rows evaluated were trained on, and at least 10 rows of the same "
    "kind (and 5 % of the training's) are in memory and were never given to the network. Or, after "
    f"{PASSES} steps or more, batches were evaluated of which {PART:.0%} to {KNOWN:.0%} had been trained on, "
    f"and these are at most {COVERED:.0%} of the rows trained on. Or all were, are at most "
    f"{COVERED:.0%} of the rows trained on, and stand on a line whose names say test or validation. Or, with "
    "several optimizers in turn for the same parameters, as one a fold, new rows are evaluated while the "
    f"first takes its steps, and over {KNOWN:.0%} known ones in every batch of later folds.",
    source="A fact, by fingerprints of rows.",
    silent="there is no other data, and no name says that it's held out: then the training score may be "
    "meant. Rows that come again among "
    f"themselves, have fewer than {FEATURES_TOLD_APART} features or whole numbers only tell nothing."
    f" Passes without gradients in over {OFTEN:.0%} of the steps feed something, and judge nothing.",
    remedy="Evaluate on the held-out data.",
    judge=judge_eval_on_train,
    picture=_picture_of_eval_on_train,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
    signals=("known rows",),
)
