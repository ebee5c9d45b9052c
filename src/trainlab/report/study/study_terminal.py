"""A study in the terminal: its answer, or all details: verdicts, success rates, effects, how it was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, counted
from trainlab.page.cells import UNKNOWN, share, share_alone
from trainlab.page.columns import Column, TableOf
from trainlab.report.provenance_lines import provenance_line
from trainlab.report.study.answer_terminal import print_answer
from trainlab.report.study.effect_part import score_effect_table
from trainlab.report.study.method_part import seeds_words, stopped_words
from trainlab.report.study.score_part import scores_table, scores_title
from trainlab.report.study.shown_cells import networks_of
from trainlab.report.study.solved_when_part import (
    WHEN_SOLVED,
    spike_words,
    unknown_words,
    when_title,
    with_when,
)
from trainlab.report.study.why_failed_part import CAUSES, method_words, offer_words, shares_of
from trainlab.report.terminal_lines import print_lines
from trainlab.report.words import MARKS, single_run
from trainlab.stats import Rate
from trainlab.studies.answers.answer import seeds_or_runs
from trainlab.studies.cells import any_solved
from trainlab.studies.effect_table import EFFECTS, IN_SHORT
from trainlab.studies.result import StudyResult
from trainlab.studies.verdicts.robustness_words import sides_words

if TYPE_CHECKING:
    from rich.console import Console

MANY = 40
"""Of more combinations than this, only the baseline, single changes and all changes are listed."""
WIDE = 140
"""From so many characters on the table of when runs were solved has its intervals."""
_STYLES = {"upheld": "good", "refuted": "bad", "mixed": "neutral"}


def print_study(result: StudyResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a study, or with `details` every verdict, cell and effect, as wide as `console` is.

    Marks and words say what colours say.
    """
    if details:
        _print_details(result, console)
    else:
        print_answer(result, console=console)


def _print_details(result: StudyResult, console: Console) -> None:

    print_lines([result.study.title or "A study"], console=console, style="bold")
    if result.study.question:
        print_lines([result.study.question], console=console)
    for data in result.data:
        if data["words"]:
            print_lines([data["words"]], console=console)
    console.print()
    _legend(result, console)
    _verdicts(result, console)
    for note in result.notes:
        print_lines([f"Note: {note}\n"], console=console)
    if result.measure is None:
        _rates(result, console)
        _when(result, console)
        _why(result, console)
        _effects(result, console)
    _score_effects(result, console)
    _scores(result, console)
    if result.measure is not None:
        if any_solved(result.cells):
            _rates(result, console)
            _when(result, console)
            _effects(result, console)
        _why(result, console)
    for each in (result.until, result.fidelity, *result.retrained):
        if each:
            print_lines([each.sentence], console=console)
    stopped = stopped_words(result)
    if stopped:
        print_lines([stopped], console=console)
    _muted(f"Seeds {seeds_words(result)}; {provenance_line(result.how)}.", console)


