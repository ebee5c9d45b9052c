"""The command ``trainlab``: parses, runs, and turns every expected fault into one line and exit code 2."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from cyclopts import App, CycloptsError

from trainlab import __version__
from trainlab.cli.options import UsageError, shortened
from trainlab.errors import TrainlabError

USAGE_ERROR = 2
INTERRUPTED = 130
MAX_LINE = 1000

app = App(
    name="trainlab",
    help="Find out why a neural network learns, or doesn't: thousands of seeds, not one run and a hunch.",
    version=__version__,
    version_flags=["--version"],
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)


# A command's module is imported when the command is: help must not wait for the engines.
for _name, _summary in (
    ("study", "Run a study file: every network with every combination of changes, on the same seeds."),
    ("run", "Run one experiment on many seeds; of a study file, its first network without changes."),
    ("race", "Race many candidates: those shown to be worse are dropped, the rest get more seeds."),
    ("map", "Show where in a plane of two settings training works."),
    ("params", "Show the trainable parameters of a network, layer by layer."),
    ("budget", "Count, list or draw the networks that have an exact number of parameters."),
    ("doctor", "Run a training script and tell what keeps it from learning."),
    ("seeds", "Was it the seed? Run a training script with many and tell how its outcome spreads."),
    ("faults", "Show what the doctor knows: all faults in a line each, or one with its rule and remedy."),
    ("show", "Show what the store holds."),
    ("new", "Write a commented study file to start from."),
):
    app.command(f"trainlab.cli.{_name}:{_name}_command", name=_name, help=_summary)
app.command(
    "trainlab.cli.explain:explain_app",
    name="explain",
    help="Answer one of five questions with the numbers of your own network, checked and tested.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 a fault of the input, 130 stopped by Ctrl-C.

    The doctor's own codes stand in its page: 1 something found, 3 the script failed.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A terminal that can't show ≥ is no reason to fail; and in JSON the escape means the same.
        reconfigure(errors="backslashreplace")
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
    except KeyboardInterrupt:
        _complain(
            "stopped at once. Training goes on, without --fresh, from what was saved half a second before."
        )
        sys.stderr.flush()
        code = INTERRUPTED
        if arguments is None:
            # A thread that is still inside an engine would hold up an ordinary exit, or abort it.
            os._exit(code)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        _check_text(arguments)
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _complain(f"{error} See: trainlab {_command(arguments)}--help")
    except TrainlabError as error:
        _complain(str(error))
        return INTERRUPTED if type(error).__name__ == "Interrupted" else USAGE_ERROR
    except BrokenPipeError:
        # Whoever read our output has gone, as in `trainlab budget 44 … --list | head`.
        _close_stdout()
        return 0
    except OSError as error:
        _close_stdout()
        return _complain(f"can't read or write {error.filename or 'the output'} ({error.strerror}).")
    return code if isinstance(code, int) else 0


def _command(arguments: Sequence[str]) -> str:
    """Return the command that was given, to point to its own help."""
    first = arguments[0] if arguments else ""
    return f"{first} " if first in list(app) and not first.startswith("-") else ""


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse what can be no file's name, and so would fail in the middle of the work."""
    for argument in arguments:
        try:
            possible = b"\0" not in os.fsencode(argument)
        except UnicodeEncodeError:
            possible = False
        if not possible:
            raise UsageError(f"{argument!a}: an argument can't hold this character.")


def _close_stdout() -> None:
    """Let what is still to be written go nowhere, so that Python doesn't fail on it at its end."""
    with suppress(io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    line = " ".join(message.split())
    print(f"trainlab: {shortened(line, most=MAX_LINE)}", file=sys.stderr)
    return USAGE_ERROR


if __name__ == "__main__":
    main()
