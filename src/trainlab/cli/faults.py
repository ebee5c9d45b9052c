"""``trainlab faults``: what the doctor knows, one fault per line, or one with its rule and remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from trainlab.cli.options import UsageError, shortened
from trainlab.diagnosis.faults import all_faults, families
from trainlab.errors import listing, nearest

if TYPE_CHECKING:
    from trainlab.diagnosis.fault import Fault

WIDTH: Final = 80
_LABEL: Final = 11
_INDENT: Final = "  "

QUESTIONS: Final = ("neuron", "learning_rate", "init", "loss", "chain_rule")
"""The pages of docs/ that have a command."""


def faults_command(
    name: Annotated[
        str | None, Parameter(help="A fault, such as vanishing_gradient; lists all if left out.")
    ] = None,
    /,
) -> None:
    """Print what the doctor knows about a fault: how it is found, when its rule is silent, what to change."""
    if name is None:
        print("\n".join(index_lines()))
        return
    known = name.strip().lower().replace("-", "_")
    names = [fault.name for family in families().values() for fault in family]
    if known not in names:
        inside = [each for each in names if known and known in each]
        near = nearest(known, names) or (f" Did you mean {listing(inside)}?" if inside else "")
        raise UsageError(
            f"{shortened(name)!r}: the doctor knows no such fault.{near or ' Their names: trainlab faults'}"
        )
    print("\n".join(fault_lines(all_faults()[known])))


def index_lines() -> list[str]:
    """Return all faults by family, one per line."""
    known = all_faults()
    longest = max(map(len, known))
    lines = [f"{len(known)} faults that the doctor finds. For one of them: trainlab faults NAME"]
    for family, faults in families().items():
        lines += ["", family]
        lines += [f"{_INDENT}{fault.name.ljust(longest)}  {fault.title}" for fault in faults]
    return lines


def fault_lines(fault: Fault) -> list[str]:
    """Return a fault's section of docs/faults.md for the terminal."""
    from trainlab.draw import wrapped

    title = f"{fault.name}: {fault.title}"
    lines = [*wrapped(title, WIDTH), "", *wrapped(fault.what, WIDTH), ""]
    causes = [one.name for one in all_faults().values() if one.why(fault.name)]
    symptoms = [name for one in fault.explains for name in one.symptoms]
    asked = [f"trainlab explain {page.replace('_', '-')}" for page in fault.see if page in QUESTIONS]
    for label, text in (
        ("found if", fault.rule),
        ("source", fault.source),
        ("silent if", fault.silence),
        ("proven if", fault.proof),
        ("remedy", fault.remedy),
        ("comes from", ", ".join(causes)),
        ("brings", ", ".join(dict.fromkeys(symptoms))),
        ("more", ", ".join(asked)),
    ):
        if text:
            lines += wrapped(text, WIDTH, first=label.ljust(_LABEL), rest=" " * _LABEL)
    return lines
