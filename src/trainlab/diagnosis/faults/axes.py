"""Axes taken for one another: rows mixed, softmax over the wrong one."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.answers import Dependence, PassCall
from trainlab.diagnosis.observed.events import AxesExchanged
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.signals.training import Training

# mixed_axes: Axes are taken for one another: the answer to an example depends on which others are in its
# batch.

MOST_UNMIXED = 0.5
"""So large a share of the rows has to change."""
RECURRENT = ("RNN", "LSTM", "GRU")


def judge_mixed_axes(training: Training) -> Finding | None:
    """Look at what was reshaped, then at whether the rows of a batch change each other's answers."""
    if training.learning.adversarial:
        return None
    for event in training.record.events_of(AxesExchanged):
        finding = _of_data(event)
        mixes_rows = event.before[:1] != event.after[:1]
        return finding if mixes_rows or training.learning.failing else finding.as_note()
    for asked in training.record.dependences:
        blind = asked.same is not None and asked.same.is_blind and training.learning.failing
        if not _mixes(asked) and not blind:
            continue
        if asked.moved and not blind:
            return _of_reshape(asked, asked.moved[0])
        layer = _along_rows(asked)
        if layer is not None:
            return _of_layer(asked, layer)
    return None


def _mixes(asked: Dependence) -> bool:
    return asked.order > MOST_UNMIXED or asked.others > MOST_UNMIXED


def _along_rows(asked: Dependence) -> PassCall | None:
    """Return a layer that takes the rows for its sequence, unless that may be meant.

    Where the targets have its other axis, too, it may be the data that has the sequence first, as recurrent
    layers want it; where each batch is a group of its own, its members may attend to each other.
    """
    for layer in asked.along_rows:
        meant = layer.name not in RECURRENT and not asked.regrouped
        if layer.given[1] not in asked.target[:1] and not meant:
            return layer
    return None


def _proof(asked: Dependence) -> str:
    rows, others = asked.rows, asked.rows - 1
    if asked.same is not None and asked.same.is_blind:
        return (
            f"checked after the last step, all {asked.same.rows} rows of a batch get the same answer, "
            "whatever the weights are: what each is made of doesn't reach its own answer"
        )
    if asked.order > MOST_UNMIXED:
        return (
            f"checked after the last step in eval mode, {round(asked.order * rows)} of {rows} rows got other "
            "answers when they stood in another order in their batch"
        )
    return (
        f"checked after the last step in eval mode, {round(asked.others * others)} of {others} rows got "
        "other answers when another row of their batch was replaced"
    )


def _of_data(event: AxesExchanged) -> Finding:
    before, after = list(event.before), list(event.after)
    return Finding(
        place=place_at(event.site, "data"),
        where=f"the network's input at {quoted(event.site, 'a view')}",
        confidence=0.9,
        evidence=(
            f"a batch of shape {before} is reshaped to {after} and given to the network",
            "view and reshape keep the numbers in their order: they don't swap axes, and each row now mixes "
            "several examples",
        ),
        remedy="Swap axes with `transpose` or `permute`.",
        code=f"x = x.permute({', '.join(map(str, _places(event.before, event.after)))})",
    )


def _places(before: tuple[int, ...], after: tuple[int, ...]) -> list[int]:
    left = list(range(len(before)))
    found: list[int] = []
    for size in after:
        place = next((one for one in left if before[one] == size), None)
        if place is not None:
            left.remove(place)
            found.append(place)
    return found


def _of_reshape(asked: Dependence, call: PassCall) -> Finding:
    rows = call.given.index(asked.rows)
    return Finding(
        place=place_at(call.site, "call", call=call.name),
        where=f"{asked.name} at {quoted(call.site, call.name)}",
        confidence=0.93,
        evidence=(
            _proof(asked),
            f"{call.name} takes {list(call.given)}, whose axis {rows} is the {asked.rows} rows checked, to "
            f"{list(call.out)}: the numbers keep their order, so that those of several rows come together",
        ),
        remedy="Bring the axis of the rows to the front with `transpose` or `permute` before reshaping.",
        code=f"h.transpose(0, {rows}).reshape(…)",
    )


