"""The ledger has every statement, and its rules can turn: made-up results uphold, refute and split each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast, get_args

import pytest

from measure import (
    blocks,
    ledger,
    stated_chain,
    stated_failures,
    stated_losses,
    stated_neuron,
    stated_notebook,
    stated_outliers,
    stated_rates,
    stated_schedules,
    stated_schemes,
    stated_weight_sizes,
    statements,
)
from measure.asked import PLATEAU, own_loss, plateau
from measure.blocks import ROOT
from measure.statements import EXACT, Answer, Found, Outcome, Statement
from trainlab.stats import Estimate, Rate, ReadEstimate, Reading, Side, Verdict, rate

# The ledger, and what is shown of it elsewhere, are what the runs give.


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


# Every rule of the ledger can turn: made-up results uphold, refute and split each statement.


MOST, HALF, FEW, ALL, NONE = rate(90, 100), rate(50, 100), rate(10, 100), rate(100, 100), rate(0, 100)
Numbers = Mapping[str, Any]


def verdict(outcome: str) -> Verdict:
    sides = (Side(words="within 0.05", outcome="upheld"), Side(words="rounded", outcome="refuted"))
    return Verdict(
        topic="made up", sentence="Made up.", outcome=cast("Any", outcome), share=HALF, sides=sides
    )


def difference(reading: Reading) -> ReadEstimate:
    value = Estimate(estimate=0.1, low=0.05, high=0.15, p=0.01, p_small=1.0, n=100)
    return ReadEstimate(value=value, p_adjusted=0.01, p_small_adjusted=1.0, reading=reading)


def sized(first: Reading, second: Reading, share: Rate = MOST) -> Numbers:
    return {"claims": {"one": (difference(first), MOST, share), "two": (difference(second), MOST, share)}}


def cured(left: Rate) -> Numbers:
    return {"left": {"anywhere": left}, "change": {"anywhere": difference("helps").value}}


def drawn(std: float, *, inside: bool = True) -> tuple[bool, float, tuple[float, float], float]:
    return inside, std, (std - 0.1, std + 0.1), 1.0


MADE_UP: dict[Callable[..., Answer], tuple[Numbers, Numbers, Numbers]] = {
    statements.verdict: tuple({"found": verdict(each)} for each in ("upheld", "refuted", "mixed")),
    statements.verdicts: (
        {"found": {"one": verdict("upheld"), "two": verdict("upheld")}},
        {"found": {"one": verdict("refuted"), "two": verdict("refuted")}},
        {"found": {"one": verdict("upheld"), "two": verdict("refuted")}},
    ),
    statements.done: (
        {"facts": {"one": True, "two": True}},
        {"facts": {"one": False, "two": False}},
        {"facts": {"one": True, "two": False}},
    ),
    statements.alike: (
        {"found": {"one": 50, "two": 6}, "wanted": {"one": 50, "two": 6}},
        {"found": {"one": 44, "two": 0}, "wanted": {"one": 50, "two": 6}},
        {"found": {"one": 50, "two": 0}, "wanted": {"one": 50, "two": 6}},
    ),
    statements.most: ({"share": MOST}, {"share": FEW}, {"share": HALF}),
    statements.gives: tuple({"shares": {"at (1, 1)": each}} for each in (MOST, FEW, HALF)),
    statements.cured: (cured(NONE), cured(HALF), cured(FEW)),
    statements.exact: (
        {"gaps": {"one": 0.0, "two": 1e-15}},
        {"gaps": {"one": 0.1, "two": 0.2}},
        {"gaps": {"one": 0.0, "two": 0.2}},
    ),
    statements.by_readings: (
        {"readings": {"one": "helps", "two": "helps"}, "number": ""},
        {"readings": {"one": "hurts", "two": "shown to be small"}, "number": ""},
        {"readings": {"one": "helps", "two": "no difference seen"}, "number": ""},
    ),
    stated_failures.inner_layers: (
        {"shares": {"2": MOST, "3": MOST}},
        {"shares": {"2": FEW, "3": FEW}},
        {"shares": {"2": MOST, "3": FEW}},
    ),
    stated_failures.same_answer: (
        {"three": MOST, "value": {"0.694": MOST}},
        {"three": FEW, "value": {"0.694": FEW}},
        {"three": MOST, "value": {"0.694": FEW}},
    ),
    stated_notebook.submitted: (
        {"solved": ALL, "tiny": MOST, "early": MOST, "others": {}},
        {"solved": ALL, "tiny": FEW, "early": FEW, "others": {}},
        {"solved": ALL, "tiny": MOST, "early": FEW, "others": {}},
    ),
    stated_neuron.decides: (
        {"passed": {"relu": (0.0, 0.0)}},
        {"passed": {"relu": (-0.1, 0.1)}},
        {"passed": {"relu": (0.0, 0.0), "tanh": (-0.8, 0.4)}},
    ),
    stated_neuron.collapses: (
        {"gap": 0.0, "solved": {1: NONE, 2: NONE}},
        {"gap": 0.5, "solved": {1: FEW, 2: MOST}},
        {"gap": 0.0, "solved": {1: NONE, 2: FEW}},
    ),
    stated_neuron.differ: (
        {"stacks": {2: (MOST, 0.9, 0.001)}},
        {"stacks": {2: (FEW, -0.1, 0.001)}},
        {"stacks": {2: (MOST, 0.9, 0.001), 8: (FEW, 0.01, 0.5)}},
    ),
    stated_rates.steps: (
        {"exact": True, "gap": 0.0},
        {"exact": False, "gap": 0.1},
        {"exact": True, "gap": 0.1},
    ),
    stated_rates.slow: (
        {"small": (0.001, 110), "best": (0.01, 40), "least": NONE, "reached": MOST},
        {"small": (0.001, 20), "best": (0.01, 40), "least": MOST, "reached": FEW},
        {"small": (0.001, 110), "best": (0.01, 40), "least": MOST, "reached": MOST},
    ),
    stated_rates.fast: (
        {"low": (0.001, 110), "high": (0.01, 40)},
        {"low": (0.001, 40), "high": (0.01, 110)},
        {"low": (0.001, 40), "high": (0.01, 40)},
    ),
    stated_rates.reaches: (
        {"minimum": ALL, "later": ALL, "told": ""},
        {"minimum": FEW, "later": FEW, "told": ""},
        {"minimum": FEW, "later": ALL, "told": ""},
    ),
    stated_rates.plateaus: (
        {"shares": {"Model 2": MOST}, "others": {}, "told": ""},
        {"shares": {"Model 2": NONE}, "others": {}, "told": ""},
        {"shares": {"Model 2": NONE, "Model 3": MOST}, "others": {}, "told": ""},
    ),
    stated_rates.unsettled: (
        {"minimum": {"Model 2": MOST}, "moving": {"Model 2": MOST}, "others": {}, "told": ""},
        {"minimum": {"Model 2": NONE}, "moving": {"Model 2": NONE}, "others": {}, "told": ""},
        {"minimum": {"Model 2": NONE}, "moving": {"Model 2": MOST}, "others": {}, "told": ""},
    ),
    stated_rates.oscillates: (
        {"gaps": {"valley": 0.0}, "solved_above": FEW, "solved_best": MOST},
        {"gaps": {"valley": 0.3}, "solved_above": MOST, "solved_best": FEW},
        {"gaps": {"valley": 0.0, "other": 0.3}, "solved_above": MOST, "solved_best": MOST},
    ),
    stated_schedules.step_lr: (
        {"rates": (0.05, 0.005, 0.0005, 0.00005), "gap": 0.0},
        {"rates": (0.1, 0.2, 0.3, 0.4, 0.5), "gap": 0.1},
        {"rates": (0.05, 0.005, 0.0005, 0.00005), "gap": 0.1},
    ),
    stated_weight_sizes.equal: (
        {"most": {"0": 1}, "gradients": {"0": 1}, "own": {}},
        {"most": {"0": 5}, "gradients": {"0": 5}, "own": {"Model 1": FEW}},
        {"most": {"0": 1, "own": 5}, "gradients": {"0": 1, "own": 5}, "own": {}},
    ),
    stated_weight_sizes.sizes: (
        sized("hurts", "hurts"),
        sized("helps", "shown to be small"),
        sized("hurts", "no difference seen"),
    ),
    stated_weight_sizes.fades: (
        {"small": {"one": 0.01}, "large": {"one": 20.0}},
        {"small": {"one": 0.5}, "large": {"one": 1.2}},
        {"small": {"one": 0.01}, "large": {"one": 1.2}},
    ),
    stated_weight_sizes.mean_zero: (
        {"agreeing": 9, "without": 0, "lost": 0, "readings": {"one": "helps"}, "number": ""},
        {"agreeing": 0, "without": 4, "lost": 5, "readings": {"one": "hurts"}, "number": ""},
        {"agreeing": 5, "without": 0, "lost": 4, "readings": {"one": "helps"}, "number": ""},
    ),
    stated_weight_sizes.variance: (
        {"kept": {4: MOST, 8: MOST}, "faded": {4: FEW, 8: FEW}},
        {"kept": {4: FEW, 8: FEW}, "faded": {4: MOST, 8: MOST}},
        {"kept": {4: FEW, 8: MOST}, "faded": {4: MOST, 8: MOST}},
    ),
    stated_schemes.default: (
        {"inside": {"Linear": True}, "same": {"Linear": True}},
        {"inside": {"Linear": False}, "same": {"Linear": False}},
        {"inside": {"Linear": True}, "same": {"Linear": False}},
    ),
    stated_schemes.keeps: (
        {"ratios": {"tanh": (1.0, 1.0), "linear": (0.9, 1.0)}},
        {"ratios": {"tanh": (0.1, 0.1), "linear": (5.0, 5.0)}},
        {"ratios": {"tanh": (0.1, 0.1), "linear": (1.0, 1.0)}},
    ),
    stated_schemes.sample: (
        {"drawn": {"he": drawn(1.0)}},
        {"drawn": {"he": drawn(2.0)}},
        {"drawn": {"he": drawn(1.0), "xavier": drawn(1.0, inside=False)}},
    ),
    stated_losses.defined: tuple(
        {"gaps": {"L1": a, "MSE": b}} for a, b in ((1e-7, 0.0), (0.1, 0.1), (1e-7, 0.1))
    ),
    stated_losses.higher: tuple(
        {"ranks": {"L1": a, "MSE": b}} for a, b in ((1.0, 0.95), (-0.2, 0.0), (1.0, 0.5))
    ),
    stated_losses.paired: (
        {"verdicts": {"mse": "right"}},
        {"verdicts": {"mse": "wrong"}},
        {"verdicts": {"mse": "right", "l1": "works"}},
    ),
    stated_losses.binary: (
        {"verdict": "right", "reading": "helps", "solved": {"bce": MOST}},
        {"verdict": "wrong", "reading": "hurts", "solved": {"bce": FEW}},
        {"verdict": "right", "reading": "no difference seen", "solved": {"bce": HALF}},
    ),
    stated_losses.many: (
        {"gap": 0.0, "readings": {"nll": "shown to be small"}, "solved": {"nll": MOST}},
        {"gap": 0.5, "readings": {"nll": "helps"}, "solved": {"nll": FEW}},
        {"gap": 0.0, "readings": {"nll": "helps"}, "solved": {"nll": FEW}},
    ),
    stated_losses.named: (
        {"known": {"NLLLoss": True}},
        {"known": {"LLLoss": False}},
        {"known": {"NLLLoss": True, "LLLoss": False}},
    ),
    stated_outliers.outliers: tuple(
        {"less": {"l1": less}, "doubled": {"l1": times}, "number": "", "told": ""}
        for less, times in (
            ((0.5, 0.001), (1.2, 1.6)),
            ((-0.5, 0.001), (3.0, 4.0)),
            ((0.5, 0.001), (1.5, 2.5)),
        )
    ),
    stated_outliers.logarithm: (
        {"costs": (0.1, 4.6), "pulls": (-0.99, -0.02)},
        {"costs": (1.0, 2.0), "pulls": (-0.02, -0.99)},
        {"costs": (0.1, 4.6), "pulls": (-0.02, -0.99)},
    ),
    stated_chain.downhill: (
        {"start": 0.3, "lowest": 0.1, "best": 1.0, "back": None},
        {"start": 0.3, "lowest": 0.3, "best": 0.0, "back": None},
        {"start": 0.3, "lowest": 0.1, "best": 1.0, "back": 2.0},
    ),
    stated_chain.swapped: (
        {"losses": (0.5, 0.5), "slopes": (1.0, 1.0)},
        {"losses": (0.5, 0.6), "slopes": (1.0, -1.0)},
        {"losses": (0.5, 0.5), "slopes": (1.0, -1.0)},
    ),
}  # type: ignore[assignment]
"""For each rule numbers that uphold, that refute, and that do neither."""

UNTESTABLE = ("37",)
DONE = ("carried out", "not carried out")


def of(statement: Statement, numbers: Numbers) -> Answer:
    """Return how a statement would fare if these were its numbers; nothing of what was found is asked."""
    return replace(statement, read=lambda found: numbers).judge(cast("Found", None))


TESTED = [each for each in ledger.STATEMENTS if each.number not in UNTESTABLE]


@pytest.mark.parametrize("statement", TESTED, ids=lambda each: f"{each.number}-{each.rule.__name__}")
def test_a_statement_turns(statement: Statement):
    upheld, refuted, split = MADE_UP[statement.rule]
    right, wrong = DONE if statement.rule is statements.done else ("upheld", "refuted")
    assert of(statement, upheld).outcome == right
    assert of(statement, refuted).outcome == wrong
    assert of(statement, split).outcome in ("mixed", "in part")


def test_only_prose_asks_no_numbers():
    prose = [each.number for each in ledger.STATEMENTS if each.rule is statements.untestable]
    assert tuple(prose) == UNTESTABLE


def test_a_scheme_that_ought_to_fade_turns_too():
    ratios = {"relu": (0.04, 0.04)}
    assert stated_schemes.keeps(ratios=ratios, fading=True).outcome == "upheld"
    assert stated_schemes.keeps(ratios={"relu": (1.0, 1.0)}, fading=True).outcome == "refuted"


def test_too_few_that_learn_say_nothing_of_a_size():
    none = {"one": (difference("hurts"), NONE, NONE)}
    assert stated_weight_sizes.sizes(claims=none).outcome == "mixed"


def test_sides_that_turn_are_named():
    assert statements.sides_of({"one": verdict("upheld")}) == "1 of 2; not rounded (one): refuted"
    assert statements.sides_of({"one": replace(verdict("mixed"), sides=())}) == ""


def test_other_readings_are_counted_and_one_that_turns_makes_it_mixed():
    found = statements.most(share=MOST, others={"within 0.05": MOST, "rounded": FEW})
    assert (found.outcome, found.sides) == ("mixed", "1 of 2; not rounded: refuted")
    found = statements.most(share=MOST, others={"within 0.05": ALL, "rounded": HALF})
    assert (found.outcome, found.sides) == ("upheld", "1 of 2; not rounded: mixed")
    moved = {"the slope from 1 %": {"Model 2": MOST}, "the slope from 100 %": {"Model 2": NONE}}
    found = stated_rates.plateaus(shares={"Model 2": MOST}, others=moved, told="")
    assert found.sides == "1 of 2; not the slope from 100 %: refuted"


def test_the_whole_of_the_list_has_its_rows():
    numbers = [each.number for each in ledger.STATEMENTS]
    assert len(set(numbers)) == len(numbers)
    assert {number for number in numbers if number.isdigit()} == {str(each) for each in range(1, 97)}
    assert {re.sub("[a-z]$", "", number) for number in numbers} <= set(numbers)
    assert all((ROOT / "docs" / f"{each.page}.md").exists() for each in ledger.STATEMENTS)


def test_no_heading_pretends_to_quote():
    for path, text in blocks.pages().items():
        assert re.findall(r'^#+ .*["“”].*$', text, re.MULTILINE) == [], path


# What the ledger asks of single trainings: numbers of a loop by hand, and of losses of one's own.


@pytest.mark.slow
def test_a_plateau_is_one_of_the_held_out_loss_and_of_no_other():
    found = plateau()
    assert found.held_out < EXACT < found.train
    assert len(found.rates) > 1
    assert found.rates[0] == PLATEAU["optimizer"]["lr"]


@pytest.mark.slow
def test_a_loss_of_ones_own_is_what_is_trained_by():
    found = own_loss()
    assert found.square < EXACT < found.quartic
