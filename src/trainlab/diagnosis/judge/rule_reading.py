"""Where the user's rule finds its number: printed, held, returned, or measured by asking the network."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from trainlab.diagnosis.judge.outcome import late_loss
from trainlab.diagnosis.observed.printed_numbers import Printed, names_printed, numbers_after
from trainlab.diagnosis.observed.told import Told, number_in
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals.learning import Learning
from trainlab.diagnosis.signals.users_rule import Ruling, Source, UsersRule
from trainlab.draw import format_number

MEASURED = {"accuracy": "accuracy", "acc": "accuracy", "r²": "R²", "r2": "R²", "r^2": "R²", "loss": "loss"}
"""The names that trainlab has a number of its own for, where the script gives none."""
_SHARES = re.compile(
    r"(?<![a-z])(acc|accuracy|precision|recall|f1|auc|auroc|iou|dice)(?![a-z])", re.IGNORECASE
)
_ANY_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?![\w.]*\w)")
SHOWN = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A rule, and what the training said of itself."""

    rule: UsersRule
    told: Told


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A number in the rule's unit and where it stands, or why there is none (`trouble`)."""

    source: Source
    value: float | None = None
    where: str = ""
    trouble: str = ""


def ruled(asked: Asked, learning: Learning, *, alone: bool = True) -> Learning:
    """Return the outcome as the user's rule has it.

    Of several trainings in one script (`alone` is False) a number that the script gives may be any one's, so
    that only what trainlab measures of each counts.
    """
    read = _read(asked, learning, alone=alone)
    solved = None if read.value is None else asked.rule.holds(read.value)
    ruling = Ruling(
        rule=asked.rule,
        solved=solved,
        value=read.value,
        source=read.source,
        where=read.where,
        by_itself=learning.state,
        trouble=read.trouble,
    )
    return replace(learning, state=ruling.state, ruling=ruling)


def _read(asked: Asked, learning: Learning, *, alone: bool) -> _Read:
    given = _given(asked.rule, asked.told)
    if given is not None and alone:
        return given
    measured = _measured(asked.rule, learning)
    if given is not None:
        return _Read(
            source="nothing",
            trouble=f"{asked.told.whose} has several trainings, and whose {asked.rule.name} it gives isn't "
            "known; each is judged by itself.",
        )
    if measured is not None:
        return measured
    return _Read(source="nothing", trouble=_no_number(asked, learning))


def _given(rule: UsersRule, told: Told) -> _Read | None:
    """Return what the script or function itself has under the name; None if it has nothing."""
    given = told.returned
    returned = cast("Mapping[Any, Any]", given if isinstance(given, Mapping) else {})
    if rule.name in returned:
        return _held(rule, returned[rule.name], "returned", "as the function returned it")
    printed = numbers_after(told.printed, rule.name)
    if printed:
        return _printed(rule, printed)
    if rule.name in told.variables:
        where = f"in {told.whose}'s variable of that name at its end"
        return _held(rule, told.variables[rule.name], "variable", where)
    if not returned and _float(given) is not None:
        return _held(rule, given, "returned", "as the number that the function returned")
    return None


def _held(rule: UsersRule, value: Any, source: Source, where: str) -> _Read | None:
    """Return a number that a variable holds; of a list, as of an epoch each, the last one."""
    number = value
    if isinstance(value, list | tuple) and value:
        number, where = cast("Sequence[Any]", value)[-1], f"{where}, the last of its list,"
    size = getattr(number, "size", None)
    if _float(number) is None:
        count = getattr(number, "numel", lambda: size if isinstance(size, int) else 1)()
        if isinstance(count, int) and count > 1:
            text = f"{where.removeprefix('in ').removeprefix('as ')} there are {count:,} values, not one."
            return _Read(source="nothing", trouble=text)
        return None
    return _in_unit(rule, _float(number) or 0.0, source, where.rstrip(","))


def _float(value: Any) -> float | None:
    """Return a number, also one that isn't finite; None for anything else."""
    if isinstance(value, str | bytes | bool):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return value
    if (number := number_in(value)) is not None:
        return number
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        return None


