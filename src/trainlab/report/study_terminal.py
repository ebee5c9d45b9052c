"""A study in the terminal: its answer in 30 lines, or verdicts, rates, effects and how it was run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, Cell, counted
from trainlab.page.columns import Column, TableOf, share, share_alone
from trainlab.report.common import (
    MARKS,
    Lines,
    Part,
    labelled,
    print_parts,
    provenance_line,
    said,
    set_off,
    single_run,
)
from trainlab.report.study_answer import cell_words, ends_of, networks_of
from trainlab.report.study_cells import (
    WHEN_SOLVED,
    score_effect_table,
    scores_table,
    scores_title,
    spike_words,
    unknown_words,
    when_title,
    with_when,
)
from trainlab.report.study_page import (
    CAUSES,
    USUAL,
    method_words,
    offer_words,
    seeds_words,
    shares_of,
    stopped_words,
)
from trainlab.studies.answer import MOST_NETWORKS, Answer, named, seeds_or_runs
from trainlab.studies.answer_by_score import answer_of
from trainlab.studies.cells import any_solved
from trainlab.studies.effects import EFFECTS, IN_SHORT
from trainlab.studies.result import StudyResult
from trainlab.studies.verdicts.robustness import held_words, sides_words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text


# A study's answer in the terminal: a sentence, definitions, one table, what helps, where the rest is.


MOST_CHANGES = 8
"""So many changes are said in full."""
_EFFECT_STYLES = {"Helps": "good", "Hurts": "bad", "Upheld": "good", "Refuted": "bad"}


def _answer(result: StudyResult, width: int) -> list[Part]:
    """Return the answer of a study, in at most 30 lines of 80 columns."""
    from rich.console import Group

    found = answer_of(result)
    lines = [*found.effects, *found.asked]
    brief = _needed(found.table.headings(), found.table.rows()) > width
    return [
        said(result.study.title or "A study", found.sentence, "", style="bold"),
        *_definitions(result, found),
        said(found.title if brief else f"{found.title} ({found.range_words})"),
        _answer_table(found, brief=brief),
        said(" ".join(found.remarks), style="muted"),
        *([said(f"{found.effects_title}:")] if found.effects else []),
        lambda left: Group(*map(_marked, labelled(lines, width, most=left))),
        said(
            *([result.until.short] if result.until else []),
            *_why_short(result),
            *([result.fidelity.short] if result.fidelity else []),
            *_sides(result),
            *_first_note(result),
            _rest(result),
            style="muted",
        ),
    ]


def _sides(result: StudyResult) -> list[str]:
    """Say how many verdicts hold for cells that were trained again, and which of these fare differently."""
    held = held_words(result.verdicts, [each.words for each in result.retrained]) if result.retrained else ""
    differing = [each.sentence for each in result.retrained if each.differing or not held]
    return [held, *differing] if held else differing


def _definitions(result: StudyResult, found: Answer) -> list[Lines]:
    """Say what networks and changes are, before the table names them."""
    study = result.study
    networks = [
        words
        for name in networks_of(result)[:MOST_NETWORKS]
        if (words := named(study, name)) != name and words not in found.sentence
    ]
    labels = [(change.name, change.label) for change in study.changes if change.label]
    more = len(labels) - MOST_CHANGES
    defined = [
        *([said(f"Networks: {', '.join(networks)}")] if networks else []),
        *([set_off(labels[:MOST_CHANGES])] if labels else []),
        *([said(f"{more} more changes: --details says what they are.")] if more > 0 else []),
    ]
    return [*defined, said("")] if defined else []


def _marked(line: str) -> Text:
    """Return a line with its first word coloured, if it begins one."""
    from rich.text import Text

    text = Text(line)
    word = line.split()[0]
    if line[1:2] != " " and word in _EFFECT_STYLES:
        text.stylize(TERMINAL[_EFFECT_STYLES[word]], 1, 1 + len(word))
    return text


def _needed(headings: Sequence[str], rows: Sequence[Sequence[Cell]]) -> int:
    """Return how many columns of the terminal a table fills."""
    return sum(max(len(str(cell)) for cell in column) + 3 for column in zip(headings, *rows, strict=True))


def _answer_table(found: Answer, *, brief: bool) -> Table:
    """Return the table; where it is brief, without the ranges."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, border_style=TERMINAL["muted"])
    for column in found.table.shown():
        table.add_column(Text(column.heading), justify=column.align or "left")
    for row in found.table.rows(brief=brief):
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def _why_short(result: StudyResult) -> list[str]:
    """Say what made the runs of each network's first and last cell fail, if that was asked."""
    told: list[str] = []
    for network in networks_of(result)[:MOST_NETWORKS]:
        for item in ends_of(result, network):
            parts = [f"{row.cause} {row.failed.k:,} of {row.failed.n:,}" for row in shares_of(item)[:3]]
            if parts:
                words = cell_words(result, item.cell.changes)
                told.append(f"Why runs of {network} failed ({words}): {', '.join(parts)}.")
    return told


