"""How rows get into batches: unmixed, always the same, with the same random numbers, changed on the way."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from math import prod

from trainlab.diagnosis.edits import replaced
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import RandomDraws, StoredDataChanged
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars, strips
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.remedies.remedy import single
from trainlab.diagnosis.signals.curve import mean, median
from trainlab.diagnosis.signals.training import Training

# repeated_batch: The same batch in every step, although there is more data.
#
# Silent for full-batch training: there the batch is all that the training data has.

LEAST_REPEATED = 20
GAP = 0.15
UNFIT = 0.3


def judge_repeated_batch(training: Training) -> Finding | None:
    """Fire if two different batches at most were trained on in more than 20 steps, of data with more rows."""
    data = training.record.data
    if data.fingerprinted <= LEAST_REPEATED or len(data.batches) > 2 or not data.batches:
        return None
    shown = len(data.train_rows) if data.largest_batch <= 256 else data.largest_batch
    every = training.record.loaders
    loaders = [loader for loader in every if loader.rows and loader.shuffled] or every
    rows = max((loader.rows or 0 for loader in loaders), default=0)
    from_loader = any((loader.rows or 0) >= 3 * shown for loader in loaders)
    from_memory = (
        data.held - len(data.judged_rows - data.train_rows) >= 3 * shown and data.largest_batch <= 256
    )
    learnt_by_heart = _is_new_to(training, shown)
    if not from_loader and not from_memory and not learnt_by_heart:
        return None
    site = next((one.site for one in loaders if one.site is not None), None)
    return Finding(
        place=place_at(site, "loader"),
        where=quoted(site, "the training loop"),
        confidence=0.93,
        evidence=(
            f"{data.fingerprinted} training passes looked at used {len(data.batches)} different batch"
            f"{'es' if len(data.batches) > 1 else ''} ({shown} rows)",
            f"the data has {max(rows, data.held):,} rows"
            if from_loader or from_memory
            else f"each is made anew; on {len(data.judged_rows):,} other rows the answers were far worse",
        ),
        remedy="Take a new batch in every step: iterate over the loader inside the loop.",
        code="for epoch in range(epochs):\n    for xb, yb in loader:\n        …",
    )


def _is_new_to(training: Training, shown: int) -> bool:
    """Batches that are made step by step and yet the same, and a network that knows these rows alone."""
    data, main = training.record.data, training.learning.main
    loaders = [loader for loader in training.record.loaders if loader.rows]
    others = len(data.judged_rows - data.train_rows)
    if loaders or main is None or not main.fits or others < 3 * shown or data.largest_batch > 256:
        return False
    if data.made_anew < 0.9 * (data.fingerprinted - 1):
        return False
    last = main.fits[-5:]
    rates = [fit.accuracy for fit in last if fit.accuracy is not None]
    judged = [share for _, share, count, _ in training.record.judged_accuracy[-3:] if count >= 30]
    judged += [fit.accuracy for fit in main.judged[-3:] if fit.accuracy is not None]
    if rates and judged:
        return median(rates) - max(judged) > GAP
    if not main.judged or not training.learning.trivial > 0:
        return False
    train, new = median([fit.value for fit in last]), min(fit.value for fit in main.judged[-3:])
    return new > 10 * train and new > UNFIT * training.learning.trivial


def _picture_of_repeated_batch(training: Training) -> Picture | None:
    """Training passes, different batches among them, rows in them and rows that there are."""
    data = training.record.data
    rows = max([data.held, *(loader.rows or 0 for loader in training.record.loaders)])
    shown = len(data.train_rows) if data.largest_batch <= 256 else data.largest_batch
    pairs = [
        ("training passes looked at", data.fingerprinted),
        ("different batches", len(data.batches)),
        ("rows in them", shown),
        ("rows of the data", rows),
    ]
    return bars("Batches and rows", "count", pairs, log=True)


REPEATED_BATCH = Fault(
    name="repeated_batch",
    family="The data",
    title="the same batch is used in every step",
    what="A batch is taken once, before the loop, or a new iterator is made for each step: the rest of "
    "the data is never seen.",
    formula=f"In more than {LEAST_REPEATED} training passes at most 2 different batches were used, "
    f"and the data has at least 3 times as many rows. Batches are told apart by fingerprints of their rows."
    " Or batches are made anew in nine of ten passes and yet are the same, at least 3 times as "
    f"many rows were evaluated, and on these the network is far worse: by {GAP:.0%} in accuracy, "
    f"or with a loss over ten times as large and above {UNFIT:.0%} of the best constant answer's.",
    source="A fact, counted.",
    silent="the batch is all that the training data has.",
    remedy="Iterate over the loader inside the loop.",
    judge=judge_repeated_batch,
    picture=_picture_of_repeated_batch,
    untried="the script's own loop decides which batch comes next",
    explains=(Explains(("overfitting", "loss_plateau"), "one batch is memorized, and the rest never seen"),),
    signals=("different batches",),
)


# repeated_randomness: Noise that ought to be new in each step, and is the same: its generator is seeded
# anew each time.
#
# Silent where what is drawn isn't of the shape of an input: a random projection may be made again on purpose.

LEAST_DRAWN = 20
DENSE = 40
"""The first steps, all looked at."""


def judge_repeated_randomness(training: Training) -> Finding | None:
    """Fire if a line draws the same numbers, of an input's shape, in 20 steps looked at or more."""
    event = _repeated_draws(training)
    if event is None:
        return None
    return Finding(
        place=place_at(event.site, "data", call=event.name),
        where=quoted(event.site, f"torch.{event.name}"),
        confidence=0.88,
        evidence=(
            f"in {event.ticks} steps looked at this line drew random numbers for the whole batch, and they "
            "were the same each time",
            "what is added to the rows doesn't vary: the network can learn it by heart",
        ),
        remedy="Seed once, before the loop, not where the numbers are drawn.",
        code="generator = torch.Generator().manual_seed(0)  # once\nfor batch in loader:\n    …",
    )


