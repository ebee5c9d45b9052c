"""A network that is to predict the next token is shown it: earlier answers depend on later tokens."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.signals.training import Training

MOST = 0.5
"""In so large a share of the sequences the answer has to change."""


def judge(training: Training) -> Finding | None:
    """Fire if targets are the next tokens, and answers change with the tokens that they are to predict."""
    for asked in training.record.dependences:
        tokens = asked.tokens
        if tokens is None or not tokens.are_next or not asked.later > MOST:
            continue
        return Finding(
            place=Place(kind="module", module=asked.name),
            where=f"{asked.name}: no causal mask",
            confidence=0.95,
            evidence=(
                f"the targets are the next tokens of the input: {tokens.following:.0%} of those compared",
                f"asked at the end in eval mode, {asked.name} sees its answer: another next token changed "
                f"what was predicted for it in {asked.later:.0%} of the sequences",
            ),
            remedy="Give attention a causal mask, so that no place sees a later one; leave out "
            "`bidirectional` of recurrent layers, and pad convolutions on the left only.",
            code="mask = nn.Transformer.generate_square_subsequent_mask(length)\nh = encoder(h, mask=mask)",
        )
    return None


def _picture(training: Training) -> Picture | None:
    """How often answers change with which token."""
    pairs = [
        pair
        for asked in training.record.dependences
        for pair in (("the next token (should be 0)", asked.later), ("the token itself", asked.own))
    ]
    return bars("Predictions that change when one token is changed", "share of the sequences", pairs)


FAULT = Fault(
    name="missing_causal_mask",
    family="The network",
    title="a next-token network sees the token that it is to predict",
    what="Without a causal mask each place attends to the places after it. The loss falls to almost nothing, "
    "since the answer is read off the input; asked to continue a sequence the network has learnt nothing.",
    formula="Over 98% of the targets are the next tokens of the input, and in over "
    f"{MOST:.0%} of the sequences asked at the end, in eval mode, the answer at a place changes with the "
    "token "
    "after it.",
    source="A fact, shown on a copy of the network.",
    silent="targets are other tokens (masked words, labels, translations), or ignored in over a fifth of the "
    "places and the last answer but one doesn't change.",
    remedy="A causal mask in every attention layer.",
    judge=judge,
    picture=_picture,
    untried="the place of the mask in the script isn't known",
    explains=(Explains(("overfitting",), "the answer is copied from the input, which isn't there later"),),
)
