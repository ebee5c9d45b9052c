"""Answers that can be read off the inputs: what is to be predicted is given, at once or a place later."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.answers import Dependence, GivenTarget, TokenShares
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.signals.training import Training

# missing_causal_mask: A network that is to predict the next token is shown it: earlier answers depend on
# later tokens.

MOST_MASKED = 0.5
"""In so large a share of the sequences the answer has to change."""


def judge_missing_causal_mask(training: Training) -> Finding | None:
    """Fire if targets are the next tokens, and answers change with the tokens that they are to predict."""
    for asked in training.record.dependences:
        tokens = asked.tokens
        if tokens is None or not tokens.are_next or not asked.later > MOST_MASKED:
            continue
        at = asked.ahead.site if asked.ahead is not None else None
        return Finding(
            place=place_at(at, "module", module=asked.name),
            where=f"{asked.name}, the attention at {at.quoted}" if at else f"{asked.name}: no causal mask",
            confidence=0.95,
            evidence=(
                f"the targets are the next tokens of the input: {tokens.following:.0%} of those compared",
                f"checked after the last step in eval mode, {asked.name} sees its answer: another next token "
                f"changed what was predicted for it in {asked.later:.0%} of the sequences",
            ),
            remedy="Give attention a causal mask, so that no place sees a later one; leave out "
            "`bidirectional` of recurrent layers, and pad convolutions on the left only.",
            code="mask = nn.Transformer.generate_square_subsequent_mask(length)\nh = encoder(h, mask=mask)",
        )
    return None


def _picture_of_missing_causal_mask(training: Training) -> Picture | None:
    """How often answers change with which token."""
    pairs = [
        pair
        for asked in training.record.dependences
        for pair in (("the next token (should be 0)", asked.later), ("the token itself", asked.own))
    ]
    return bars("Predictions that change when one token is changed", "share of the sequences", pairs)


MISSING_CAUSAL_MASK = Fault(
    name="missing_causal_mask",
    family="The network",
    title="a next-token network sees the token that it is to predict",
    what="Without a causal mask each place attends to the places after it. The loss falls to almost nothing, "
    "since the answer is read off the input; asked to continue a sequence the network has learnt nothing.",
    formula="Over 98% of the targets are the next tokens of the input, and in over "
    f"{MOST_MASKED:.0%} of the sequences checked after the last step, in eval mode, the answer at a place "
    f"changes with the token after it.",
    source="A fact, shown on a copy of the network.",
    silent="targets are other tokens (masked words, labels, translations), or ignored in over a fifth of the "
    "places and the last answer but one doesn't change.",
    remedy="A causal mask in every attention layer.",
    judge=judge_missing_causal_mask,
    picture=_picture_of_missing_causal_mask,
    untried="the place of the mask in the script isn't known",
    explains=(Explains(("overfitting",), "the answer is copied from the input, which isn't there later"),),
)


# target_not_shifted: A network that is to continue sequences is trained to repeat the token that it is given,
# or to skip the next one.

FEWEST = 5
MOST_SHIFTED = 0.5


def judge_target_not_shifted(training: Training) -> Finding | None:
    """Fire if targets are the tokens given, no later ones are seen, and these are to be predicted.

    Where nothing shows that they are, it is a note. Fire, too, if all are the tokens after the next ones.
    """
    for asked in training.record.dependences:
        tokens = asked.tokens
        if tokens is not None and tokens.are_second and not asked.later > 0:
            return _shifted_twice(asked.name, tokens)
        continued = training.record.networks[asked.network].continued
        if tokens is None or not tokens.are_given:
            continue
        if asked.later > 0 or not asked.own > MOST_SHIFTED:
            continue  # an encoder may be asked to give back what it was given
        to_predict = _is_to_predict(asked, continued)
        if not to_predict and (tokens.same < 1 or not asked.earlier > MOST_SHIFTED):
            continue
        finding = Finding(
            place=Place(kind="targets", module=asked.name),
            where=f"the targets of {asked.name}",
            confidence=0.9,
            evidence=(
                f"{tokens.same:.0%} of {tokens.counted:,} targets compared are the tokens given at the "
                "same place",
                f"{asked.name} sees no later tokens{to_predict}; its answer to a token changes with that "
                "token: it only has to repeat it",
            ),
            remedy="Compare the answer at each place with the next token.",
            code="logits = model(tokens[:, :-1])\nloss = criterion(logits.flatten(0, 1), tokens[:, "
            "1:].flatten())",
        )
        return finding if to_predict else finding.as_note()
    return None


def _shifted_twice(name: str, tokens: TokenShares) -> Finding:
    return Finding(
        place=Place(kind="targets", module=name),
        where=f"the targets of {name}",
        confidence=0.9,
        evidence=(
            f"{tokens.second:.0%} of {tokens.counted:,} targets compared are the tokens two places on, "
            f"{tokens.following:.0%} the next ones",
            f"so {name} learns to skip a token: targets that the batch has shifted already are shifted again",
        ),
        remedy="Shift the targets once: in the batch, or where the loss is computed.",
        code="loss = criterion(logits.flatten(0, 1), targets.flatten())  # targets: the next tokens",
    )


def _is_to_predict(asked: Dependence, continued: int) -> str:
    """Return what shows that a network is there to predict the next token; empty where nothing does."""
    if continued >= FEWEST:
        return f", and was asked {continued} times to continue a sequence by one"
    if asked.tokens is None or asked.tokens.same < 1 or not asked.earlier > MOST_SHIFTED:
        return ""
    if asked.attends:
        return ", since its attention is masked"
    return ", and is given another sequence or a state besides" if asked.conditioned else ""


def _picture_of_target_not_shifted(training: Training) -> Picture | None:
    """What the targets are."""
    pairs = [
        pair
        for asked in training.record.dependences
        if asked.tokens is not None
        for pair in (
            ("the token given", asked.tokens.same),
            ("the next token", asked.tokens.following),
            ("the one after it", asked.tokens.second),
        )
    ]
    return bars("Targets that are", "share", pairs)


TARGET_NOT_SHIFTED = Fault(
    name="target_not_shifted",
    family="The loss and its targets",
    title="the targets aren't the next tokens",
    what="The answer at each place is compared with the token at that place: the network learns to copy its "
    "input, its loss falls to nothing, and what it continues is the same token again and again. Or the "
    "targets are shifted twice, in the batch and in the loss: it learns to skip a token, and what it "
    "continues is nonsense.",
    formula="Over 98% of the targets are the tokens given at the same places, no answer changes with a later "
    f"token, and the network was asked at least {FEWEST} times without gradients for a sequence one longer "
    "than before, or for a single token after it had learnt from longer ones. Or all targets are, answers "
    "change with tokens before, and the network has attention, which must be masked then, or is given "
    "another sequence or a state: it is a decoder. Or over 98% of the targets are the tokens two places on, "
    "fewer are the next ones or those given, and no answer changes with a later token.",
    source="A fact, counted, and shown on a copy of the network.",
    silent="answers change with later tokens (auto-encoders). Of a recurrent network that has the tokens "
    "alone, and continues nothing, it is a note."
    f" Nothing is told where over {MOST_SHIFTED:.0%} of the answers don't depend on the token at their own "
    "place.",
    remedy="Shift them by one: inputs `tokens[:, :-1]`, targets `tokens[:, 1:]`.",
    judge=judge_target_not_shifted,
    picture=_picture_of_target_not_shifted,
    untried="which line makes the targets isn't known",
    explains=(Explains(("overfitting",), "it learns to copy"),),
)


# target_among_inputs: The target is one of the features, or the word that was to be masked.

TOLD_BY_OTHERS, LINE = 0.1, 0.98
"""The others have to tell something of the target, too, but not all: else it may be the task to pick it."""
MOST_READ = 0.2
LEFT_OUT, VARIED = 0.5, 0.5


def judge_target_among_inputs(training: Training) -> Finding | None:
    """Fire if a feature is the target and others are there to predict it, or masked words are in sight."""
    for asked in training.record.dependences:
        given, tokens = asked.given_target, asked.tokens
        if given is not None and given.moved > MOST_READ and TOLD_BY_OTHERS < given.others < LINE:
            return _of_feature(asked, given)
        if tokens is None or not tokens.are_given or tokens.same < 1 or not asked.own > MOST_SHIFTED:
            continue
        if tokens.left_out > LEFT_OUT and tokens.varied > VARIED * tokens.ignored:
            return _of_words(asked, 1 - tokens.left_out)
    return None


def _of_feature(asked: Dependence, given: GivenTarget) -> Finding:
    return Finding(
        place=Place(kind="data", module=asked.name),
        where=f"the inputs of {asked.name}: {given.feature} is the target",
        confidence=0.9,
        evidence=(
            f"{given.feature} is the target, but for its unit, in all {given.rows:,} rows compared",
            f"checked after the last step in eval mode, {asked.name} reads it: with {given.feature} of "
            f"another row {given.moved:.0%} of the answers changed",
            f"from the other features a linear fit explains {given.others:.0%} of the target's variance: "
            "there is something to predict it from",
        ),
        remedy="Leave the target out of the inputs: its column, or the last step of a window.",
        code="X, y = table[:, :-1], table[:, -1]",
    )


def _of_words(asked: Dependence, share: float) -> Finding:
    tokens = asked.tokens
    assert tokens is not None
    return Finding(
        place=Place(kind="data", module=asked.name),
        where=f"the tokens given to {asked.name}",
        confidence=0.9,
        evidence=(
            f"labels are set at {share:.0%} of the places, and all {tokens.counted:,} compared are the "
            "tokens given there: none is masked",
            f"checked after the last step in eval mode, {asked.name} reads them: its answer to a token "
            "changes with that token",
        ),
        remedy="Put the mask token in the place of the tokens to be predicted before the network is called.",
        code="inputs = ids.masked_fill(chosen, mask_token)\nlabels = ids.masked_fill(~chosen, -100)",
    )


def _picture_of_target_among_inputs(training: Training) -> Picture | None:
    """What the feature tells, and what the others do; or what the labels are."""
    for asked in training.record.dependences:
        given, tokens = asked.given_target, asked.tokens
        if given is not None:
            pairs = [(given.feature, 1.0), ("all other features", max(0.0, given.others))]
            return bars("What a linear fit explains", "share of the target's variance", pairs)
        if tokens is not None and tokens.are_given:
            return bars("Labels that are", "share", [("the token given", tokens.same)])
    return None


TARGET_AMONG_INPUTS = Fault(
    name="target_among_inputs",
    family="The loss and its targets",
    title="the target is among the inputs",
    what="A column of the table is the target itself, a window ends with the value that it is to forecast, "
    "or the words to be guessed weren't masked. The network copies it: its score is nearly perfect on any "
    "split, and means nothing where the answer isn't known yet.",
    formula="A feature of a table or a window is the one target in all rows compared, as it is, in another "
    "unit or as a number for each class; "
    f"over {MOST_READ:.0%} of the answers change if it is another row's, and the other features explain "
    f"between {TOLD_BY_OTHERS:.0%} and {LINE:.0%} of the target. Or the loss leaves out over {LEFT_OUT:.0%} "
    f"of the places of tokens, over {VARIED:.0%} of these different ones and so no padding, and all labels "
    "left are the tokens given at their places.",
    source="A fact, counted, and shown on a copy of the network.",
    silent="the other features tell nothing of the target (it may be the task to pick the one that does), "
    "there are fewer than 3 features or 100 rows, or several targets a row (auto-encoders). Of tokens, if "
    f"{MOST_SHIFTED:.0%} of the answers don't depend on the token at their own place.",
    remedy="Leave the target out of what is given.",
    judge=judge_target_among_inputs,
    picture=_picture_of_target_among_inputs,
    untried="which line makes the inputs isn't known",
)