def _repeated_draws(training: Training) -> RandomDraws | None:
    row = prod(training.record.data.input_shape[1:])
    least = max(LEAST_DRAWN, 0.5 * min(DENSE, training.record.tick))
    for event in training.record.events_of(RandomDraws):
        if len(event.different) == 1 and event.ticks >= least and row > 1 and prod(event.shape) == row:
            return event
    return None


def _picture_of_repeated_randomness(training: Training) -> Picture | None:
    """Steps in which the line drew, and different draws among them."""
    event = _repeated_draws(training)
    if event is None:
        return None
    pairs = [("steps that drew", event.ticks), ("different draws", len(event.different))]
    return bars("Random numbers of one line", "count", pairs)


REPEATED_RANDOMNESS = Fault(
    name="repeated_randomness",
    family="The data",
    title="the random numbers are the same in every step",
    what="Noise or augmentation is drawn from a generator that is seeded anew each time: every batch gets "
    "the same, and the network learns it instead of learning to do without.",
    formula=f"A line draws random numbers of the shape of an input batch in at least {LEAST_DRAWN} "
    f"steps looked at, half of them all, and they begin with the same values each time."
    f" Of more than {DENSE} steps half of {DENSE} are enough.",
    source="A fact, by the first numbers drawn.",
    silent="what is drawn has another shape than the input, or varies in any step.",
    remedy="Seed once before the loop.",
    judge=judge_repeated_randomness,
    picture=_picture_of_repeated_randomness,
    untried="the script's own code seeds the generator",
    explains=(Explains(("overfitting",), "noise that never varies is learnt by heart"),),
)


# dataset_mutated: Fetching a batch changes the data themselves: noise or scaling adds up from epoch to epoch.
#
# Silent where values change only once, as those of a cache do, where their spread stays what it was, as with
# flips, and where what changes isn't what the network is given.

LEAST_MUTATED = 8
SHARE = 0.9
AGAIN = 0.5
PASSES = 3
DRIFT = 1.1
MOVED = 0.1


def judge_dataset_mutated(training: Training) -> Finding | None:
    """Fire if nearly every fetch changes stored inputs, again and again, and they drift."""
    event = _mutated(training)
    if event is None:
        return None
    site = event.site
    drift = f"their spread is {event.spread:.2g} times what it was"
    if 1 / DRIFT <= event.spread <= DRIFT:
        drift = f"their mean has moved by {event.moved:.2g} standard deviations"
    return Finding(
        place=place_at(site, "data", module=event.module),
        where=f"{event.module}, changed in place in __getitem__{f' ({site.quoted})' if site else ''}",
        confidence=0.95,
        evidence=(
            f"{event.fetches_that_change} of {event.fetches} fetches looked at changed the values that "
            f"{event.module} holds",
            f"{event.changed:.0%} of the values looked at have changed, {event.again:.0%} of these in more "
            f"than one pass; after {event.passes - 1} passes {drift}",
        ),
        remedy="Make a new tensor in __getitem__, or change a clone.",
        code="x = self.x[i] + noise  # not: x = self.x[i]; x += noise",
    )


