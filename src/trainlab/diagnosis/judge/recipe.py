"""The questions that an engineer asks of any training that fails, each with its answer and number.

A sound training answers them with yes, or can't be asked. They say what was ruled out where nothing is found;
what is to blame of a no, the faults say. What deviates may be meant: it is no where the training fails,
or if a fault says so. A new question is a function and its line in `RECIPE`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from trainlab.diagnosis.faults.evaluation import are_apart, spread_ratios
from trainlab.diagnosis.faults.large_start import most_at_start, unit_of_start
from trainlab.diagnosis.faults.order_of_calls import SHARE_STALE
from trainlab.diagnosis.faults.own_gradients import is_wrong
from trainlab.diagnosis.faults.same_answers import COLLAPSED
from trainlab.diagnosis.observed.answers import AS_IT_IS
from trainlab.diagnosis.observed.data import COPIED, feature_name
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES, OF_NUMBERS
from trainlab.diagnosis.signals.baselines import strongest_feature
from trainlab.diagnosis.signals.learnt import STUCK
from trainlab.diagnosis.signals.training import Training
from trainlab.draw import counted, format_number

Answer = Literal["yes", "no", "deviates", "open"]
"""`deviates`: it isn't so, but the training doesn't fail and no fault says otherwise; it may be meant."""
MODES_APART = 0.1
"""Train and eval mode answer alike if fewer than a tenth of the classes differ, or the answers by less than a
tenth of the targets' spread."""
AS_OTHERS = 0.02
"""Answers fit other rows as well if the loss is less than 2 % higher with them."""
TURNED, ALWAYS = 0.2, 0.95
"""Targets go with their inputs if less than a fifth of those that tell it fit better turned. If nearly all
fit best in one other way, that may be the task, as of shadows or mirrors."""
NOBODY = "no network was seen to answer rows that could be altered"


@dataclass(frozen=True, slots=True)
class Answered:
    """One question: what was asked, the answer, and the number that it goes by, or why it is open."""

    question: str
    answer: Answer
    words: str


Read = tuple[bool | Literal["no"], str] | str | None
"""Whether it is as it should be, with the number; or why that can't be told; None where it doesn't apply."""


def _finite(training: Training) -> Read:
    passes = training.record.backwards
    return (True, f"in {counted(passes, 'step')} with gradients") if passes else "no gradient was computed"


def _first_loss(training: Training) -> Read:
    main = training.learning.main
    if main is None or not main.fits:
        return "no loss was seen to meet targets"
    unit, first = unit_of_start(main), main.fits[0].value
    if not unit > 0 or not math.isfinite(first):
        return "what a constant answer would have isn't known there"
    return first <= most_at_start(main) * unit, f"{format_number(first / unit)} times its loss"


def _stepped(training: Training) -> Read:
    reached = [one for one in training.record.params.values() if one.reached and not one.is_of_one_step]
    left = [one for one in reached if not training.is_stepped(one) and one.moved is not True]
    if not reached:
        return "no gradient was seen to reach a parameter"
    return not left, f"{len(reached) - len(left)} of {counted(len(reached), 'parameter tensor')}"


def _reached(training: Training) -> Read:
    keys = dict.fromkeys(key for one in training.stepped for key in one.params)
    held = [training.record.params[key] for key in keys if training.record.params[key].requires_grad]
    left = [one for one in held if not one.reached and not one.with_grad]
    if not held or not training.record.graphs:
        return "no optimizer was seen to take a step"
    return not left, f"{len(held) - len(left)} of {counted(len(held), 'parameter tensor')}"


def _fresh_gradients(training: Training) -> Read:
    seen = [one for one in training.stepped if one.checked]
    looked, stale = sum(one.checked for one in seen), sum(one.stale for one in seen)
    worst = max((one.stale / one.checked for one in seen), default=0.0)
    return (
        (worst <= SHARE_STALE, f"{looked - stale} of {counted(looked, 'step')} looked at") if looked else None
    )


def _moves(training: Training) -> Read:
    known = [
        one for one in training.record.params.values() if training.is_stepped(one) and one.moved is not None
    ]
    moved = sum(one.moved is True for one in known)
    if not known:
        return "no step was seen to move a weight"
    return moved == len(known), f"{moved} of {counted(len(known), 'parameter tensor')}"


