"""Data that nothing uses: what a network is given, and what a batch holds."""

from __future__ import annotations

import math
from dataclasses import replace

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.answers import ALL, FEWEST_PLACES
from trainlab.diagnosis.observed.events import BatchTensor, UnusedFlags
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.signals.training import Training, learning_twin, learns

# unused_input: The network is given something that it never uses.


def judge_unused_input(training: Training) -> Finding | None:
    """Fire where the training falls short, and nothing else was found; else, and of a mask, it is a note."""
    for asked in training.record.dependences:
        for one in asked.unused:
            finding = Finding(
                place=Place(kind="module", module=asked.name),
                where=f"{asked.name}: its argument `{one.name}`",
                confidence=0.95,
                evidence=(
                    f"in a pass of a copy, in train and in eval mode, no function is given `{one.name}` "
                    f"{list(one.shape)}",
                    "with its numbers at other places all answers stay the same",
                    training.learning.words,
                ),
                remedy=f"Use `{one.name}` in `forward`, or don't give it.",
            )
            fails = training.learning.falls_short and not training.faults
            return finding if fails and not one.is_mask else finding.as_note()
    return None


def _picture_of_unused_input(training: Training) -> Picture | None:
    """What is given and not used, by its size."""
    unused = [one for asked in training.record.dependences for one in asked.unused]
    pairs = [(one.name, math.prod(one.shape)) for one in unused]
    return bars("What is given and never used", "numbers", pairs)


UNUSED_INPUT = Fault(
    name="unused_input",
    family="The data",
    title="the network never uses one of its inputs",
    what="A second table, the neighbours of a graph or the lengths of sequences are given to the network, "
    "and `forward` doesn't use them: what only they tell can't be learnt.",
    formula="No function is given an argument of the network in a pass of a copy, in train mode nor in eval "
    "mode, and the answers stay the same with its numbers at other places; the training fails, and nothing "
    "else was found.",
    source="A fact, shown on a copy of the network.",
    silent="the argument is all of one number, or its shape is used. Where the training succeeds, and of "
    "masks (0 and 1 alone), it is a note.",
    remedy="Use it, or leave it out.",
    judge=judge_unused_input,
    picture=_picture_of_unused_input,
    untried="how it's to be used isn't known",
    explains=(Explains(("loss_plateau",), "what only that input tells can't be learnt"),),
)


# mask_inverted: Attention is kept from the words, and sees the padding.


def judge_mask_inverted(training: Training) -> Finding | None:
    """Fire where a mask hides every word that a network is given, and not what fills the rows up."""
    for asked in training.record.dependences:
        found = asked.hidden
        if found is None or not found.are_the_other_way_round:
            continue
        return Finding(
            place=place_at(found.site, "call", module=asked.name, call=found.name),
            where=f"{asked.name}, the mask of {found.name}{quoted(found.site, before=' at ')}",
            confidence=0.95,
            evidence=(
                f"the mask hides {found.hidden_words:,} of {found.words:,} places with words from attention, "
                f"and {found.hidden_padding:,} of {found.padding:,} with the token that fills rows up",
                training.learning.words,
            ),
            remedy="Turn the mask round: `key_padding_mask` and `masked_fill` hide where it is True, the "
            "boolean `attn_mask` of scaled_dot_product_attention where it is False.",
            code="mask = tokens == padding  # True where nothing is to be seen",
        )
    return None


def _picture_of_mask_inverted(training: Training) -> Picture | None:
    """What is hidden."""
    hidden = [asked.hidden for asked in training.record.dependences if asked.hidden is not None]
    pairs = [
        pair
        for one in hidden
        for pair in (
            ("words (should be 0)", one.hidden_words / max(1, one.words)),
            ("padding (should be 1)", one.hidden_padding / max(1, one.padding)),
        )
    ]
    return bars("What the mask hides from attention", "share", pairs)


MASK_INVERTED = Fault(
    name="mask_inverted",
    family="The network",
    title="attention's mask hides the words and shows the padding",
    what="Layers don't agree on what True means in a mask. The other way round attention sees the padding "
    "alone, which is the same everywhere: each word is read without those around it.",
    formula=f"In a pass of a copy a mask over the places of a sequence hides over {ALL:.0%} of the words "
    f"from attention, and less than {1 - ALL:.0%} of the padding: a token that fills rows up, at their ends "
    f"or their beginnings, in runs of several lengths; of at least {FEWEST_PLACES} places each.",
    source="A fact, counted. PyTorch: `key_padding_mask` of nn.MultiheadAttention, `attn_mask` of "
    "scaled_dot_product_attention.",
    silent="no tokens are given as whole numbers, all rows are of one length, or the mask has places for "
    "queries, too.",
    remedy="Turn the mask round.",
    judge=judge_mask_inverted,
    picture=_picture_of_mask_inverted,
    untried="where else the mask is used isn't known",
    explains=(
        Explains(
            ("loss_plateau", "capacity_too_small", "lr_too_low", "overfitting"),
            "no word is read with those around it",
        ),
    ),
)


