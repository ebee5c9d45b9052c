"""What several commands share: their parameters with help, and a strict reading of whole numbers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from trainlab.errors import TrainlabError, whole_number

DEFAULT_STORE = ".trainlab"

MAX_WORKERS = 1024
MAX_WHY = 10_000
MAX_FIDELITY = 100_000
MAX_SIDES = 100_000
NO_SCRIPTS = (".md", ".rst", ".txt", ".html", ".json", ".jsonl", ".yaml", ".yml", ".pt", ".pth", ".sh")


class UsageError(TrainlabError, ValueError):
    """A command or its options can't be carried out as written."""


def whole(_type: object, tokens: Sequence[Token]) -> int:
    """Read a whole number in decimal digits, where cyclopts would round 1.5 to 2."""
    text = tokens[0].value
    if not re.fullmatch(r"[+-]?[0-9]{1,100}", text):
        raise ValueError(f"{shortened(text)!r} is not a whole number, as in 12.")
    return int(text)


def number(words: str, **more: Any) -> Parameter:
    """Return what an option says in help that takes a whole number, and reads it by `whole`."""
    return Parameter(help=words, converter=whole, **more)


def flag(words: str, **more: Any) -> Parameter:
    """Return what an option says in help that is given or left out, and has no opposite."""
    return Parameter(help=words, negative="", **more)


def check_range(option: str, value: int | None, *, least: int, most: int) -> None:
    """Raise UsageError unless least ≤ value ≤ most; None, an option left out, is fine."""
    if value is not None:
        said = f"{option} {shortened(str(value))}:"
        whole_number(value, least=least, most=most, said=said, error=UsageError)


def check_share(option: str, value: float | None) -> None:
    """Raise UsageError unless value lies strictly between 0 and 1; None, an option left out, is fine."""
    if value is not None and not 0.0 < value < 1.0:
        raise UsageError(
            f"{option} {value:g}: must be a share above 0 and below 1; {option} 0.02 is 2 points."
        )


def check_cell(cell: str | None) -> None:
    """Refuse an empty name, which is what a shell makes of an unset variable."""
    if cell == "":
        raise UsageError("--cell '': name a cell, as in 'Model 1:A+B' or 'Model 1:none'.")


LAUNCHERS = {
    "torchrun": "-m torch.distributed.run in its place, then the same options and script",
    "accelerate": "-m accelerate.commands.launch in the place of accelerate launch, then options and script",
    "python": "the script alone, or -m MODULE",
    "python3": "the script alone, or -m MODULE",
}


def check_script(script: str) -> None:
    """Refuse what is no script (a launcher, a study, data), and say what to give, or what takes it."""
    ending, name = Path(script).suffix.lower(), shlex.quote(script)
    if ending in (".py", ".ipynb"):
        return
    if script in LAUNCHERS and not Path(script).exists():
        raise UsageError(f"{script}: starts a script, and is none. Give {LAUNCHERS[script]}.")
    from trainlab.spec.lookup import EXAMPLES, OTHER_FILES

    if ending == ".toml" or (script in EXAMPLES and not Path(script).exists()):
        what = "a study file" if ending == ".toml" else "an example study"
        raise UsageError(f"{script}: is {what}, not a training script. Run it with: trainlab study {name}")
    if ending in NO_SCRIPTS:
        raise UsageError(
            f"{script}: isn't a training script; give a .py file, a notebook (.ipynb), or -m MODULE."
        )
    if ending in OTHER_FILES:
        raise UsageError(
            f"{script}: is data, not a training script. To write a study for it: trainlab new --data {name} "
            "first.toml"
        )


def shortened(text: str, *, most: int = 80) -> str:
    """Return the text, cut off at `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


Engine = Annotated[
    str,
    Parameter(
        help="'auto' picks the quicker of 'fast' and 'torch' for each experiment; 'torch-cuda' needs a GPU; "
        "'reference' is a PyTorch loop, thousands of times slower."
    ),
]
File = Annotated[str, Parameter(help="An experiment or study file (TOML), or an example by name.")]
Seeds = Annotated[int, number("How many seeds, 0, 1, 2, …", alias="-n")]
SeedsOrFile = Annotated[
    int | None, number("How many seeds, 0, 1, 2, …; the file's number if left out.", alias="-n")
]
# A lone hyphen is a value, the terminal; cyclopts would take it for an option.
Json = Annotated[
    str | None,
    Parameter(help="Write the result as JSON to this file; '-' for the terminal.", allow_leading_hyphen=True),
]
Html = Annotated[
    str | None,
    Parameter(help="Write the report, one self-contained page, to this file.", allow_leading_hyphen=True),
]
Folder = Annotated[str, Parameter(help="The folder that keeps finished runs.")]
Cell = Annotated[
    str | None,
    Parameter(help="The cell of a study, as 'Model 1:A+B'; its first network without changes if left out."),
]
Workers = Annotated[int | None, number("Threads or processes; all processors if left out.")]
On = Annotated[
    str | None,
    Parameter(
        help="Train on a Ray cluster: 'ray' (RAY_ADDRESS, or a Ray of its own here), 'ray:auto', "
        "'ray:HOST:PORT' or 'ray://HOST:PORT'; in this process if left out."
    ),
]
Why = Annotated[int, number("Train this many failed runs of each cell once more, and tell why they failed.")]
Fidelity = Annotated[
    int, number("Train this many runs again with a plain PyTorch loop, and tell whether they end alike.")
]
Sides = Annotated[
    int,
    number("Ask the verdicts again with all runs in float64, and with this many seeds on another engine."),
]
Solved = Annotated[
    str | None,
    Parameter(
        help="What counts as success, as in 'accuracy > 0.9': a number that the script prints or has as a "
        "variable, or else accuracy, R² or loss as trainlab measures them. Without it, the doctor judges.",
    ),
]
Details = Annotated[bool, flag("Print everything that was found, not only the answer.")]
KeepArguments = Annotated[bool, flag("Write the script's own arguments into its files, not only how many.")]
Yes = Annotated[bool, flag("Train also what takes more than about an hour, which is refused otherwise.")]
Fresh = Annotated[bool, flag("Forget the stored runs and train again.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """Where finished runs are kept, and how those that are missing are trained."""

    store: Folder = DEFAULT_STORE
    workers: Workers = None
    on: On = None
    fresh: Fresh = False
    yes: Yes = False

    def settings(self, engine: str, on_progress: Callable[..., None]) -> dict[str, Any]:
        """Return how runs are trained and kept, as the functions of trainlab take it."""
        from trainlab.execution import RunSettings

        return RunSettings(
            engine=engine,
            store=self.store,
            workers=self.workers,
            on=self.on,
            fresh=self.fresh,
            on_progress=on_progress,
        ).options
