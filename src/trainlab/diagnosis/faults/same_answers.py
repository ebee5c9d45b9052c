"""Networks that answer everything alike: all rows, or a row at all of its places."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import FOUND, Finding, Proof, by_structure
from trainlab.diagnosis.observed.answers import BLIND, Dependence, SameAnswers
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.signals.training import Training

# same_answers: All rows get the same answer, or a row the same at all of its places.
#
# Of rows only where nothing says what the answers ought to be, as of embeddings: where targets are known, a
# constant answer shows in the loss. Of places where the targets' variance lies between them.

COLLAPSED, FALLEN = 0.01, 0.1
"""Rows are answered alike if they differ by less than a hundredth of their size, and by a tenth of what they
differed by at the start."""
ALIKE, APART = 1e-6, 0.25
"""Places are answered alike if less than a millionth of the variance lies between them; a quarter of the
targets' is too much to be missed."""


def judge_same_answers(training: Training) -> Finding | None:
    """Fire where answers have become alike for all rows, or are alike for all places by structure."""
    for asked in training.record.dependences:
        if asked.same is None:
            continue
        if asked.same.is_blind and training.learning.failing and not training.faults:
            return _of_blindness(asked, asked.same, training)
        if _are_rows_alike(asked.same) and training.learning.state == "unknown" and not training.faults:
            return _of_rows(asked, asked.same)
        if _are_places_alike(asked.same) and training.learning.state != "learnt":
            return _of_places(asked, asked.same, training)
    return None


def _are_rows_alike(same: SameAnswers) -> bool:
    return same.last < COLLAPSED and same.last < FALLEN * same.first


def _are_places_alike(same: SameAnswers) -> bool:
    return same.places > 0 and same.apart < ALIKE and same.target > APART


def _of_rows(asked: Dependence, same: SameAnswers) -> Finding:
    return Finding(
        place=Place(kind="output", module=asked.name),
        where=f"the output of {asked.name}",
        confidence=0.93,
        evidence=(
            f"over {same.rows} different rows its answers differ by {same.last:.2g} of their size "
            f"at the end, by {same.first:.2g} with the weights of the start",
            "a loss of distances between answers stands still there: all of them are 0",
        ),
        remedy="Start with a lower learning rate or a warm-up. Of a triplet loss take all pairs or the "
        "semi-hard ones first, the hardest later; of pairs that attract each other let others repel.",
    )


def _of_blindness(asked: Dependence, same: SameAnswers, training: Training) -> Finding:
    return Finding(
        place=Place(kind="output", module=asked.name),
        where=f"the output of {asked.name}",
        confidence=0.97,
        proof=by_structure(f"with other weights, too, all {same.rows} rows of a batch get the same answer"),
        evidence=(
            f"with the weights of the start, those of the end, and others drawn, all {same.rows} different "
            "rows of a batch get the same answer, to a millionth of its size",
            *((_ENDS_ALIKE.format(share=same.padded),) if same.padded > PADDED else ()),
            training.learning.words,
        ),
        remedy=_READ_BEFORE
        if same.padded > PADDED
        else "Look for the line where the inputs are lost: a variable of another name, a token that is the "
        "same in every row, a layer along the wrong axis, a mask over all.",
    )


PADDED = 0.5
_ENDS_ALIKE = (
    "{share:.0%} of the rows end with the same token twice, as padding does: the last place of a recurrent "
    "network tells of that alone, if there is much of it"
)
_READ_BEFORE = (
    "Read the answer at each row's last place that is no padding, by its length: pack the rows "
    "(pack_padded_sequence) and take the last state, or average over the places that are no padding."
)


def _of_places(asked: Dependence, same: SameAnswers, training: Training) -> Finding:
    share = f"{same.target:.0%}".replace("%", " %")
    proof: Proof = FOUND
    if same.target > 0.5:
        proof = by_structure(
            f"with other weights, too, the answer is the same at all {same.places} places, and {share} of "
            "the targets' variance lies between them"
        )
    return Finding(
        place=Place(kind="output", module=asked.name),
        where=f"the output of {asked.name}, [rows, {same.places} places, numbers]",
        confidence=0.97,
        proof=proof,
        evidence=(
            f"with the weights of the start, those of the end, and others drawn, a row's answer is the same "
            f"at all {same.places} places, to a millionth of their variance",
            f"of the targets' variance {share} lies between the places of a row",
            training.learning.words,
        ),
        remedy="Give the places something that tells them apart: positions, or the outputs before, as a "
        "decoder is given the target shifted by one.",
    )


def _picture_of_same_answers(training: Training) -> Picture | None:
    """How much answers differ, over rows or over places."""
    for asked in training.record.dependences:
        same = asked.same
        if same is None:
            continue
        if _are_places_alike(same):
            pairs = [("the targets", same.target), ("the answers", same.apart)]
            return bars("Which share of the variance lies between places", "of all", pairs)
        if same.is_blind or _are_rows_alike(same):
            pairs = [("at the start", same.first), ("at the end", same.last)]
            return bars("How much the answers to different rows differ", "of their size", pairs)
    return None


SAME_ANSWERS = Fault(
    name="same_answers",
    family="The network",
    title="the network answers everything alike",
    what="All rows get the same embedding, so that distances between them tell nothing; or nothing of the "
    "inputs reaches the answers; or a decoder is "
    "given nothing that tells its places apart, and answers the same at each.",
    formula=f"Asked with the weights of the end, different rows are answered alike to {COLLAPSED:g} of the "
    f"answers' size, and to {FALLEN:g} of what they differed by at the start, in a training whose loss is "
    f"given no targets. Or they are answered alike to {BLIND:g} with the weights of the start, of the end, "
    "and with others drawn, in a training that fails and in which no fault was found before this (padding "
    f"is named where over {PADDED:.0%} of rows of tokens end with the same one twice). Or a row "
    "is answered alike at all of its places, with the weights of the start and of the end, to "
    f"{ALIKE:g} of the variance, while over {APART:g} of the targets' lies between places.",
    source="Facts, shown on copies of the network. Of triplets: the hardest ones make all embeddings one "
    "point (Schroff et al. 2015, section 3.2).",
    silent="the network has learnt, or the rows that it is given are the same.",
    proven="all rows are answered alike with other weights, too; or a row's places are, and over half of the "
    "targets' variance lies between them",
    remedy="Of rows: a lower rate, a warm-up, easier triplets first. Of places: positions, or the outputs "
    "before.",
    judge=judge_same_answers,
    picture=_picture_of_same_answers,
    untried="what is to tell rows or places apart isn't known",
    explains=(
        Explains(
            ("loss_plateau", "capacity_too_small", "lr_too_high", "lr_too_low", "oscillating_loss"),
            "what answers everything alike can't follow the data",
        ),
    ),
)
