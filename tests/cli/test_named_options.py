"""Every option that help, a message or a page names is one that the command has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli.calling import Caller

from trainlab.cli.commands import COMMANDS, PARTS
from trainlab.cli.main import app
from trainlab.cli.parser_errors import options_of

pytestmark = pytest.mark.pages
ROOT = Path(__file__).parents[2]
OPTION = re.compile(r"(?<![\w/.-])--[a-z][a-z0-9-]*(?![\w-]*\()")
OF_ALL = {"--help", "--version"}
COMMAND_LINE = re.compile(r"trainlab ((?:explain |store )?[a-z-]+)([^\n`|&;>#]*)")
OTHERS = re.compile(r"(?:scripts/|ray start|jupyter |uv pip |pip |var\()[^\n`]*", re.MULTILINE)
"""Command lines of other programs, and the page's colours."""
SCRIPTS = re.compile(r" --(?: +\n?| *\n).*")
"""What follows ``--`` goes to a user's script, on the next line, too, where help is wrapped."""


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """The options of each command, by its words."""
    found: dict[str, set[str]] = {}
    for command in COMMANDS:
        parts = [f"{command.name} {part.name}" for part in PARTS.get(command.name, ())] or [command.name]
        for words in parts:
            called = app
            for word in words.split():
                called = called[word]
            found[words] = {*options_of(called.assemble_argument_collection()), *OF_ALL}
    return found


def named(text: str) -> set[str]:
    """The options that a text names, but for those of other programs."""
    return set(OPTION.findall(SCRIPTS.sub("", OTHERS.sub("", text))))


def misnamed(text: str, options: dict[str, set[str]]) -> list[str]:
    """What a text has wrong: options that no command has, or that the command before them hasn't."""
    text = text.replace("\\\n", " ")
    wrong = sorted(named(text) - set().union(*options.values()))
    for words, rest in COMMAND_LINE.findall(text):
        wrong += [f"{words} {option}" for option in named(rest) - options.get(words, named(rest))]
    return wrong


def test_help_names_only_options_of_its_command(
    trainlab: Caller, options: dict[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for columns in ("80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        for words, own in options.items():
            assert named(trainlab(*words.split(), "--help").out) <= own, words


def test_pages_name_only_options_that_there_are(options: dict[str, set[str]]) -> None:
    # Of a user's script, misspelt on purpose, and of scripts/test and scripts/measure, without their names.
    examples = {
        "README.md": {"--versions"},
        "CONTRIBUTING.md": {"--check"},
        "docs/stability.md": {"--versions"},
        "docs/doctor.md": {"--epochs", "--jsn", "--step", "doctor --epochs"},
        "docs/seeds.md": {"--n"},
        "docs/trust.md": {"--outcomes"},
    }
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for page in pages:
        name = str(page.relative_to(ROOT))
        assert set(misnamed(page.read_text("utf-8"), options)) <= examples.get(name, set()), name


def test_messages_name_only_options_that_there_are(options: dict[str, set[str]]) -> None:
    texts = [file.read_text("utf-8") for file in (ROOT / "src" / "trainlab").rglob("*.py")]
    wrong = {each for each in misnamed("\n".join(texts), options) if not each.startswith("--tl-")}
    # A script's own, as examples; misspelt ones; nbconvert's; and --tl- begins the names of colours.
    assert wrong <= {"--epochs", "--token", "--n", "--option", "--clear-output", "--inplace"}


def test_a_wrong_option_is_seen(options: dict[str, set[str]]) -> None:
    assert misnamed("see `trainlab doctor --save x` and --sav", options) == ["--sav", "doctor --save"]
    assert misnamed("`trainlab seeds t.py --save x -- --epochs 3`, `pip --no-deps`", options) == []
