"""The ledger: every statement of the assignment with its verdict, and the view of docs/questions.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import get_args

import trainlab
from measure import (
    explained,
    stated_chain,
    stated_changes,
    stated_failures,
    stated_losses,
    stated_neuron,
    stated_notebook,
    stated_outliers,
    stated_rates,
    stated_schedules,
    stated_schemes,
    stated_weight_sizes,
    xor_studies,
)
from measure.blocks import cell, table
from measure.statements import Answer, Found, Outcome, Statement
from trainlab.draw import join
from trainlab.explain.questions.learning_rate.grid import at_rate
from trainlab.spec import any_study, named_cell
from trainlab.studies import EndingsResult

SEEDS = 200
"""Seeds for each learning rate at which we ask where runs of Model 3 end."""

PARTS: tuple[tuple[str, tuple[Statement, ...]], ...] = (
    ("Part 1: the main notebook", (*stated_changes.STATEMENTS, *stated_failures.STATEMENTS)),
    ("Part 1: the second notebook", stated_notebook.STATEMENTS),
    ("What is a neuron?", stated_neuron.STATEMENTS),
    ("What is the learning rate for?", (*stated_rates.STATEMENTS, *stated_schedules.STATEMENTS)),
    ("How are weights initialised?", (*stated_weight_sizes.STATEMENTS, *stated_schemes.STATEMENTS)),
    ("What is a loss?", (*stated_losses.STATEMENTS, *stated_outliers.STATEMENTS)),
    ("What is the chain rule?", stated_chain.STATEMENTS),
)
"""The parts of the assignment, in its order, and their statements."""

QUESTIONS = PARTS[2:]
STATEMENTS: tuple[Statement, ...] = tuple(each for _, part in PARTS for each in part)

DONE: tuple[Outcome, ...] = ("carried out", "not carried out", "can't be tested")
"""Outcomes of statements that make no claim that could be true."""

Judged = tuple[Statement, Answer]


@cache
def carry_out(*, store: str | None) -> dict[str, Answer]:
    """Return how each statement fares, by its number; runs that the store has aren't trained again."""
    answers = explained.carry_out(store=store)
    found = Found(
        studies=xor_studies.carry_out(store=store), explained=answers, deep=deep_endings(answers, store=store)
    )
    return judge(found)


def deep_endings(answers: explained.Explained, *, store: str | None) -> tuple[EndingsResult, EndingsResult]:
    """Return where runs of Model 3 with B and E end, at the least and the largest rate asked of Model 2."""
    own = named_cell(any_study("xor44"), "Model 3:B+E").experiment
    small, large = (
        trainlab.endings(at_rate(own, answers.endings[place].rate), seeds=SEEDS, longer=1, store=store)
        for place in (0, -1)
    )
    return small, large


def judge(found: Found) -> dict[str, Answer]:
    """Return how each statement fares, by its number."""
    return {each.number: each.judge(found) for each in STATEMENTS}


def tally(answers: dict[str, Answer]) -> str:
    """How many statements have which verdict."""
    return _tally(answers, STATEMENTS)


def rows(answers: dict[str, Answer]) -> str:
    """One row per statement, by part; below each table, what was asked, and the numbers in sentences."""
    parts: list[str] = []
    for heading, part in PARTS:
        judged = [(each, answers[each.number]) for each in part]
        heads = ("№", "what it says", "where", "verdict", "the number, with its 95 % interval", "other sides")
        lines = [
            (
                each.number,
                cell(each.said),
                each.place.removeprefix("notebook 1, "),
                f"**{answer.outcome}**",
                cell(answer.number) or "–",
                cell(answer.sides) or "–",
            )
            for each, answer in judged
        ]
        parts.append(f"## {heading}\n\n{table(heads, lines)}\n\n{_details(judged)}")
    return "\n\n".join(parts)


def notebook(answers: dict[str, Answer]) -> str:
    """The second notebook's claims, one per line."""
    lines: list[str] = []
    for each in stated_notebook.STATEMENTS:
        answer = answers[each.number]
        if answer.outcome not in DONE:
            lines.append(f"- {each.said} **{answer.outcome.capitalize()}.** {answer.told}")
    return "\n".join(lines)


def questions_tally(answers: dict[str, Answer]) -> str:
    """How many statements of the five questions have which verdict."""
    return _tally(answers, [each for _, part in QUESTIONS for each in part])


def questions(answers: dict[str, Answer]) -> str:
    """The statements of the five questions that can be true or false: one row each, by question."""
    parts: list[str] = []
    for heading, part in QUESTIONS:
        lines = [
            (cell(each.said), f"**{answer.outcome}**", cell(answer.number) or "–", each.seeds)
            for each in part
            for answer in [answers[each.number]]
            if answer.outcome not in DONE
        ]
        page = part[0].page
        heads = ("statement", "", "numbers, with 95 % intervals", "seeds")
        parts.append(f"## {heading}\n\nThe page: [{heading}]({page}.md)\n\n{table(heads, lines)}")
    return "\n\n".join(parts)


def _tally(answers: dict[str, Answer], of: tuple[Statement, ...] | list[Statement]) -> str:
    counts = Counter(answers[each.number].outcome for each in of)
    told = [f"{counts[outcome]} {outcome}" for outcome in get_args(Outcome) if counts[outcome]]
    return f"Of {len(of)} statements: {join(told)}."


def _details(judged: list[Judged]) -> str:
    """Return what was asked and what came out, folded away under each table."""
    lines = [
        f"- **{each.number}.** Asked: {each.asked}{'' if each.seeds == '–' else f'; seeds: {each.seeds}'}. "
        f"{' '.join(part for part in (answer.told, each.note) if part)}"
        for each, answer in judged
    ]
    page = judged[0][0].page
    summary = "<details>\n<summary>What was asked, and the numbers in sentences</summary>"
    return (
        f"{summary}\n\n"
        + "\n".join(line.strip() for line in lines)
        + f"\n\nThe page: [{page}.md]({page}.md).\n\n</details>"
    )


BLOCKS: tuple[Callable[[dict[str, Answer]], str], ...] = (tally, rows, notebook, questions_tally, questions)
