"""A misspelt option after the script goes to the script; that is said."""

import re

import pytest

from trainlab.cli.doctor import doctor_command
from trainlab.cli.options import UsageError, hint_at_options
from trainlab.cli.seeds import seeds_command


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--jsn", "trainlab: --jsn goes to train.py; did you mean --json?\n"),
        ("--stepps=3", "trainlab: --stepps goes to train.py; did you mean --steps?\n"),
        ("--seed", ""),
        ("--epochs", ""),
        ("jsn", ""),
    ],
)
def test_what_looks_like_an_option_of_ours(word: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    hint_at_options("train.py", ["data", word, "7"], doctor_command)
    assert capsys.readouterr().err == said


def test_an_option_is_called_as_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    hint_at_options("train.py", ["--at-leest", "--as-experimnt"], seeds_command)
    told = capsys.readouterr().err
    assert "did you mean --at-least?" in told
    assert "did you mean --as-experiment?" in told


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--htm", "--htm: there is no such option. Did you mean --html? See: trainlab doctor --help"),
        ("--jsn=x.json", "--jsn=x.json: there is no such option. Did you mean --json? See: trainlab doctor"),
        ("-q", "-q: there is no such option. See: trainlab doctor --help"),
    ],
)
def test_an_option_that_is_taken_for_the_script_is_refused(word: str, said: str):
    with pytest.raises(UsageError, match=re.escape(said)):
        doctor_command(word)