def _first_note(result: StudyResult) -> list[str]:
    notes = result.notes
    more = f" {counted(len(notes) - 1, 'more note')}: --details." if len(notes) > 1 else ""
    return [f"Note: {notes[0]}{more}"] if notes else []


def _rest(result: StudyResult) -> str:
    """Name the options that show the rest."""
    failed = any(item.solved.k < item.solved.n for item in result.cells)
    told = result.measure is None or any_solved(result.cells)
    offer = failed and told and all(item.why is None for item in result.cells)
    why = f" --why {USUAL} (why runs failed)," if offer else ""
    return f"More: --details (everything),{why} --html FILE (a page)"


# A study in the terminal: its answer, or all details: verdicts, success rates, effects, how it was run.


MANY = 40
"""Of more combinations than this, only the baseline, single changes and all changes are listed."""
WIDE = 140
"""From so many characters on the table of when runs were solved has its intervals."""
_STYLES = {"upheld": "good", "refuted": "bad", "mixed": "neutral"}


def print_study(result: StudyResult, *, console: Console, details: bool = False) -> None:
    """Print the answer of a study, or with `details` every verdict, cell and effect, as wide as `console` is.

    Marks and words say what colours say.
    """
    width = console.width
    print_parts([*_details(result, width)] if details else _answer(result, width), console=console)


def _details(result: StudyResult, width: int) -> Iterator[RenderableType]:
    """Yield everything; what the cells are told by comes first."""
    yield said(result.study.title or "A study", style="bold")
    yield said(*filter(None, (result.study.question, *(data["words"] for data in result.data))), "")
    yield from (_legend(result), said(""), _verdicts(result), said(""))
    for note in result.notes:
        yield said(f"Note: {note}", "")
    solved = [*_rates(result, width), *_when(result, width)]
    scores = [*_score_effects(result), *_scores(result)]
    if result.measure is None:
        yield from (*solved, *_why(result), *_effects(result, width), *scores)
    else:
        told = [*solved, *_effects(result, width)] if any_solved(result.cells) else []
        yield from (*scores, *told, *_why(result))
    added = [each.sentence for each in (result.until, result.fidelity, *result.retrained) if each]
    yield said(*added, *filter(None, [stopped_words(result)]))
    yield said(f"Seeds {seeds_words(result)}; {provenance_line(result.how)}.", style="muted")


