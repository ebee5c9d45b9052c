"""A misspelt option after the script goes to the script; that is said."""

import inspect
from collections.abc import Callable

import pytest

from trainlab.cli import doctor, seeds
from trainlab.cli.options import hint_at_options

OPTIONS = ("--steps", "--json", "--seeds", "--for")


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
    hint_at_options("train.py", ["data", word, "7"], OPTIONS)
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("command", "options", "others"),
    [(doctor.doctor_command, doctor.OPTIONS, set[str]()), (seeds.seeds_command, seeds.OPTIONS, {"--n"})],
    ids=["doctor", "seeds"],
)
def test_the_options_are_those_of_the_command(
    command: Callable[..., int], options: tuple[str, ...], others: set[str]
) -> None:
    parameters = inspect.signature(command).parameters.values()
    named = {
        f"--{one.name.strip('_').replace('_', '-')}" for one in parameters if one.kind == one.KEYWORD_ONLY
    }
    assert named == {*options, *others}