def _mutated(training: Training) -> StoredDataChanged | None:
    row = prod(training.record.data.input_shape[1:])
    for event in training.record.events_of(StoredDataChanged):
        often = (
            event.fetches_that_change >= LEAST_MUTATED and event.fetches_that_change > SHARE * event.fetches
        )
        drifts = not 1 / DRIFT <= event.spread <= DRIFT or event.moved > MOVED
        if often and event.again > AGAIN and event.passes > PASSES and drifts and prod(event.shape) == row:
            return event
    return None


def _picture_of_dataset_mutated(training: Training) -> Picture | None:
    """Fetches looked at, and those that changed the data."""
    event = _mutated(training)
    if event is None:
        return None
    pairs = [("fetches looked at", event.fetches), ("changed the stored data", event.fetches_that_change)]
    return bars("Batches fetched, and what that did to the data", "fetches", pairs)


DATASET_MUTATED = Fault(
    name="dataset_mutated",
    family="The data",
    title="fetching a batch changes the data",
    what="`x = self.images[i]; x += noise` writes into the dataset itself: each epoch adds to what the ones "
    "before left, until little of the data is left.",
    formula=f"More than {SHARE:.0%} of the fetches looked at, and at least {LEAST_MUTATED}, change "
    f"values that the "
    f"loader's dataset holds, in place. Over {AGAIN:.0%} of the values that changed did so in several of at "
    f"least {PASSES} passes, and they drift: their spread by {DRIFT - 1:.0%} or their mean by {MOVED:g} "
    "standard deviations.",
    source="A fact, seen before and after a fetch.",
    silent="values change once (a cache), keep their spread (flips), or aren't what the network is given; "
    "in worker processes it isn't seen.",
    remedy="A new tensor: `x = self.images[i] + noise`, or `x = self.images[i].clone()` before changes.",
    judge=judge_dataset_mutated,
    picture=_picture_of_dataset_mutated,
    untried="the script's own dataset makes the rows",
    explains=(
        Explains(
            ("loss_plateau", "shuffled_targets", "unnormalised_inputs", "oscillating_loss"),
            "less and less of the data is left",
        ),
    ),
)


# data_not_shuffled: Batches come sorted: each holds hardly more than one class, and the next one another.
#
# What counts are the labels of a whole step, be they of several passes. Those of a GAN, all ones and all
# zeros
# in turns, are made by the script and in no order.

TIMES = 1.8
LEAST_UNMIXED = 10
MADE = 0.5
NEW = 0.3


def judge_data_not_shuffled(training: Training) -> Finding | None:
    """Fire if the share of the commonest class in a batch is far above what shuffled labels give."""
    for loss in training.record.losses:
        if not loss.count or len(loss.batches) < LEAST_UNMIXED or training.learning.adversarial:
            continue
        if _are_made(training, loss):
            continue
        found = purity(loss)
        if found is None:
            continue
        share, expected, classes, changes = found
        if share < 0.85 or share < TIMES * expected or changes < 2:
            continue
        unmixed = (loader.site for loader in training.record.loaders if not loader.shuffled and loader.site)
        site = next(unmixed, loss.site)
        place = quoted(site, "the training loop")
        return Finding(
            place=place_at(site, "loader"),
            where=f"{place}: the training data isn't shuffled (shuffle=False, or taken in order)",
            confidence=0.93,
            evidence=(
                f"the commonest class makes up {share:.0%} of a batch; shuffled, the same "
                f"labels would give {expected:.0%}",
                f"{classes} classes, {len(loss.steps())} batches looked at; their class changes "
                f"{changes} times",
            ),
            remedy="Shuffle the training data in every epoch.",
            code="DataLoader(train_set, batch_size=…, shuffle=True)",
        )
    return None


def _are_made(training: Training, loss: LossRecord) -> bool:
    """Whether most targets are no data: made in the step, or one tensor for each class, used all along.

    The latter only where rows are new, as a generator's are: data kept class by class look alike.
    """
    data, classes = training.record.data, {label for batch in loss.batches for label in batch}
    kept = loss.target_tensors <= len(classes) and data.new_rows > NEW * data.train_row_count
    again = loss.given_again if kept else 0
    return loss.made_here + again > MADE * len(loss.fits)