def _of_layer(asked: Dependence, call: PassCall) -> Finding:
    return Finding(
        place=place_at(call.site, "module", module=call.module),
        where=f"{asked.name}.{call.module} ({call.name})" + quoted(call.site, before=" at "),
        confidence=0.93,
        evidence=(
            _proof(asked),
            f"{call.module} ({call.name}, batch_first=False) is given {list(call.given)}: it takes axis "
            f"0, the {asked.rows} rows checked, for the sequence, and axis 1 for the batch",
        ),
        remedy=f"Make the {call.name} with `batch_first=True`.",
        code=f"nn.{call.name}(…, batch_first=True)",
    )


def _picture_of_mixed_axes(training: Training) -> Picture | None:
    """The shapes before and after, or the one that the layer is given."""
    boxes: list[tuple[str, tuple[int, ...], bool]] = []
    for event in training.record.events_of(AxesExchanged)[:1]:
        boxes = [("before", event.before, False), ("given to the network", event.after, True)]
    for asked in training.record.dependences:
        if boxes or not _mixes(asked):
            continue
        layer = _along_rows(asked)
        if asked.moved:
            call = asked.moved[0]
            boxes = [("before", call.given, False), (f"after {call.name}", call.out, True)]
        elif layer is not None:
            boxes = [(f"given to {layer.module}", layer.given, True)]
    if not boxes:
        return None
    drawn = [{"label": label, "shape": list(shape), "wrong": wrong} for label, shape, wrong in boxes]
    return {"kind": "shapes", "title": "Axes that are taken for one another", "boxes": drawn}


MIXED_AXES = Fault(
    name="mixed_axes",
    family="The network",
    title="axes are mixed up",
    what="A recurrent or attention layer without `batch_first` runs along the batch instead of the sequence, "
    "or `view` stands where a `transpose` was meant. Examples get each other's numbers, and the answer to "
    "one depends on which others are in its batch.",
    formula=f"Over {MOST_UNMIXED:.0%} of the rows checked after the last step, in eval mode, get other "
    "answers if they stand in another order or if another row is replaced, or all of them the same one "
    "whatever the weights are, in a "
    "training that fails; and a reshape moves the axis of the rows, or a layer takes "
    "it for the sequence. Or a batch is reshaped to its own axes in another order and given to the network.",
    source="A fact, read off shapes and shown on a copy of the network.",
    silent="the targets have the layer's other axis, too (data with the sequence first), the batch has one "
    "step only, rows attend to each other and are never met in another batch (groups of their own), or each "
    "row changes its own answer alone.",
    remedy="`batch_first=True`, or `transpose` and `permute` in the place of `view`.",
    judge=judge_mixed_axes,
    picture=_picture_of_mixed_axes,
    untried="what each axis means isn't known",
    explains=(
        Explains(
            ("shuffled_targets", "loss_plateau", "capacity_too_small", "lr_too_low", "overfitting"),
            "the network gets the numbers of several examples for one target",
        ),
    ),
)


# softmax_wrong_dim: Softmax normalizes over another axis than the one that its weights are summed over.

MOST_ROWWISE = 0.5
"""So large a share of the rows has to change."""
GOOD = 0.95
"""Accuracy, or R²: a network that reaches it may normalize over its queries on purpose."""


def judge_softmax_wrong_dim(training: Training) -> Finding | None:
    """Look for softmax over the rows of a batch, and for attention that sums over what isn't normalized."""
    if training.learning.adversarial:
        return None
    for asked in training.record.dependences:
        if asked.over_rows and asked.others > MOST_ROWWISE and asked.regrouped:
            return _over_rows(asked, asked.over_rows[0])
        if asked.over_queries:
            finding = _over_queries(asked, asked.over_queries[0])
            return finding.as_note() if training.learning.reached > GOOD else finding
    return None


