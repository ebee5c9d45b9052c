"""A network that is to continue sequences is trained to repeat the token that it is given."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.signals.training import Training

FEWEST = 5
MOST = 0.5


def judge(training: Training) -> Finding | None:
    """Fire if targets are the tokens given, no later ones are seen, and sequences were continued with it."""
    for asked in training.record.dependences:
        tokens = asked.tokens
        continued = training.record.networks[asked.network].continued
        if tokens is None or not tokens.are_given or continued < FEWEST:
            continue
        if asked.later > 0 or not asked.own > MOST:
            continue  # an encoder may be asked to give back what it was given
        return Finding(
            place=Place(kind="targets", module=asked.name),
            where=f"the targets of {asked.name}",
            confidence=0.9,
            evidence=(
                f"{tokens.same:.0%} of {tokens.counted:,} targets compared are the tokens given at the "
                "same place",
                f"{asked.name} sees no later tokens, and was asked {continued} times to continue a "
                "sequence by one",
            ),
            remedy="Compare the answer at each place with the next token.",
            code="logits = model(tokens[:, :-1])\nloss = criterion(logits.flatten(0, 1), tokens[:, "
            "1:].flatten())",
        )
    return None


def _picture(training: Training) -> Picture | None:
    """What the targets are."""
    pairs = [
        pair
        for asked in training.record.dependences
        if asked.tokens is not None
        for pair in (("the token given", asked.tokens.same), ("the next token", asked.tokens.following))
    ]
    return bars("Targets that are", "share", pairs)


FAULT = Fault(
    name="target_not_shifted",
    family="The loss and its targets",
    title="the targets are the tokens given, not the next ones",
    what="The answer at each place is compared with the token at that place: the network learns to copy its "
    "input, its loss falls to nothing, and what it continues is the same token again and again.",
    formula="Over 98% of the targets are the tokens given at the same places, no answer changes with a later "
    f"token, and the network was asked at least {FEWEST} times without gradients for a sequence one longer "
    "than before, or for a single token after it had learnt from longer ones.",
    source="A fact, counted, and shown on a copy of the network.",
    silent="answers change with later tokens (auto-encoders), or nothing is continued.",
    remedy="Shift them by one: inputs `tokens[:, :-1]`, targets `tokens[:, 1:]`.",
    judge=judge,
    picture=_picture,
    untried="which line makes the targets isn't known",
    explains=(Explains(("overfitting",), "it learns to copy"),),
)