def _rows_alone(training: Training) -> Read:
    known = [one for one in training.record.dependences if one.rows and math.isfinite(one.others)]
    if not known:
        return _not_asked(training)
    worst = max(known, key=lambda one: max(one.others, one.order))
    moved = max(worst.others, worst.order)
    share = f"{moved:.0%}" if moved else "none"
    return moved == 0, f"of {worst.rows} rows {share} moved as another one or the order changed"


def _rows_differ(training: Training) -> Read:
    same = [one.same for one in training.record.dependences if one.same is not None and one.same.rows]
    spreads = [one.last for one in same if math.isfinite(one.last)]
    if not spreads:
        return _not_asked(training)
    return min(spreads) >= COLLAPSED, f"by {format_number(min(spreads))} of their size"


def _no_look_ahead(training: Training) -> Read:
    known = [
        one.later
        for one in training.record.dependences
        if one.tokens is not None and one.tokens.are_next and math.isfinite(one.later)
    ]
    return (max(known) == 0, f"{max(known):.0%} changed with it") if known else None


def _own_rows(training: Training) -> Read:
    asked = training.learning.asked
    if asked is None or not math.isfinite(asked.of_others) or not math.isfinite(asked.own):
        return _not_asked(training)
    gap = asked.of_others - asked.own
    words = (
        f"loss {format_number(asked.own)}, with the answers of other rows {format_number(asked.of_others)}"
    )
    return gap > AS_OTHERS * max(abs(asked.of_others), abs(asked.own)), words


def _turned_along(training: Training) -> Read:
    asked = training.learning.asked
    if asked is None or asked.turned is None:
        return None
    found = asked.turned
    words = f"of {found.rows:,} that tell it, {found.rows - found.turned:,} fit their inputs best as they are"
    if found.turned <= TURNED * found.rows:
        return True, words
    ways = sorted(found.by_turn.items(), key=lambda one: -one[1])
    if ways[0][1] >= ALWAYS * found.rows:
        return (
            f"of {found.rows:,} that tell it, {ways[0][1]:,} fit their inputs best {ways[0][0]}; is it meant?"
        )
    told = ", ".join(f"{many:,} {turn}" for turn, many in ways if turn != AS_IT_IS)
    return False, f"{words}, {told}: are inputs augmented without them?"


def _fed_alike(training: Training) -> Read:
    scales = training.record.data.scales
    if scales is None:
        return None
    times = median(spread_ratios(scales))
    return not are_apart(scales), f"a feature evaluated spreads {format_number(times)} times as much (median)"


def _own_gradients(training: Training) -> Read:
    known = [one for asked in training.record.dependences for one in asked.own_gradients]
    right = sum(not is_wrong(one) for one in known)
    return (right == len(known), f"{right} of {counted(len(known), 'input')}") if known else None


def _modes_alike(training: Training) -> Read:
    asked = training.learning.asked
    if not any(one.noisy for one in training.record.networks):
        return None
    if asked is None or not math.isfinite(asked.apart):
        return _not_asked(training)
    return asked.apart < MODES_APART, f"{format_number(asked.apart)} apart (0: not at all)"


def _better_than_constant(training: Training) -> Read:
    by = training.learning.loss_by_constant
    if training.learning.adversarial or not math.isfinite(by):
        return "losses that compete needn't fall" if training.learning.adversarial else "its loss isn't known"
    return by < STUCK, f"{format_number(by)} times its loss"


def _rows_held_out(training: Training) -> Read:
    data = training.record.data
    if not data.judged_rows:
        return "no row was seen to be evaluated"
    new = len(data.judged_rows) - data.judged_known
    return new > 0, f"{new:,} of {counted(len(data.judged_rows), 'row')} evaluated"


def _no_copies(training: Training) -> Read:
    held = training.record.data.held_out
    if held is None or held.overlapping:
        return None
    words = f"{held.share:.0%} of {held.rows:,} have one"
    if held.share >= COPIED and "eval_on_train" in training.faults:
        return "no", f"{words} (eval_on_train)"
    return held.share < COPIED, words


