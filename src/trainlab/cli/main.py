"""The command ``trainlab``: parses, runs, and turns every expected fault into one line and exit code 2."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from trainlab import __version__
from trainlab.errors import TrainlabError

USAGE_ERROR = 2
INTERRUPTED = 130

app = App(
    name="trainlab",
    help="Find out why a neural network learns, or doesn't: thousands of seeds instead of one run and a hunch.",
    version=__version__,
    version_flags=["--version"],
    help_format="plaintext",
)


# A command's module is imported when the command is: help must not wait for the engines.
for _name, _summary in (
    ("study", "Run a study file: every network with every combination of changes, on the same seeds."),
    ("run", "Run one experiment, or the baseline of a study file, on many seeds."),
    ("params", "Show the trainable parameters of a network, layer by layer."),
    ("budget", "Count, list or draw the networks that have an exact number of parameters."),
    ("show", "Show what the store holds."),
    ("new", "Write a commented study file to start from."),
):
    app.command(f"trainlab.cli.{_name}:{_name}_command", name=_name, help=_summary)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 a fault of the input, 130 stopped by Ctrl-C."""
    sys.exit(_run(sys.argv[1:] if arguments is None else list(arguments)))


def _run(arguments: list[str]) -> int:
    try:
        result = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
        sys.stdout.flush()
    except CycloptsError as error:
        return _complain(f"{_one_line(str(error))} See: trainlab --help")
    except TrainlabError as error:
        interrupted = type(error).__name__ == "Interrupted"
        _complain(_one_line(str(error)))
        return INTERRUPTED if interrupted else USAGE_ERROR
    except KeyboardInterrupt:
        _complain("stopped. What was finished is saved: the same command goes on from there.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone, as in `trainlab budget 44 … --list | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return result if isinstance(result, int) else 0


def _complain(message: str) -> int:
    print(f"trainlab: {message}", file=sys.stderr)
    return USAGE_ERROR


def _one_line(message: str) -> str:
    return " ".join(message.split())


if __name__ == "__main__":
    main()
