"""Help by group; each command's ends with examples, and the command takes them."""

import re
import shlex

import pytest
from cli.calling import Caller

from trainlab.cli.commands import COMMANDS, GROUPS, PARTS
from trainlab.cli.main import app

ALL = [
    *((command.name,) for command in COMMANDS),
    *((name, part.name) for name, parts in PARTS.items() for part in parts),
]


def examples_in(text: str) -> list[str]:
    """The examples at a help's end."""
    return re.findall(r"^  (trainlab .+)$", text.split("\nFor example:\n")[1], re.MULTILINE)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_ends_with_examples_that_the_command_takes(
    trainlab: Caller, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    examples = examples_in(trainlab(*words, "--help").out)
    assert len(examples) == 2
    for example in examples:
        name, *arguments = shlex.split(example)
        assert name == "trainlab"
        assert tuple(arguments[: len(words)]) == words
        command = app.parse_args(arguments, exit_on_error=False, print_error=False)[0]
        assert command.__name__.endswith("_command")


@pytest.mark.pages
def test_no_example_is_broken_over_lines(trainlab: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 80 columns a long one may be wrapped; it must still be whole when the words are joined."""
    monkeypatch.setenv("COLUMNS", "80")
    for words in ALL:
        told = " ".join(trainlab(*words, "--help").out.split("\nFor example:\n")[1].split())
        found = COMMANDS if len(words) == 1 else PARTS[words[0]]
        (command,) = [item for item in found if item.name == words[-1]]
        assert told == " ".join(command.examples)


def test_every_command_stands_in_a_group(trainlab: Caller) -> None:
    text = trainlab("--help").out
    places = [text.index(f"─ {group} ─") for group in GROUPS]
    assert places == sorted(places)
    assert examples_in(text) == [
        "trainlab study xor44",
        "trainlab doctor train.py",
        "trainlab explain learning-rate",
        "trainlab new first.toml",
    ]
    for command in COMMANDS:
        assert places[GROUPS.index(command.group)] < text.index(f"│ {command.name} ")


def test_quick_examples_run(trainlab: Caller) -> None:
    for name in ("params", "budget", "new", "show"):
        (command,) = [item for item in COMMANDS if item.name == name]
        examples = command.examples[:1] if name == "new" else command.examples
        for example in examples:
            outcome = trainlab(*shlex.split(example)[1:])
            assert (outcome.code, outcome.err) == (0, ""), example


def test_how_many_has_one_name_in_every_command() -> None:
    named: dict[str, list[tuple[str, ...]]] = {}
    for words in ALL:
        command = app
        for word in words:
            command = command[word]
        if words[0] in PARTS and len(words) == 1:
            continue
        for argument in command.assemble_argument_collection():
            for name in argument.names:
                named.setdefault(name, []).append(argument.names)
    assert set(named["-n"]) == {("--seeds", "-n")}
    # The doctor hands an -n on to the script.
    assert [names for names in named["--seeds"] if "-n" not in names] == [("--seeds",)]
    assert named["--draw"] == [("--draw",), ("--draw", "--sample")]
    assert named["--draw-seed"] == [("--draw-seed",), ("--draw-seed", "--seed")]
    others = {names for found in named.values() for names in found if len(names) > 1}
    assert others == {
        ("--seeds", "-n"),
        ("--draw", "--sample"),
        ("--draw-seed", "--seed"),
        ("--trained", "--initial"),
        ("--try", "--no-try", "--quick"),
        ("--open", "--no-open"),
    }
