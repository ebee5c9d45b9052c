"""Where the user's rule finds its number: printed, held, returned, or measured by asking the network."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from trainlab.diagnosis.judge.outcome import late_loss
from trainlab.diagnosis.observed.told import (
    Printed,
    Told,
    count_in,
    last_of,
    names_printed,
    numbers_after,
    single,
)
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals.learning import Learning
from trainlab.diagnosis.signals.learnt import Ruling, Source, UsersRule
from trainlab.draw import format_number

MEASURED = {"accuracy": "accuracy", "acc": "accuracy", "r²": "R²", "r2": "R²", "r^2": "R²", "loss": "loss"}
"""The names that trainlab has a number of its own for, where the script gives none."""
_SHARES = re.compile(
    r"(?<![a-z])(acc|accuracy|precision|recall|f1|auc|auroc|iou|dice)(?![a-z])", re.IGNORECASE
)
SHOWN = 50
_BY_ITSELF = {
    "the script": "run it in a script of its own",
    "the function": "give a function that does nothing else",
    "what was watched": "watch it in a block of its own",
}
"""How one of several trainings is judged by the rule, by what has them."""


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
    try:
        read = _read(asked, learning, alone=alone)
    except Exception as error:  # the user's objects may raise anything, and the report mustn't be lost by it
        read = _Read(source="nothing", trouble=f"reading it failed with {type(error).__name__}: {error}")
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
    given = _given(asked.rule, asked.told, learning)
    if given is not None and alone:
        return given
    measured = _measured(asked.rule, learning)
    if given is not None:
        alone_it_is = _BY_ITSELF.get(asked.told.whose, _BY_ITSELF["the script"])
        return _Read(
            source="nothing",
            trouble=f"{asked.told.whose} has several trainings, and whose {asked.rule.name} it gives isn't "
            f"known. To judge one by this rule, {alone_it_is}.",
        )
    if measured is not None:
        return measured
    return _Read(source="nothing", trouble=_no_number(asked, learning))


def _given(rule: UsersRule, told: Told, learning: Learning) -> _Read | None:
    """Return what the script or function itself has under the name; None if it has nothing."""
    given = told.returned
    returned = cast("Mapping[Any, Any]", given if isinstance(given, Mapping) else {})
    where = ("what the function returned under this name", "as the function returned it")
    if (name := _name_in(returned, rule.name)) is not None:
        read = _held(rule, learning, returned[name], "returned", *where)
        if read is not None:
            return read
    printed = numbers_after(told.printed, rule.name)
    if printed:
        return _printed(rule, learning, printed)
    if (name := _name_in(told.variables, rule.name)) is not None:
        variable = f"{told.whose}'s variable {name}"
        in_words = f"in {told.whose}'s variable {'of that name' if name == rule.name else name} at its end"
        return _held(rule, learning, told.variables[name], "variable", variable, in_words)
    if not isinstance(given, Mapping) and (number := _float(given)) is not None:
        return _in_unit(rule, learning, number, "returned", "as the number that the function returned")
    return None


def _name_in(names: Mapping[Any, Any], wanted: str) -> str | None:
    """Return the key that has this name; if there is none, the only one that differs in case or ``_``."""
    if wanted in names:
        return wanted
    alike = [name for name in names if isinstance(name, str) and _plain(name) == _plain(wanted)]
    if len(alike) > 1:
        alike = [name for name in alike if _float(last_of(names[name])) is not None]
    return alike[0] if len(alike) == 1 else None


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())


def _held(
    rule: UsersRule, learning: Learning, value: Any, source: Source, holder: str, where: str
) -> _Read | None:
    """Return a number that is held, or the last of a list; `holder` and `where` say whose it is."""
    last = last_of(value)
    number = _float(last)
    if number is None:
        count = _count(last)
        if count is not None and count > 1:
            text = (
                f"{holder} holds {count:,} values, not one. Print the one that you mean after this name, or "
                "leave it alone under this name."
            )
            return _Read(source="nothing", trouble=text)
        return None
    where = where if last is value else f"{where}, the last of its list"
    return _in_unit(rule, learning, number, source, where)


def _float(value: Any) -> float | None:
    """Return a number, also one that isn't finite; None for anything else."""
    try:
        one = single(value)
        if isinstance(one, str | bytes | bool) or type(one).__name__ == "bool_":
            return None
        return float(one)
    except Exception:  # whatever an object of the user's raises, it is no number
        return None


def _count(value: Any) -> int | None:
    try:
        return count_in(value)
    except Exception:
        return None


