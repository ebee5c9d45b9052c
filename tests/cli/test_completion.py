"""Completion as a shell does it: the script is given to bash, and asked what it offers."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from cli.calling import Caller

from trainlab.cli.commands import COMMANDS, PARTS
from trainlab.cli.main import completion_script

pytestmark = pytest.mark.process

BASH = """
source /dev/stdin
COMP_WORDS=({words})
COMP_CWORD=$(({count} - 1))
_trainlab
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def bash() -> str:
    return completion_script("bash")


def offered(script: str, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    asked = BASH.format(words=shlex.join(words), count=len(words))
    done = subprocess.run(["bash", "-c", asked], input=script, text=True, capture_output=True, check=True)
    assert not done.stderr
    return done.stdout.split()


def test_commands_are_offered(bash: str):
    assert sorted(offered(bash, "trainlab", "")) == sorted(command.name for command in COMMANDS)
    assert offered(bash, "trainlab", "st") == ["study", "store"]
    for name, parts in PARTS.items():
        assert sorted(offered(bash, "trainlab", name, "")) == sorted(part.name for part in parts)


def test_options_and_choices_are_offered(bash: str):
    assert offered(bash, "trainlab", "study", "xor44", "--fr") == ["--fresh"]
    assert "--until" in offered(bash, "trainlab", "race", "--")
    assert offered(bash, "trainlab", "completion", "") == ["bash", "zsh", "fish"]


def test_files_are_offered_where_nothing_else_is_known(bash: str):
    assert offered(bash, "trainlab", "doctor", "train") == []
    assert bash.endswith("complete -o bashdefault -o default -F _trainlab trainlab\n")
    zsh = completion_script("zsh")
    (doctor,) = re.findall(r"^ +doctor\)\n(.*?);;", zsh, re.DOTALL | re.MULTILINE)
    assert re.search(r"'1:The training script.*:_files' \\$", doctor, re.MULTILINE)
    assert re.search(r"'\*--html\[.*\]:html:_files' \\$", doctor, re.MULTILINE)
    assert "\n_trainlab() {\n" in zsh
    assert not re.search(r"'--details\[.*_files", doctor)


def test_a_shell_that_is_not_known(trainlab: Caller):
    told = trainlab("completion", "tcsh")
    assert told.code == 2
    assert told.err == (
        'trainlab completion: Invalid value "tcsh" for SHELL. Choose from: "bash", "zsh", "fish". '
        "See: trainlab completion --help\n"
    )


def test_the_command_prints_the_script(trainlab: Caller, tmp_path: Path):
    assert trainlab("completion", "fish").out == completion_script("fish")


def test_help_says_where_each_shell_looks_for_its_script(trainlab: Caller, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    words = " ".join(re.sub("[│╭╮╰╯─]", " ", trainlab("completion", "--help").out).split())
    assert "bash-completion it is ~/.local/share/bash-completion/completions/trainlab, for fish" in words
    assert "for fish ~/.config/fish/completions/trainlab.fish, for zsh _trainlab in a folder of its" in words
