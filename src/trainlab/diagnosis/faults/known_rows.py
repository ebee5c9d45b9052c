"""Rows that are evaluated although the network was trained on them, or on copies of them."""

from __future__ import annotations

import re
from math import prod

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.data import (
    COPIED,
    FLATTERED,
    FLATTERED_TIMES,
    DataRecord,
    HeldOut,
    Reached,
)
from trainlab.diagnosis.observed.record import OptimizerRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.signals.training import Training

# eval_on_train: The network is evaluated on nothing but rows that it is trained on, although others are
# there.
#
# Without others (all data is for training) it may be meant so, and nothing is said.

KNOWN = 0.9
OFTEN = 0.4
PASSES, PART, COVERED, FEATURES_TOLD_APART = 2, 0.2, 0.6, 4
ROWS_OF_CLASS, AGAIN = 20, 3
FEWEST_UNUSED, SHARE_UNUSED = 10, 0.05


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
    many = max(FEWEST_UNUSED, SHARE_UNUSED * len(data.train_rows))
    if data.judged_known < KNOWN * judged or data.unused_rows < many:
        return _held_out_in_name(training) or _leaked(training) or _copied(training)
    if len(data.train_rows) < 0.5 * min(data.train_row_count, 100):
        return None  # rows look alike: fingerprints tell nothing
    sites = [loader.site for loader in training.record.loaders if loader.site is not None]
    judged_at = (root.judge_site for root in training.record.networks if root.judge_site is not None)
    site = sites[-1] if sites else next(judged_at, None)
    place = quoted(site, "the evaluation")
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
    if data.again_in_a_row < AGAIN:
        return None  # altered whenever they are given: what is evaluated may be what they were before
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
    held = data.held_out
    reached = held.reached if held is not None and held.share >= PART else None
    score = [score_in_words(reached)] if reached is not None and reached.new_rows else []
    return Finding(
        place=place_at(site, "evaluation"),
        where=quoted(site, "the evaluation"),
        confidence=0.8,
        evidence=(
            mixed,
            f"they are {known / max(1, len(data.train_rows)):.0%} of the rows trained on: "
            "the two sets overlap, so they weren't cut from one order of the rows",
            *score,
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
        where=quoted(site, "the evaluation"),
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


# Copies of rows trained on: rows were repeated, or altered a little, before they were split.


def _copied(training: Training) -> Finding | None:
    """Rows held out have copies among those trained on: nearly all, all of a class, or they score better."""
    held = training.record.data.held_out
    if held is None or held.share < COPIED:
        return None
    reached, words = held.reached, [copies_in_words(held)]
    repeated = _repeated_class(reached) if reached is not None and held.same > held.near else []
    flattered = reached is not None and reached.is_flattered
    if not (flattered or repeated or held.share >= KNOWN):
        return None
    if reached is not None:
        words.append(score_in_words(reached))
    site = next((one.eval_site or one.judge_site for one in training.record.networks), None)
    return Finding(
        place=place_at(site, "evaluation"),
        where=quoted(site, "the evaluation"),
        confidence=0.85,
        evidence=(*words, *repeated),
        remedy="Keep copies on one side of the split: drop duplicates before it; repeat or alter rows after.",
        code="train, test = random_split(dataset, [n, len(dataset) - n])  # then augment train",
    )


def copies_in_words(held: HeldOut) -> str:
    """Return how many rows held out have copies among those trained on."""
    parts = [f"{held.same:,} are the same"] if held.same else []
    parts += [f"{held.near:,} differ by a little noise"] if held.near else []
    of = f"{held.share:.0%} of {held.rows:,} rows held out have a copy among the rows trained on"
    return f"{of}: {', '.join(parts)}" if parts else of


def score_in_words(reached: Reached) -> str:
    """Return what the network reaches with copies and without."""
    kind = "accuracy" if reached.kind == "accuracy" else "mean squared error"
    if not reached.new_rows:
        return (
            f"their {kind} is {reached.all:.3g}; no row without a copy was evaluated, so that of new data "
            "isn't known"
        )
    return (
        f"their {kind} is {reached.all:.3g}: {reached.copies:.3g} on copies, {reached.new:.3g} on "
        f"{reached.new_rows:,} rows without"
    )


def _repeated_class(reached: Reached) -> list[str]:
    """Say which class was repeated, where another one wasn't."""
    shares = {label: copies / of for label, (copies, of) in reached.copied.items() if of >= ROWS_OF_CLASS}
    if len(shares) < 2 or max(shares.values()) < KNOWN or min(shares.values()) > 1 - KNOWN:
        return []
    most, least = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    (copies, of), (others, of_others) = reached.copied[most], reached.copied[least]
    return [
        f"{copies:,} of {of:,} rows of class {most} have a copy, {others:,} of {of_others:,} of class "
        f"{least}, as if class {most} had been repeated before the split"
    ]


def _picture_of_eval_on_train(training: Training) -> Picture | None:
    """Rows evaluated, how many of them were trained on or have copies there, and rows never used."""
    data = training.record.data
    held = data.held_out
    if held is not None and held.share >= COPIED:
        copies = held.same + held.near
        pairs = [
            ("rows trained on", float(len(data.train_rows))),
            ("rows held out", float(held.rows)),
            ("of these with a copy", float(copies)),
        ]
        return bars("Rows held out, and copies among those trained on", "rows", pairs)
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
    "unused, or are copies of rows trained on.",
    formula=f"Over {KNOWN:.0%} of the rows evaluated were trained on, and at least {FEWEST_UNUSED} rows "
    f"of the same kind (and {SHARE_UNUSED:.0%} of the training's) are in memory and were never "
    f"given to the network. Or, after {PASSES} steps or more, batches were evaluated of which "
    f"{PART:.0%} to {KNOWN:.0%} had been trained on, and these are at most {COVERED:.0%} of the "
    f"rows trained on. Or all were, are at most {COVERED:.0%} of the rows trained on, and stand "
    "on a line whose names say test or validation. Or, with several optimizers in turn for the "
    "same parameters, as one a fold, new rows are evaluated while the first takes its steps, "
    f"and over {KNOWN:.0%} known ones in every batch of later folds. Or, in the last evaluation, "
    f"{COPIED:.0%} of the rows have copies among those trained on, the same or nearer than "
    f"chance puts one in a hundred, and score better, by more than chance and by {FLATTERED:g} "
    f"of accuracy, or with 1/{FLATTERED_TIMES:g} of the squared error; or {KNOWN:.0%} of a class "
    f"have, and at most {1 - KNOWN:.0%} of another (of {ROWS_OF_CLASS} rows); or {KNOWN:.0%} of "
    "all.",
    source="A fact, by fingerprints of rows; near copies by the distances of their ranks.",
    silent="there is no other data, and no name says that it's held out: then the training score may be "
    "meant. Rows that come again among "
    f"themselves, have fewer than {FEATURES_TOLD_APART} features or whole numbers only tell nothing."
    f" Copies need rows of as many measured features, no windows of a series, and {AGAIN} batches in a row "
    "trained on again: rows altered each time tell nothing."
    f" Passes without gradients in over {OFTEN:.0%} of the steps feed something, and judge nothing.",
    remedy="Evaluate on the held-out data.",
    judge=judge_eval_on_train,
    picture=_picture_of_eval_on_train,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
    signals=("known rows",),
)
