"""The command ``trainlab``: parses, runs, and turns every expected error into one line and exit code 2."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Group, Parameter

from trainlab import __version__
from trainlab.cli.commands import COMMANDS, FIRST, GROUPS, PARTS, Command, examples_words
from trainlab.cli.options import UsageError, shortened
from trainlab.cli.signals import AT_ONCE, INTERRUPTED, at_work, leave, said, was_raised
from trainlab.errors import TrainlabError, printable

USAGE_ERROR = 2
TRAINING = ("study", "run", "race", "map", "endings")
"""Commands that keep what they train, unless --fresh is given."""
GOES_ON = "Without --fresh, training goes on from the last chunk of seeds that was saved."
MAX_LINE = 1000

app = App(
    name="trainlab",
    help="Find out why a neural network learns, or doesn't: thousands of seeds, not one run and a hunch.",
    help_epilogue=examples_words(FIRST),
    version=__version__,
    version_flags=["--version"],
    help_format="plaintext",
    group_commands=Group("Options", sort_key=len(GROUPS)),
    suppress_keyboard_interrupt=False,
)


def _add(commands: Sequence[Command], to: App, groups: Sequence[str]) -> None:
    """Add commands to an app, those that are several as apps of their own."""
    sorted_groups = {name: Group(name, sort_key=place) for place, name in enumerate(groups)}
    for place, command in enumerate(commands):
        shown: dict[str, Any] = {
            "name": command.name,
            "help": command.summary,
            "help_epilogue": examples_words(command.examples),
            "group": sorted_groups[command.group],
            "sort_key": place,
        }
        if parts := PARTS.get(command.name):
            several = App(**shown, help_format="plaintext", group_commands=Group("Options", sort_key=1))
            _add(parts, several, groups=[parts[0].group])
            to.command(several)
        else:
            # Its module is imported when it is called: help must not wait for the engines.
            to.command(command.function, **shown)


_add(COMMANDS, app, GROUPS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 wrong input, 130 stopped by a signal (`signals`).

    The doctor has codes of its own: 1 something found, 3 the script failed.
    """
    is_program = arguments is None
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    warnings.showwarning = _warning(warnings.showwarning)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A terminal that can't show ≥ is no reason to fail; and in JSON the escape means the same.
        reconfigure(errors="backslashreplace")
    words = f"{AT_ONCE} {GOES_ON}" if arguments and arguments[0] in TRAINING else AT_ONCE
    try:
        with at_work(words):
            code = _run(arguments)
    except BaseException as error:
        if not isinstance(error, KeyboardInterrupt) and not was_raised():
            raise
        if is_program:
            leave()
        _complain(words)
        code = INTERRUPTED
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        _check_text(arguments)
        _check_passed_on(arguments)
        code = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except Exception as error:
        if was_raised():
            # Somebody made an exception of another kind of a signal's.
            raise KeyboardInterrupt from error
        said()
        return _failed(error, arguments)
    return code if isinstance(code, int) else 0


def _failed(error: Exception, arguments: Sequence[str]) -> int:
    """Say what went wrong, if it is expected to go wrong, and return the exit code."""
    if isinstance(error, CycloptsError):
        from trainlab.cli.parser_errors import complaint

        return _say(complaint(error, arguments))
    if isinstance(error, TrainlabError):
        _complain(_as_typed(str(error), arguments))
        return INTERRUPTED if type(error).__name__ == "Interrupted" else USAGE_ERROR
    if isinstance(error, BrokenPipeError):
        # The reader of our output is gone, as in `trainlab budget 44 … --list | head`.
        _close_stdout()
        return 0
    if isinstance(error, MemoryError):
        return _complain(
            "out of memory. What was finished is kept, and the same call goes on from there; fewer seeds or "
            "cells take less."
        )
    if isinstance(error, OSError):
        _close_stdout()
        return _complain(f"can't read or write {error.filename or 'the output'} ({error.strerror}).")
    raise error


def _as_typed(message: str, arguments: Sequence[str]) -> str:
    """Return the message with options in place of the arguments of the Python function."""
    from trainlab.cli.parser_errors import POSITIONAL, as_typed, options_of_command

    command = arguments[0] if arguments else ""
    if command not in POSITIONAL:
        return message
    return as_typed(message, command, options_of_command(app, command))


def _check_passed_on(arguments: Sequence[str]) -> None:
    """Refuse misspelt options if the rest goes to a script, which would silently take them."""
    if arguments and arguments[0] in ("doctor", "seeds"):
        from trainlab.cli.parser_errors import check_passed_on, options_of_command

        check_passed_on(arguments[0], arguments[1:], options_of_command(app, arguments[0]))


def _check_text(arguments: Sequence[str]) -> None:
    """Refuse what can't be the name of a file, and so would fail in the middle of the work."""
    for argument in arguments:
        try:
            possible = b"\0" not in os.fsencode(argument)
        except UnicodeEncodeError:
            possible = False
        if not possible:
            raise UsageError(f"{argument!a}: an argument can't hold this character.")


def _warning(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Return a `warnings.showwarning` that says in one line what is damaged, or differs on a node."""

    def show(message: Warning | str, category: type[Warning], *args: Any, **named: Any) -> None:
        # By name: help must not wait for the store.
        if category.__name__ in ("DamageWarning", "ClusterWarning"):
            _complain(str(message))
        else:
            otherwise(message, category, *args, **named)

    return show


def _close_stdout() -> None:
    """Discard what is still to be written, so that Python doesn't fail on it at exit."""
    with suppress(io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    return _say(f"trainlab: {message}")


def _say(message: str) -> int:
    line = " ".join(message.split())
    with suppress(OSError):  # the terminal may be closed
        print(printable(shortened(line, most=MAX_LINE)), file=sys.stderr, flush=True)
    return USAGE_ERROR


# ``trainlab completion SHELL``: the script by which a shell completes commands, options and files.


Shell = Literal["bash", "zsh", "fish"]


def completion_command(
    shell: Annotated[
        Shell,
        Parameter(
            help="Your shell. Write what is printed to a file, and open a new terminal. For bash with the "
            "package bash-completion it is ~/.local/share/bash-completion/completions/trainlab, for fish "
            "~/.config/fish/completions/trainlab.fish, for zsh _trainlab in a folder of its fpath."
        ),
    ],
    /,
) -> None:
    """Print a script that lets your shell complete trainlab's commands, options and files."""
    print(completion_script(shell), end="")


def completion_script(shell: Shell) -> str:
    """Return the script; cyclopts writes it from the commands' own declarations."""
    return _with_files(app.generate_completion(shell=shell), shell)


def _with_files(script: str, shell: Shell) -> str:
    """Let the shell offer files wherever nothing else is known, as fish does by itself.

    cyclopts lets it for arguments whose type is Path; trainlab's are often a file's name or another's.
    """
    if shell == "bash":
        return script.replace("complete -F ", "complete -o bashdefault -o default -F ")
    if shell == "zsh":
        # A file of the fpath defines the function of its name, or nothing: _trainlab is the custom.
        script = script.replace("_cyclopts_trainlab", "_trainlab")
        # '1:message' and '--option[help]:name' end with what is offered: nothing yet.
        return re.sub(
            r"^( +'(?:\d+|\*|[^\n]*\]):[^\n:]*)(?=' ?\\?$)", r"\1:_files", script, flags=re.MULTILINE
        )
    return script


if __name__ == "__main__":
    main()