def _legend(result: StudyResult, console: Console) -> None:
    """Say what the networks and changes are, before their names are used."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name in networks_of(result):
        label = result.study.experiment(name).network.label
        grid.add_row(Text(name), Text(label if label != name else ""))
    for change in result.study.changes:
        grid.add_row(Text(change.name), Text(change.label))
    console.print(grid)
    console.print()


def _verdicts(result: StudyResult, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for verdict in result.verdicts:
        mark = Text(f"{MARKS[verdict.outcome]} {verdict.outcome}", style=TERMINAL[_STYLES[verdict.outcome]])
        # The outcome is the statement's: without it, "refuted: C hurts" would read backwards.
        sentence = Text(f"{verdict.claim} " if verdict.claim else "", style=TERMINAL["muted"])
        sentence.append(verdict.sentence, style="default")
        alone = single_run(verdict, seeds_or_runs(result))
        for words in (alone, sides_words(verdict)):
            if words:
                sentence.append(f" {words}", style=TERMINAL["muted"])
        grid.add_row(mark, sentence)
    console.print(grid)
    console.print()


def _rates(result: StudyResult, console: Console) -> None:
    networks = networks_of(result)
    table = {(item.cell.changes, item.cell.network): item.solved for item in result.cells}
    combinations = list(dict.fromkeys(item.cell.changes for item in result.cells))
    everything = result.study.change_names
    total = len(combinations)
    if total > MANY:
        combinations = [made for made in combinations if len(made) < 2 or made == everything]

    def column(network: str) -> Column[tuple[str, ...]]:
        return Column(
            network, lambda made: table.get((made, network)), show=_share, brief=_share_alone, align="right"
        )

    changes: Column[tuple[str, ...]] = Column("Changes", lambda made: "+".join(made) or "none", align="left")
    # A full cell is 19 characters wide, plus 2 between columns.
    widest = max(map(len, [changes.heading, *(str(changes.cell(made)) for made in combinations)]))
    brief = widest + sum(max(len(name), 20) + 2 for name in networks) > console.width
    of = f"Solved, share of {seeds_or_runs(result)}"
    rates = TableOf((changes, *map(column, networks)))
    console.print(rates.terminal(combinations, title=of if brief else f"{of} (95 % interval)", brief=brief))
    if total > len(combinations):
        console.print(f"{len(combinations)} of {total} combinations; the HTML report and the JSON have all.")


def _share(value: Rate | None) -> str:
    return UNKNOWN if value is None else share(value)


def _share_alone(value: Rate | None) -> str:
    return UNKNOWN if value is None else share_alone(value)


def _when(result: StudyResult, console: Console) -> None:
    """Print when runs were solved, of the cells in which some lost it."""
    lost_it = [each for each in with_when(result.cells) if each[1].unlearnt]
    if not lost_it:
        return
    most = sorted(lost_it, key=lambda each: -each[1].unlearnt)[:MANY]
    listed = [each for each in lost_it if each in most]
    brief = console.width < WIDE
    console.print(WHEN_SOLVED.terminal(listed, title="When runs were solved", brief=brief))
    words = (
        "Shares of the runs, and medians; the HTML report has intervals."
        if brief
        else f"{when_title(result)}."
    )
    left_out = len(result.cells) - len(listed)
    if left_out:
        few = "few or none" if len(lost_it) > MANY else "none"
        words += f" In {counted(left_out, 'other cell')} {few} lost it."
    _muted(f"{words} {unknown_words([item for item, _ in listed])}".rstrip(), console)
    _muted(f"{spike_words(result)}\n", console)


def _why(result: StudyResult, console: Console) -> None:
    offer = offer_words(result)
    if offer:
        _muted(f"{offer}\n", console)
    rows = [row for item in result.cells for row in shares_of(item)]
    if not rows:
        return
    if len(rows) > MANY:
        console.print(f"Why runs failed: {len(rows):,} rows, in the HTML report and the JSON.\n")
        return
    console.print(CAUSES.terminal(rows, title="Why runs failed (95 % interval)"))
    _muted(f"{method_words(result)}\n", console)


def _effects(result: StudyResult, console: Console) -> None:
    if not result.effects:
        return
    title = "Effect of each change on the success rate, points (95 % interval)"
    longest = max(len(effect.network) for effect in result.effects)
    if console.width >= longest + 66:
        console.print(EFFECTS.only(*IN_SHORT).terminal(result.effects, title=title))
        return
    of_a_network = EFFECTS.only(*IN_SHORT[1:])
    for network in dict.fromkeys(effect.network for effect in result.effects):
        effects = [effect for effect in result.effects if effect.network == network]
        console.print(of_a_network.terminal(effects, title=f"{title}: {network}", brief=True))


def _score_effects(result: StudyResult, console: Console) -> None:
    measure, effects = result.measure, result.score_effects
    if measure is None or not effects:
        return
    title = f"Effect of each change on the {measure.name} (95 % interval)"
    console.print(score_effect_table(measure).only(*IN_SHORT).terminal(effects, title=title))
    _muted(f"{measure.assumed}\n", console)


def _scores(result: StudyResult, console: Console) -> None:
    title, count = scores_title(result), len(result.cells)
    if count > MANY:
        console.print(f"{title}: in the HTML report and the JSON, for each of {count} cells.")
        return
    console.print(scores_table(result).terminal(result.cells, title=title))


def _muted(words: str, console: Console) -> None:
    print_lines([words], console=console, style="muted")