def _over_rows(asked: Dependence, call: PassCall) -> Finding:
    others = asked.rows - 1
    return Finding(
        place=place_at(call.site, "call", call=call.name),
        where=f"{asked.name} at {quoted(call.site, call.name)}",
        confidence=0.93,
        evidence=(
            f"{call.name} of {list(call.given)} over axis {call.axis}, the {asked.rows} rows checked: the "
            "examples of a batch share one sum of 1",
            f"checked after the last step in eval mode, {round(asked.others * others)} of {others} rows got "
            "other answers when another row of their batch was replaced",
        ),
        remedy="Normalize over the axis of what is chosen among: the places of a sequence, or the classes.",
        code="torch.softmax(scores, dim=1)  # not the axis of the batch",
    )


def _over_queries(asked: Dependence, call: PassCall) -> Finding:
    other = {len(call.given) - 1: len(call.given) - 2}.get(call.axis, len(call.given) - 1)
    return Finding(
        place=place_at(call.site, "call", call=call.name),
        where=f"{asked.name} at {quoted(call.site, call.name)}",
        confidence=0.9,
        evidence=(
            f"{call.name} of the scores {list(call.given)} over axis {call.axis}; their product with the "
            f"values sums over axis {other}",
            "that axis has one number, whose share is 1 whatever the score is: all are taken alike"
            if call.given[call.axis] == 1
            else "the weights of one sum don't add up to 1: queries compete for each key, where keys ought "
            "to compete for each query",
        ),
        remedy=f"Normalize over the axis that is summed over: dim={other - len(call.given)}.",
        code=f"weights = scores.softmax(dim={other - len(call.given)})",
    )


def _picture_of_softmax_wrong_dim(training: Training) -> Picture | None:
    """The scores, and which axis is normalized."""
    for asked in training.record.dependences:
        for call in (*asked.over_rows, *asked.over_queries):
            return {
                "kind": "shapes",
                "title": "What softmax normalizes",
                "boxes": [
                    {"label": "scores", "shape": list(call.given), "wrong": False},
                    {"label": "share a sum of 1", "shape": [call.given[call.axis]], "wrong": True},
                ],
            }
    return None


SOFTMAX_WRONG_DIM = Fault(
    name="softmax_wrong_dim",
    family="The network",
    title="softmax normalizes over the wrong axis",
    what="Attention weights are to add up to 1 over the keys that are summed; normalized over the queries or "
    "over the batch they don't, and other examples or other queries decide how much an answer gets.",
    formula=f"Softmax in the network normalizes over the rows of the batch, and over "
    f"{MOST_ROWWISE:.0%} of the rows checked after the last step, in eval mode, get other answers if another "
    "row is replaced. Or scores that are the product of two activations are normalized over one axis, "
    "and their product with the values sums over "
    "the other one; scores that are normalized over an axis of one number needn't be a product.",
    source="A fact, read off the calls of a copy's pass.",
    silent="rows are never met in another batch (a batch may be a set of its own), weights are "
    "normalized anew before they are used (slot attention), scores come from a layer "
    "rather than from a product (soft assignments), both factors are weights, or rows are chosen by "
    f"rank (experts that choose theirs); over {GOOD:g} accuracy or R² attention over queries is a note.",
    remedy="Normalize over the keys: `scores.softmax(dim=-1)`.",
    judge=judge_softmax_wrong_dim,
    picture=_picture_of_softmax_wrong_dim,
    untried="what each axis means isn't known",
    explains=(
        Explains(
            ("loss_plateau", "capacity_too_small", "lr_too_low", "shuffled_targets", "overfitting"),
            "what is attended to is decided by other examples or queries",
        ),
    ),
)