def _legend(result: StudyResult) -> Table:
    """Say what the networks and changes are, before their names are used."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name in networks_of(result):
        label = result.study.experiment(name).network.label
        grid.add_row(Text(name), Text(label if label != name else ""))
    for change in result.study.changes:
        grid.add_row(Text(change.name), Text(change.label))
    return grid


def _verdicts(result: StudyResult) -> Table:
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
    return grid


def _rates(result: StudyResult, width: int) -> Iterator[RenderableType]:
    networks = networks_of(result)
    table = {(item.cell.changes, item.cell.network): item.solved for item in result.cells}
    combinations = list(dict.fromkeys(item.cell.changes for item in result.cells))
    everything = result.study.change_names
    total = len(combinations)
    if total > MANY:
        combinations = [made for made in combinations if len(made) < 2 or made == everything]

    def column(network: str) -> Column[tuple[str, ...]]:
        return Column(
            network, lambda made: table.get((made, network)), show=share, brief=share_alone, align="right"
        )

    changes: Column[tuple[str, ...]] = Column("Changes", lambda made: "+".join(made) or "none", align="left")
    # A full cell is 19 characters wide, plus 2 between columns.
    widest = max(map(len, [changes.heading, *(str(changes.cell(made)) for made in combinations)]))
    brief = widest + sum(max(len(name), 20) + 2 for name in networks) > width
    of = f"Solved, share of {seeds_or_runs(result)}"
    rates = TableOf((changes, *map(column, networks)))
    yield rates.terminal(combinations, title=of if brief else f"{of} (95 % interval)", brief=brief)
    if total > len(combinations):
        yield said(f"{len(combinations)} of {total} combinations; the HTML report and the JSON have all.")


def _when(result: StudyResult, width: int) -> Iterator[RenderableType]:
    """Yield when runs were solved, of the cells in which some lost it."""
    lost_it = [each for each in with_when(result.cells) if each[1].unlearnt]
    if not lost_it:
        return
    most = sorted(lost_it, key=lambda each: -each[1].unlearnt)[:MANY]
    listed = [each for each in lost_it if each in most]
    brief = width < WIDE
    yield WHEN_SOLVED.terminal(listed, title="When runs were solved", brief=brief)
    alone = "Shares of the runs, and medians; the HTML report has intervals."
    words = alone if brief else f"{when_title(result)}."
    left_out = len(result.cells) - len(listed)
    if left_out:
        few = "few or none" if len(lost_it) > MANY else "none"
        words += f" In {counted(left_out, 'other cell')} {few} lost it."
    unknown = unknown_words([item for item, _ in listed])
    yield said(f"{words} {unknown}", spike_words(result), "", style="muted")


def _why(result: StudyResult) -> Iterator[RenderableType]:
    offer = offer_words(result)
    if offer:
        yield said(offer, "", style="muted")
    rows = [row for item in result.cells for row in shares_of(item)]
    if len(rows) > MANY:
        yield said(f"Why runs failed: {len(rows):,} rows, in the HTML report and the JSON.", "")
    elif rows:
        yield CAUSES.terminal(rows, title="Why runs failed (95 % interval)")
        yield said(method_words(result), "", style="muted")


def _effects(result: StudyResult, width: int) -> Iterator[RenderableType]:
    if not result.effects:
        return
    title = "Effect of each change on the success rate, points (95 % interval)"
    longest = max(len(effect.network) for effect in result.effects)
    if width >= longest + 66:
        yield EFFECTS.only(*IN_SHORT).terminal(result.effects, title=title)
        return
    of_a_network = EFFECTS.only(*IN_SHORT[1:])
    for network in dict.fromkeys(effect.network for effect in result.effects):
        effects = [effect for effect in result.effects if effect.network == network]
        yield of_a_network.terminal(effects, title=f"{title}: {network}", brief=True)


def _score_effects(result: StudyResult) -> Iterator[RenderableType]:
    measure, effects = result.measure, result.score_effects
    if measure is not None and effects:
        title = f"Effect of each change on the {measure.name} (95 % interval)"
        yield score_effect_table(measure).only(*IN_SHORT).terminal(effects, title=title)
        yield said(measure.assumed, "", style="muted")


def _scores(result: StudyResult) -> Iterator[RenderableType]:
    title, count = scores_title(result), len(result.cells)
    if count > MANY:
        yield said(f"{title}: in the HTML report and the JSON, for each of {count} cells.")
    else:
        yield scores_table(result).terminal(result.cells, title=title)
