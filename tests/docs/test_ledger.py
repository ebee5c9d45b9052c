"""The ledger, and what is shown of it elsewhere, are what the runs give."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from docs import blocks, ledger, stated_schemes
from docs.rules import Answer, Outcome


def with_ledger() -> dict[str, str]:
    return {str(path): text for path, text in blocks.pages().items() if "ledger" in blocks.used([text])}


def made_up(outcome: Outcome) -> dict[str, Answer]:
    return {
        each.number: Answer(outcome=outcome, number="1 | 2", told="Told.", sides="all 2")
        for each in ledger.STATEMENTS
    }


def test_every_statement_has_a_row_and_its_numbers_in_sentences():
    shown = ledger.rows(made_up("upheld"))
    for each in ledger.STATEMENTS:
        (row,) = [line for line in shown.splitlines() if line.startswith(f"| {each.number} |")]
        assert row.count(" | ") == 5, "a cell holds a bar"
        assert "**upheld**" in row
        assert f"- **{each.number}.** Asked: " in shown
    assert shown.count("<details>") == shown.count("</details>") == len(ledger.PARTS)


def test_the_tally_counts():
    answers = made_up("upheld")
    n = len(answers)
    assert ledger.tally(answers) == f"Of {n} statements: {n} upheld."
    answers["1"] = replace(answers["1"], outcome="refuted")
    assert ledger.tally(answers) == f"Of {n} statements: {n - 1} upheld and 1 refuted."


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_what_was_only_to_be_done_stays_in_the_ledger(outcome: Outcome):
    answers = made_up(outcome)
    shown = f"**{outcome}**" in ledger.questions(answers)
    assert shown == (outcome not in ledger.DONE)
    assert bool(ledger.notebook(answers)) == shown


def test_what_the_doctor_calls_vanished_is_what_the_ledger_says_of_it():
    (page,) = [text for path, text in blocks.pages().items() if path.name == "faults.md"]
    words = " ".join(page.split())
    assert (
        f"the first weight is below {stated_schemes.VANISHED:g} of the largest where the network is stuck"
        in words
    )


def test_the_pages_tell_every_statement_as_it_is_said():
    page = with_ledger()["docs/ledger.md"]
    for each in ledger.STATEMENTS:
        assert f"| {each.number} | {each.said.replace('|', chr(92) + '|')} |" in page, each.number
