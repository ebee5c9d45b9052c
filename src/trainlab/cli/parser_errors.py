"""What the parser refuses, in one line that says what was probably meant."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from cyclopts import App, CycloptsError, MissingArgumentError, UnknownOptionError, UnusedCliTokensError
from cyclopts.exceptions import UnknownCommandError

from trainlab.cli.commands import COMMANDS, PARTS, QUESTIONS, Command
from trainlab.cli.options import UsageError, shortened
from trainlab.errors import listing, nearest

# Misspelt options: which one is meant, and those that would slip through to a user's script unseen.


_NUMBER = re.compile(r"-\.?[0-9].*")
_DASHES = ("–", "—")
"""What word processors and web pages turn hyphens into."""


def near_option(word: str, options: Mapping[str, bool]) -> str:
    """Return the option that a word is one edit away from, or an empty string.

    An edit leaves out, adds or changes one character, or swaps two neighbours. ``--n`` is meant for ``-n``,
    but not ``-m``: every one-letter option is as near to it as any other.
    """
    name = word.split("=", 1)[0]
    plain = re.sub("^[–—]+", lambda dashes: "-" if len(name) == 2 and dashes[0] == "–" else "--", name)
    if plain != name and plain in options:
        return plain
    for option in options:
        if len(option) == 2:
            if plain.replace("--", "-") == option:
                return option
        elif len(plain) > 2 and _one_edit(plain, option):
            return option
    return ""


def check_passed_on(command: str, words: Sequence[str], options: Mapping[str, bool]) -> None:
    """Refuse an argument that the script would get, but that looks like a misspelt option of the command.

    `words` are all that follows the command's name. Whatever follows ``--`` goes to the script.
    """
    words = words[: words.index("--")] if "--" in words else words
    script_named, is_value = False, False
    for place, word in enumerate(words):
        name = word.split("=", 1)[0]
        if is_value or name in options:
            is_value = not is_value and options.get(name, False) and "=" not in word
            continue
        if not word.startswith(("-", *_DASHES)) or _NUMBER.fullmatch(word):
            script_named = True
            continue
        meant = near_option(word, options)
        if meant:
            value = [other for other in words[place + 1 : place + 2] if not other.startswith("-")]
            script_follows = any(not other.startswith("-") for other in words[place + 2 :])
            if "=" in word or not (script_named or script_follows):
                value = []
            rest = [*words[:place], *words[place + 1 + len(value) :]]
            passed = shlex.join([*rest, "--", word, *value])
            raise UsageError(
                f"{name}: trainlab {command} has no such option. Did you mean {meant}? If it is for the "
                f"script, write -- before it: trainlab {command} {passed}"
            )


def _one_edit(word: str, other: str) -> bool:
    """Whether one letter left out, added, changed, or swapped with its neighbour makes one of the other."""
    if word == other:
        return False
    start = sum(takewhile(bool, (a == b for a, b in zip(word, other, strict=False))))
    rest, goal = word[start:], other[start:]
    swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == goal
    return rest[1:] == goal[1:] or rest[1:] == goal or rest == goal[1:] or swapped


# What the parser refuses, in one line that says what was probably meant.


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


# Messages of the Python functions that commands call, with the names that the user has typed.


POSITIONAL: Mapping[str, Mapping[str, str]] = {
    "budget": {"parameters": "PARAMETERS"},
    "map": {},
    "params": {"widths": "NETWORK"},
}
"""Commands whose functions name arguments in their messages, and those arguments that aren't options."""


def as_typed(message: str, command: str, options: Iterable[str]) -> str:
    """Return the message with a command's options as they are typed.

    ``min_width=0`` becomes ``--min-width 0``. A plain word, as "inputs", may be one of the sentence: without
    ``=`` only names with an underscore are options for sure. Fields of study files have a path before them.

    >>> as_typed("max_width=3 is too small: raise max_width.", "budget", ["--max-width", "--seed"])
    '--max-width 3 is too small: raise --max-width.'
    """
    if command not in POSITIONAL:
        return message
    names = {option[2:].replace("-", "_"): option for option in options if option.startswith("--")}
    for name, typed in {**names, **POSITIONAL[command]}.items():
        message = re.sub(rf"(?<![\w.]){name}(=| = )(?=\S)", f"{typed} ", message)
        if "_" in name:
            message = re.sub(rf"(?<![\w.-]){name}(?!\w)", typed, message)
    return message
