"""The network is evaluated on nothing but rows that it is trained on, although others are there.

Without others (all data is for training) it may be meant so, and nothing is said.
"""

from __future__ import annotations

from math import prod

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

KNOWN = 0.9
OFTEN = 0.4
PASSES, PART, COVERED, FEATURES = 2, 0.2, 0.6, 4


def judge(training: Training) -> Finding | None:
    """Fire if over 90 % of the rows evaluated were trained on, and rows of the same kind were never used."""
    data = training.record.data
    judged = len(data.judged_rows)
    if judged < 20 or data.judge_passes < 2 or training.learning.adversarial or len(data.train_rows) > 40_000:
        return None
    if data.judge_passes > OFTEN * training.record.tick:
        return None  # passes without gradients in so many steps feed something; they judge nothing
    if data.judged_known < KNOWN * judged or data.unused_rows < max(10, 0.05 * len(data.train_rows)):
        return _leaked(training)
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


def _leaked(training: Training) -> Finding | None:
    """Rows of the evaluation that are some of those trained on: two splits that weren't made together.

    Not all of these: then the whole data is looked at, for a picture, say.
    """
    data = training.record.data
    known, rows = len(data.mixed_known), len(data.mixed_rows)
    fractions = data.input_dtype.startswith("float") and prod(data.input_shape[1:]) >= FEATURES
    if data.mixed_passes < PASSES or known < max(20, PART * rows) or known > KNOWN * rows or not fractions:
        return None
    if known > COVERED * len(data.train_rows):
        return None
    site = next((one.eval_site or one.judge_site for one in training.record.networks), None)
    return Finding(
        place=place_at(site, "evaluation"),
        where=site.quoted if site is not None else "the evaluation",
        confidence=0.8,
        evidence=(
            f"{known:,} of {rows:,} rows that are evaluated together had been trained on before, "
            f"and {rows - known:,} hadn't",
            f"they are {known / max(1, len(data.train_rows)):.0%} of the rows trained on: "
            "the two sets overlap, so they weren't cut from one order of the rows",
        ),
        remedy="Split the rows once: what is evaluated must not be among those trained on.",
        code="order = torch.randperm(len(X))\ntrain, valid = order[:n], order[n:]",
    )


def _picture(training: Training) -> Picture | None:
    """Rows evaluated, how many of them were trained on, and rows never used."""
    data = training.record.data
    pairs = [
        ("rows trained on", float(len(data.train_rows))),
        ("rows evaluated", float(len(data.judged_rows))),
        ("of these trained on", float(data.judged_known)),
        ("rows never used", float(data.unused_rows)),
    ]
    return bars("Rows trained on and evaluated", "rows", pairs)


FAULT = Fault(
    name="eval_on_train",
    family="The data",
    title="the network is evaluated on its own training data",
    what="The score shows what was memorized, not how well the network generalizes; and held-out rows lie "
    "unused.",
    formula=f"Over {KNOWN:.0%} of the rows evaluated were trained on, and at least 10 rows of the same "
    "kind (and 5 % of the training's) are in memory and were never given to the network. Or, after "
    f"{PASSES} steps or more, batches were evaluated of which {PART:.0%} to {KNOWN:.0%} had been trained on, "
    f"and these are at most {COVERED:.0%} of the rows trained on.",
    source="A fact, by fingerprints of rows.",
    silent="there is no other data: then the training score may be meant. Rows that come again among "
    f"themselves, have fewer than {FEATURES} features or whole numbers only tell nothing.",
    remedy="Evaluate on the held-out data.",
    judge=judge,
    picture=_picture,
    untried="it changes what is reported, not what is learnt",
    not_to_blame="it changes what is reported, not what is learnt",
    signals=("known rows",),
)