def _no_overlap(training: Training) -> Read:
    held = training.record.data.held_out
    main = training.learning.main
    if held is None or not held.overlapping or main is None:
        return None
    share = held.overlapping / held.rows
    words = f"{share:.0%} of {held.rows:,} overlap one trained on that begins a step later"
    why = "it may hold what they are to predict" if main.kind in OF_NUMBERS else "the two are nearly one row"
    return share < COPIED, words if share < COPIED else f"{words}; {why}"


def _no_feature_alone(training: Training) -> Read:
    main, data = training.learning.main, training.record.data
    if not data.is_tabular or main is None or len(data.sample_x) != len(data.sample_y):
        return None
    if main.columns != 1 and main.kind not in CLASSES:
        return None
    found = strongest_feature(data.sample_x, data.sample_y, classes=main.kind in CLASSES + BINARY)
    if found is None:
        return None
    kind = "accuracy" if main.kind in CLASSES + BINARY else "R²"
    name = feature_name(found.feature, data.input_shape)
    words = (
        f"{name} alone gives an {kind} of {found.alone:.2f}, all others together {found.others:.2f}, "
        f"of {counted(found.rows, 'row')}"
    )
    if found.tells_nearly_all:
        return False, f"{words}; is it known where you predict?"
    return True, words


def _not_asked(training: Training) -> str:
    return "; ".join(dict.fromkeys(training.record.not_asked.values())) or NOBODY


Line = tuple[str, Callable[[Training], Read], tuple[str, ...]]
RECIPE: tuple[Line, ...] = (
    ("all losses and gradients are finite", _finite, ("nonfinite_values",)),
    ("the first loss is about a constant answer's", _first_loss, ("large_start", "unnormalised_targets")),
    ("what the loss reaches is stepped", _stepped, ("params_not_in_optimizer", "missing_optimizer_step")),
    ("what is stepped gets gradients", _reached, ("unreachable_params", "detached_graph")),
    (
        "each step uses gradients of its own batches",
        _fresh_gradients,
        ("missing_zero_grad", "zero_grad_misplaced"),
    ),
    ("steps move the weights", _moves, ("lr_too_low", "missing_optimizer_step", "frozen_params")),
    ("each row is answered by itself", _rows_alone, ("mixed_axes", "softmax_wrong_dim")),
    ("different rows get different answers", _rows_differ, ("same_answers",)),
    ("answers fit their own rows better than others'", _own_rows, ("same_answers",)),
    ("targets that are maps are turned as their inputs are", _turned_along, ()),
    ("no prediction sees the token that it is to be", _no_look_ahead, ("missing_causal_mask",)),
    ("your own backward() agrees with finite differences", _own_gradients, ("wrong_gradient",)),
    ("train and eval mode answer alike", _modes_alike, ("dropout_misuse", "batchnorm_small_batch")),
    ("it ends below a constant answer", _better_than_constant, ("loss_plateau",)),
    ("training and evaluation give inputs of one scale", _fed_alike, ("preprocessing_mismatch",)),
    ("rows that weren't trained on are evaluated", _rows_held_out, ("eval_on_train",)),
    ("rows held out have no copies among those trained on", _no_copies, ()),
    ("windows held out don't overlap those trained on", _no_overlap, ()),
    ("no feature alone tells the target", _no_feature_alone, ("target_among_inputs",)),
)
"""What is asked, from the first step to the evaluation, and the faults by which the answer is no."""


def asked_of(training: Training) -> tuple[Answered, ...]:
    """Ask all that concerns the training. A question that fails is open."""
    found: list[Answered] = []
    for question, read, faults in RECIPE:
        try:
            said = read(training)
        except Exception as error:
            said = f"the question itself failed ({type(error).__name__})"
        named = [name for name in faults if name in training.faults]
        good, words = said if isinstance(said, tuple) else (False, said or "")
        if named:
            found.append(Answered(question, "no", f"{words} ({named[0]})" if words else named[0]))
        elif good == "no":
            found.append(Answered(question, "no", words))
        elif said is not None:
            deviates = isinstance(said, tuple) and not good
            no: Answer = "no" if training.learning.failing else "deviates"
            found.append(Answered(question, "yes" if good else no if deviates else "open", words))
    return tuple(found)
