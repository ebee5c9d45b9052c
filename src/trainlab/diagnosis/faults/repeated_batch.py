"""The same batch in every step, although there is more data.

Silent for full-batch training: there the batch is all that the training data has.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.averages import median
from trainlab.diagnosis.signals.training import Training

LEAST = 20
GAP = 0.15
UNFIT = 0.3


def judge(training: Training) -> Finding | None:
    """Fire if two different batches at most were trained on in more than 20 steps, of data with more rows."""
    data = training.record.data
    if data.fingerprinted <= LEAST or len(data.batches) > 2 or not data.batches:
        return None
    shown = len(data.train_rows) if data.largest_batch <= 256 else data.largest_batch
    loaders = [
        loader for loader in training.record.loaders if loader.rows and loader.shuffled
    ] or training.record.loaders
    rows = max((loader.rows or 0 for loader in loaders), default=0)
    from_loader = any((loader.rows or 0) >= 3 * shown for loader in loaders)
    from_memory = (
        data.held - len(data.judged_rows - data.train_rows) >= 3 * shown and data.largest_batch <= 256
    )
    learnt_by_heart = _is_new_to(training, shown)
    if not from_loader and not from_memory and not learnt_by_heart:
        return None
    loader = next((one for one in loaders if one.site is not None), None)
    place = loader.site.quoted if loader is not None and loader.site else "the training loop"
    return Finding(
        place=place_at(loader.site if loader is not None else None, "loader"),
        where=place,
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


def _picture(training: Training) -> Picture | None:
    """Training passes, different batches among them, rows in them and rows that there are."""
    data = training.record.data
    rows = max([data.held, *(loader.rows or 0 for loader in training.record.loaders)])
    shown = len(data.train_rows) if data.largest_batch <= 256 else data.largest_batch
    pairs = [
        ("training passes looked at", float(data.fingerprinted)),
        ("different batches", float(len(data.batches))),
        ("rows in them", float(shown)),
        ("rows of the data", float(rows)),
    ]
    return bars("Batches and rows", "count", pairs, log=True)


FAULT = Fault(
    name="repeated_batch",
    family="The data",
    title="the same batch is used in every step",
    what="A batch is taken once, before the loop, or a new iterator is made for each step: the rest of "
    "the data is never seen.",
    formula=f"In more than {LEAST} training passes at most 2 different batches were used, and the data "
    "has at least 3 times as many rows. Batches are told apart by fingerprints of their rows.",
    source="A fact, counted.",
    silent="the batch is all that the training data has.",
    remedy="Iterate over the loader inside the loop.",
    judge=judge,
    picture=_picture,
    untried="the script's own loop decides which batch comes next",
    explains=(Explains(("overfitting", "loss_plateau"), "one batch is memorized, and the rest never seen"),),
    signals=("different batches",),
)