def purity(loss: LossRecord) -> tuple[float, float, int, int] | None:
    """Return the mean share of a batch's commonest class, the same shuffled, classes and changes."""
    import numpy as np

    batches = [batch for batch in loss.steps() if len(batch) >= 4]
    if len(batches) < LEAST_UNMIXED:
        return None
    labels = np.asarray([label for batch in batches for label in batch])
    classes = np.unique(labels)
    if (
        len(classes) < 2
        or len(classes) > 100
        or len(classes) > len(labels) / 4
        or not np.all(labels == np.round(labels))
    ):
        return None
    generator = np.random.default_rng(0)
    expected: list[float] = []
    for _ in range(5):
        mixed = generator.permutation(labels)
        at = 0
        for batch in batches:
            expected.append(_top(mixed[at : at + len(batch)].tolist()))
            at += len(batch)
    commonest = [Counter(batch).most_common(1)[0][0] for batch in batches]
    changes = sum(a != b for a, b in pairwise(commonest))
    return mean([_top(batch) for batch in batches]), mean(expected), len(classes), changes


def _top(batch: tuple[float, ...] | list[float]) -> float:
    return Counter(batch).most_common(1)[0][1] / len(batch)


_MOST_BATCHES, _MOST_CLASSES = 24, 8


def _picture_of_data_not_shuffled(training: Training) -> Picture | None:
    """Of the first batches the composition by class, each a row."""
    loss = next((one for one in training.record.losses if one.count and one.batches), None)
    if loss is None:
        return None
    batches = loss.steps()[:_MOST_BATCHES]
    labels = sorted({label for batch in batches for label in batch})
    shown = labels[: _MOST_CLASSES - 1] if len(labels) > _MOST_CLASSES else labels
    parts = [f"class {label:g}" for label in shown]
    if len(shown) < len(labels):
        parts.append("others")
    rows: list[tuple[str, list[int]]] = []
    for place, batch in enumerate(batches, 1):
        counted = Counter(batch)
        known = [counted[label] for label in shown]
        rows.append(
            (f"batch {place}", known + ([len(batch) - sum(known)] if len(shown) < len(labels) else []))
        )
    return strips("Classes in the first batches looked at, in order", parts, rows)


def _edit_of_data_not_shuffled(finding: Finding, training: Training) -> str:
    for loader in training.record.loaders:
        site = loader.site
        if site is None or loader.shuffled or "DataLoader(" not in site.text or not finding.place.is_at(site):
            continue
        if "shuffle=False" in site.text:
            return replaced(site, site.text.replace("shuffle=False", "shuffle=True"))
        inside = re.sub(
            r"(DataLoader\([^()]*(?:\([^()]*\)[^()]*)*)\)", r"\1, shuffle=True)", site.text, count=1
        )
        return replaced(site, inside)
    return ""


DATA_NOT_SHUFFLED = Fault(
    name="data_not_shuffled",
    family="The data",
    title="batches come sorted by class",
    what="Each batch is nearly all one class, and the next one another: each undoes what the one before "
    "taught.",
    formula=f"The commonest class makes up at least 85 % of a batch (of all that come before one step) and "
    f"{TIMES:g} times what the same labels, shuffled, give; at least {LEAST_UNMIXED} batches, whose "
    f"class changes.",
    source="The expected share comes from shuffling the labels seen, so that rare classes and "
    "small batches raise no alarm.",
    silent="targets aren't classes, batches are mixed, or the script makes the targets itself, as the ones "
    "and zeros of a GAN, or keeps them for rows that are ever new."
    f" The script makes them if over {MADE:.0%} of the targets are made in the step, or are one "
    f"tensor for each class while over {NEW:.0%} of the rows are new.",
    remedy="Use `DataLoader(…, shuffle=True)`, or a new permutation in every epoch.",
    judge=judge_data_not_shuffled,
    picture=_picture_of_data_not_shuffled,
    edit=_edit_of_data_not_shuffled,
    remedies=(
        single("loaders that shuffle", "shuffle", narrow="no DataLoader that doesn't shuffle is made"),
    ),
    explains=(
        Explains(
            (
                "oscillating_loss",
                "lr_too_high",
                "dead_relu",
                "exploding_gradient",
                "overfitting",
                "loss_plateau",
            ),
            "each batch undoes what the one before taught",
        ),
    ),
    signals=("purity",),
)