# batch_tensor_unused: A tensor of the batch that nothing uses: `done` of a DQN, a mask, a row's weight.

LEAST_MADE = 20
_MEANT = ("weight", "mask", "done", "terminal")
"""Numbers that the script calls so are there to be used; of others that are no flags that isn't known."""


def judge_batch_tensor_unused(training: Training) -> Finding | None:
    """Note flags, or what is called a weight or a mask, that nothing uses while others are used.

    Fire where targets are made of a network's own answers: what flags say there is where a row ends.
    """
    found = _never_read(training) or _never_given(training)
    if found is None or not found[1] or training.learning.solved or not _is_bootstrapped(training):
        return None if found is None else found[0].as_note()
    finding = found[0]
    why = (
        "the targets are made of a network's own answers: without the flags that end an episode, what would "
        "come after the end counts as well"
    )
    return replace(finding, evidence=(*finding.evidence, why))


def _is_bootstrapped(training: Training) -> bool:
    """Whether a network that learns, or one built like it, answers in most steps for their targets."""
    record, main = training.record, training.learning.main
    if main is None or main.kind in CLASSES + BINARY:
        return False
    return any(
        2 * root.judge_ticks > record.tick and (learns(root) or learning_twin(record, root) is not None)
        for root in record.networks
    )


def _never_read(training: Training) -> tuple[Finding, bool] | None:
    """Return what holds the batch's flags and is never read in the function that computes the loss."""
    event = next(iter(training.record.events_of(UnusedFlags)), None)
    if event is None or event.site is None:
        return None
    finding = Finding(
        place=place_at(event.site, "data"),
        where=f"`{event.name}` at {event.site.quoted}",
        confidence=0.85,
        evidence=(
            f"`{event.name}` holds {event.rows} flags, one a row, and nothing in {event.site.function}() "
            "reads it",
            f"{event.beside} others of as many rows beside it are read",
        ),
        remedy="Let the loss take it into account, or leave it out of the batch.",
        code=f"target = reward + gamma * (1 - {event.name}) * next_value  # of a value that is bootstrapped",
    )
    return finding, True


def _never_given(training: Training) -> tuple[Finding, bool] | None:
    """Return a tensor of the batch that no function is given, and whether it holds flags."""
    record = training.record
    if record.compiled_calls or record.other_threads:
        return None  # what uses it may not have been heard
    known = [one for one in record.events_of(BatchTensor) if one.made >= LEAST_MADE]
    for one in known:
        site = one.site
        if site is None or one.used or not (one.dtype.startswith("torch.float") or one.dtype == "torch.bool"):
            continue
        home = (site.file, site.function, one.shape[0])
        others = [other for other in known if other.used >= other.made and _home(other) == home]
        if len(others) < 2 or not (one.flags or any(word in site.text.lower() for word in _MEANT)):
            continue
        shape = f"({', '.join(map(str, one.shape))}{',' if len(one.shape) == 1 else ''})"
        at = f", the {one.place}{_ORDINALS.get(one.place, 'th')} that is made there" if one.place > 1 else ""
        what = "of 0 and 1" if one.flags else f"of {one.dtype.removeprefix('torch.')}"
        finding = Finding(
            place=place_at(site, "data"),
            where=f"the tensor {shape} {what} at {site.quoted}{at}",
            confidence=0.9,
            evidence=(
                f"it was made in {one.made} steps looked at, and no network, loss or other function used it",
                f"{len(others)} others of as many rows, made beside it, were used each time",
            ),
            remedy="Let the loss or the network take it into account, or leave it out of the batch.",
        )
        return finding, one.flags
    return None


def _home(event: BatchTensor) -> tuple[str, str, int]:
    site = event.site
    return ("", "", 0) if site is None else (site.file, site.function, event.shape[0])


_ORDINALS = {2: "nd", 3: "rd"}


BATCH_TENSOR_UNUSED = Fault(
    name="batch_tensor_unused",
    family="The data",
    title="a tensor of the batch is never used",
    what="A step makes a tensor of its data, such as `done` of a DQN, a mask or weights of rows, and nothing "
    "is given it: neither a network nor a loss.",
    formula=f"A line makes a tensor of floats or bools of a step's data, {LEAST_MADE} times or more in steps "
    "looked at, and no function is given it or what is made of it; it holds only 0 and 1, or its line speaks "
    "of a weight, a mask, done or terminal; and two others of as many rows, made in the same function, are "
    "used each time. Or a variable of the function that computes the loss holds truth values, one a row, and "
    "nothing in it reads that. It is a note, but where the targets are made of a network's own answers "
    "(`done` of a DQN).",
    source="A fact, counted; whether it is meant only the script's author knows.",
    silent="whole numbers are carried along, as indexes, lengths and names are; code was compiled, or other "
    "threads were at work: what they use isn't heard.",
    remedy="Let the loss or the network take it into account, or leave it out of the batch.",
    judge=judge_batch_tensor_unused,
    untried="what it is for only you know",
    signals=("uses of a tensor",),
)