def _printed(rule: UsersRule, found: list[Printed]) -> _Read:
    last = found[-1]
    same_line = [one for one in found if one.at == last.at]
    values = [one.value for one in same_line]
    if not last.near:
        values += [float(number) for number in _ANY_NUMBER.findall(last.rest)]
    different = list(dict.fromkeys(values))
    if len(different) > 1:
        numbers = " and ".join(format_number(value) for value in different[:3])
        return _Read(
            source="nothing",
            trouble=f"the last line that names it gives several values, {numbers} ({_quoted(last.line)}). "
            "Give all the words before the one that you mean, as in 'test accuracy > 0.9'.",
        )
    where = f"in the last line that names it ({_quoted(last.line)})"
    largest = max((abs(one.value) for one in found if math.isfinite(one.value)), default=0.0)
    return _in_unit(rule, last.value, "printed", where, percent=last.percent, largest=largest)


def _in_unit(
    rule: UsersRule,
    value: float,
    source: Source,
    where: str,
    *,
    percent: bool = False,
    largest: float | None = None,
) -> _Read:
    """Return the number in the rule's unit: a share of 1, or of 100 as in ``accuracy > 90``.

    `largest` is the largest of the numbers under this name; from above 1 on they are percentages.
    """
    of_100 = percent or (_is_share(rule) and max(abs(value), largest or 0.0) > 1)
    wants_100 = abs(rule.bound) > 1
    if not math.isfinite(value) or of_100 == wants_100 or not (percent or _is_share(rule)):
        return _Read(source=source, value=value, where=where)
    if of_100:
        return _Read(source=source, value=value / 100, where=f"{where}, a percentage")
    return _Read(source=source, value=100 * value, where=f"{where}, told as a percentage")


def own_measure(rule: UsersRule) -> tuple[str, float]:
    """Return the number of trainlab's own that the rule's name has, and by what it is multiplied.

    It is ``"accuracy"``, ``"R²"`` or ``"loss"``; empty where the name is none of these.
    """
    name = MEASURED.get(rule.name.lower(), "")
    return name, 100.0 if name == "accuracy" and abs(rule.bound) > 1 else 1.0


def _is_share(rule: UsersRule) -> bool:
    return _SHARES.search(rule.name.replace("_", " ")) is not None


def _measured(rule: UsersRule, learning: Learning) -> _Read | None:
    """Return what trainlab measured itself; None where the name is none of its own, or nothing is known."""
    wanted = MEASURED.get(rule.name.lower())
    for name, value, where in _own_numbers(learning):
        if name == wanted:
            return _in_unit(rule, value, "measured", f"{where}, measured by trainlab")
    return None


def _own_numbers(learning: Learning) -> list[tuple[str, float, str]]:
    """Return what trainlab has measured of a training: names, numbers, and on what."""
    found: list[tuple[str, float, str]] = []
    if learning.main is not None and math.isfinite(learning.reached):
        name = "accuracy" if learning.main.kind in CLASSES + BINARY else "R²"
        found.append((name, learning.reached, f"on {learning.reached_on}"))
    late = late_loss(learning)
    if learning.asked is not None and math.isfinite(learning.own):
        found.append(("loss", learning.own, f"over {learning.asked.rows:,} rows trained on, at the end"))
    elif late is not None or learning.state == "diverged":
        found.append(("loss", math.nan if late is None else late, "over the last tenth of the steps"))
    return found


def _no_number(asked: Asked, learning: Learning) -> str:
    """Say that the name is nowhere, and which names there are."""
    told = asked.told
    gives = "prints no number after this name, and has no variable of this name that holds one"
    if told.whose == "the function":
        gives = "neither returns a number, by itself or in a dict under this name, nor prints one after it"
    if told.whose == "what was watched":
        gives = "prints no number after this name"
    names = names_printed(told.printed)
    printed = f" It prints numbers after: {', '.join(names)}." if names else ""
    own = [name for name, _, _ in _own_numbers(learning)]
    measures = f" trainlab itself measures of it: {' and '.join(own)}." if own else ""
    return f"{told.whose} {gives}.{printed}{measures}"


def _quoted(line: str) -> str:
    """Return the line in quotes, cut in its middle if it is long."""
    plain = " ".join(line.split())
    half = SHOWN // 2
    return repr(plain if len(plain) <= SHOWN else f"{plain[:half]} … {plain[-half:]}")
