"""A misspelt option after the script goes to the script; that is said."""

import pytest

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