def _printed(rule: UsersRule, learning: Learning, found: list[Printed]) -> _Read:
    last = found[-1]
    same_line = [one for one in found if one.at == last.at]
    values = [value for one in same_line for value in (one.value, *one.others)]
    different = list(dict.fromkeys(values))
    if len(different) > 1:
        numbers = " and ".join(format_number(value) for value in different[:3])
        return _Read(
            source="nothing",
            trouble=f"the last line that names it gives several values, {numbers} ({_quoted(last.line)}). "
            "Give all the words before the one that you mean, as in 'test accuracy > 0.9'.",
        )
    where = f"in the last line that names it ({_quoted(last.line)})"
    if last.ratio:
        return _ratio(rule, last, where)
    largest = max((abs(one.value) for one in found if math.isfinite(one.value)), default=0.0)
    unit = 100 if last.percent or (_is_share(rule) and largest > 1) else None
    return _in_unit(rule, learning, last.value, "printed", where, unit=unit)


def _ratio(rule: UsersRule, last: Printed, where: str) -> _Read:
    """Return what is printed as one number of another, ``95 of 100``."""
    if math.isfinite(last.value) and not 0 <= last.value <= 1:
        trouble = (
            f"{format_number(last.value)} is no share ({_quoted(last.line)}). Print the number by itself."
        )
        return _Read(source="nothing", trouble=trouble)
    if abs(rule.bound) > 1 and not _is_share(rule):
        trouble = (
            f"it is printed as a share, {format_number(last.value)} ({_quoted(last.line)}). Write the rule "
            "for that, or print the number by itself."
        )
        return _Read(source="nothing", trouble=trouble)
    if abs(rule.bound) > 1:
        return _Read(source="printed", value=100 * last.value, where=f"{where}, told as a percentage")
    return _Read(source="printed", value=last.value, where=where)


def _in_unit(
    rule: UsersRule,
    learning: Learning,
    value: float,
    source: Source,
    where: str,
    *,
    unit: Literal[1, 100] | None = None,
) -> _Read:
    """Return the number in the rule's unit: a share of 1, or of 100 as in ``accuracy > 90``.

    `unit` says which of them the number is, where that is known.
    """
    wanted = 100 if abs(rule.bound) > 1 else 1
    if not math.isfinite(value) or not (unit == 100 or _is_share(rule)):
        return _Read(source=source, value=value, where=where)
    if _is_share(rule) and abs(value) > 100:
        trouble = (
            f"{format_number(value)} {where} is neither a share nor a percentage. Give all the words before "
            "the number that you mean, as in 'test accuracy > 0.9'."
        )
        return _Read(source="nothing", trouble=trouble)
    if unit is None and wanted == 100 and value != 0:
        unit = 100 if abs(value) > 1 else _unit_as_measured(learning, value)
        if unit is None:
            trouble = (
                f"{format_number(value)} {where} may be a share or a percentage: write the rule in the unit "
                "that is printed, or print the number with %."
            )
            return _Read(source="nothing", trouble=trouble)
    unit = unit or (100 if abs(value) > 1 else wanted)
    if unit == wanted:
        return _Read(source=source, value=value, where=where)
    if unit == 100:
        return _Read(source=source, value=value / 100, where=f"{where}, a percentage")
    return _Read(source=source, value=100 * value, where=f"{where}, told as a percentage")


def _unit_as_measured(learning: Learning, value: float) -> Literal[1, 100] | None:
    """Return which unit a number up to 1 has: the one in which it is nearer to trainlab's own accuracy."""
    own = next((number for name, number, _ in _own_numbers(learning) if name == "accuracy"), None)
    if own is None:
        return None
    return 1 if abs(own - value) < abs(own - value / 100) else 100


def own_measure(rule: UsersRule) -> tuple[str, float]:
    """Return the number of trainlab's own that the rule's name has, and by what it is multiplied.

    It is ``"accuracy"``, ``"R²"`` or ``"loss"``; empty where the name is none of these.
    """
    name = MEASURED.get(rule.name.lower(), "")
    return name, 100.0 if name == "accuracy" and abs(rule.bound) > 1 else 1.0


def _is_share(rule: UsersRule) -> bool:
    return abs(rule.bound) <= 100 and _SHARES.search(rule.name.replace("_", " ")) is not None


def _measured(rule: UsersRule, learning: Learning) -> _Read | None:
    """Return what trainlab measured itself; None where the name is none of its own, or nothing is known."""
    wanted = MEASURED.get(rule.name.lower())
    for name, value, where in _own_numbers(learning):
        if name == wanted:
            return _in_unit(rule, learning, value, "measured", f"{where}, measured by trainlab", unit=1)
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
    own = [name for name, _, _ in _own_numbers(learning)]
    measures = f" trainlab itself measures of it: {' and '.join(own)}." if own else ""
    return f"{told.whose} {gives}.{names_printed(told.printed)}{measures}"


def _quoted(line: str) -> str:
    """Return the line in quotes, cut in its middle if it is long."""
    plain = " ".join(line.split())
    half = SHOWN // 2
    return repr(plain if len(plain) <= SHOWN else f"{plain[:half]} … {plain[-half:]}")
