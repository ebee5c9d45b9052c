"""What the parser refuses, in one line that says what was probably meant."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cyclopts import App, CycloptsError, MissingArgumentError, UnknownOptionError, UnusedCliTokensError
from cyclopts.exceptions import UnknownCommandError

from trainlab.cli.commands import COMMANDS, PARTS, QUESTIONS, Command
from trainlab.cli.misspelt_options import near_option
from trainlab.cli.options import shortened
from trainlab.errors import listing, nearest

_MEANT = {
    "learning-rate": ("lr", "rate", "learning", "schedule", "optimizer"),
    "chain-rule": ("chain", "gradient", "backprop", "backpropagation", "backward"),
    "init": ("initialisation", "initialization", "initial", "weights", "start"),
    "loss": ("losses", "criterion", "objective"),
    "neuron": ("neurons", "activation", "unit", "layer"),
}
"""Other words for what the five questions are about."""


def complaint(error: CycloptsError, arguments: Sequence[str]) -> str:
    """Return the message for what the parser refuses, which begins with the command's name."""
    chain = list(error.command_chain or ())
    name = " ".join(["trainlab", *chain])
    if isinstance(error, UnknownCommandError):
        word = (error.unused_tokens or arguments)[0]
        if chain == ["store"]:
            parts = [part.name for part in PARTS["store"]]
            meant = nearest(word, parts)
            said = f"there is no {shortened(word)!r}; must be {listing(parts)}.{meant} {_help(name)}"
        else:
            said = _no_question(word) if chain == ["explain"] else _no_command(word)
        return f"{name}: {said}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        option = getattr(error, "keyword", None) or error.argument.name
        if option.startswith("-") and option in [word.split("=", 1)[0] for word in arguments]:
            return f"{name}: {option} needs a value. {_help(name)}"
        meant = [word for word in arguments if word.startswith("--") and near_option(word, {option: True})]
        if meant:
            written = shortened(meant[0].split("=", 1)[0])
            return f"{name}: there is no option {written}. Did you mean {option}? {_help(name)}"
        return f"{name}: {option} is missing. {_example(chain)}"
    if isinstance(error, UnknownOptionError):
        option = error.token.keyword or error.token.value
        meant = near_option(option, options_of(error.argument_collection))
        hint = f" Did you mean {meant}?" if meant else nearest(option, options_of(error.argument_collection))
        return f"{name}: there is no option {shortened(option)}.{hint} {_help(name)}"
    if isinstance(error, UnusedCliTokensError):
        extra = (error.unused_tokens or [""])[0]
        option = _repeatable_before(extra, arguments, error.app)
        hint = f"Give {option} again before it." if option else _example(chain)
        return f"{name}: {shortened(extra)!r} is one argument too many. {hint}"
    return f"{name}: {error} {_help(name)}"


def options_of(collection: object) -> dict[str, bool]:
    """Return the options among a command's arguments, and whether each takes a value."""
    found = {"--help": False, "-h": False}
    for argument in collection:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        for option in argument.names:  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            if str(option).startswith("-"):  # pyright: ignore[reportUnknownArgumentType]
                flag = argument.hint in (bool, bool | None)  # pyright: ignore
                found[str(option)] = not flag and argument.token_count()[0] > 0  # pyright: ignore
    return found


def _repeatable_before(extra: str, arguments: Sequence[str], app: App | None) -> str:
    """Return the option whose value precedes this argument, if it can be repeated; else nothing."""
    place = arguments.index(extra) if extra in arguments else 0
    if app is None or place < 2:
        return ""
    option = arguments[place - 2]
    lists = (
        item for item in app.assemble_argument_collection() if item.hint in (list[str], list[str] | None)
    )
    return option if any(option in item.names for item in lists) else ""


def options_of_command(app: App, name: str) -> dict[str, bool]:
    """Return the options of one of the app's commands, loading it."""
    return options_of(app[name].assemble_argument_collection())


def _example(chain: Sequence[str]) -> str:
    found = _command(chain)
    return f"For example: {found.examples[0]}" if found else _help(" ".join(["trainlab", *chain]))


def _help(name: str) -> str:
    return f"See: {name} --help"


def _command(chain: Sequence[str]) -> Command | None:
    among = PARTS.get((chain or [""])[0], COMMANDS)
    return next((command for command in among if command.name == (chain or [""])[-1]), None)


def _no_command(word: str) -> str:
    """Say that a word isn't a command, and what was meant: a file's name needs a command before it."""
    from trainlab.spec.lookup import EXAMPLES, what_it_is

    written = shortened(word)
    if word in EXAMPLES:
        return f"{written} is an example study. Run it with: trainlab study {word}"
    hint = what_it_is(word)
    if hint:
        return f"{written} is {hint}"
    if word.lower().endswith(".toml"):
        return f"{written} is a file, not a command. Run it with: trainlab study {shlex.quote(word)}"
    meant = nearest(word, [command.name for command in COMMANDS])
    return f"there is no command {written!r}.{meant} See: trainlab --help"


def _no_question(word: str) -> str:
    from trainlab.spec.lookup import EXAMPLES

    plain = word.lower().replace("_", "-")
    names = [command.name for command in QUESTIONS]
    meant = next((name for name, others in _MEANT.items() if plain == name or plain in others), "")
    hint = f" Did you mean: trainlab explain {meant}?" if meant else nearest(plain, names)
    if word in EXAMPLES or word.lower().endswith(".toml"):
        hint = f" Name the question first, as in: trainlab explain {names[1]} {word}"
    return (
        f"there is no question {shortened(word)!r}; there are {', '.join(names[:-1])} and {names[-1]}.{hint}"
    )
