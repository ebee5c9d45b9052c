"""A study in the terminal: its answer, or all details: verdicts, success rates, effects, how it was run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainlab.draw import TERMINAL, counted, terminal_table
from trainlab.report.answer_terminal import print_answer
from trainlab.report.chosen import networks_of
from trainlab.report.how import how_line
from trainlab.report.method_part import seeds_words, stopped_words
from trainlab.report.score_part import scores
from trainlab.report.solved_when_part import HEADERS as HEADERS_WHEN
from trainlab.report.solved_when_part import spike_words, unknown_words, when_rows, when_title
from trainlab.report.why_words import HEADERS, method_words, offer_words, table_rows
from trainlab.report.words import MARKS, points, share, single_run
from trainlab.stats import ReadEstimate
from trainlab.studies.answer import what_runs
from trainlab.studies.effects import Effect
from trainlab.studies.result import StudyResult
from trainlab.studies.score_columns import tells_solved
from trainlab.studies.side_words import sides_words

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
    from rich.text import Text

    console.print(Text(result.study.title or "A study", style="bold"))
    if result.study.question:
        console.print(Text(result.study.question))
    for data in result.data:
        if data["words"]:
            console.print(Text(data["words"]))
    console.print()
    _legend(result, console)
    _verdicts(result, console)
    for note in result.notes:
        console.print(Text(f"Note: {note}\n"))
    if result.measure is None:
        _rates(result, console)
        _when(result, console)
        _why(result, console)
        _effects(result, console)
    _score_effects(result, console)
    _scores(result, console)
    if result.measure is not None:
        if tells_solved(result.cells):
            _rates(result, console)
            _when(result, console)
            _effects(result, console)
        _why(result, console)
    for each in result.retrained:
        console.print(Text(each.sentence))
    stopped = stopped_words(result)
    if stopped:
        console.print(Text(stopped))
    console.print(Text(f"Seeds {seeds_words(result)}; {how_line(result.how)}.", style=TERMINAL["muted"]))


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
        alone = single_run(verdict, what_runs(result))
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
    names = ["+".join(made) or "none" for made in combinations]
    # A full cell is 19 characters wide, plus 2 between columns.
    roomy = (
        max(map(len, [*names, "Changes"])) + sum(max(len(name), 20) + 2 for name in networks) <= console.width
    )

    def cell(made: tuple[str, ...], network: str) -> str:
        value = table.get((made, network))
        return "–" if value is None else share(value) if roomy else f"{100 * value.estimate:.1f} %"

    rows = [
        [name, *(cell(made, network) for network in networks)]
        for name, made in zip(names, combinations, strict=True)
    ]
    of = f"Solved, share of {what_runs(result)}"
    title = f"{of} (95 % interval)" if roomy else of
    align = ["left", *["right"] * len(networks)]
    console.print(terminal_table(["Changes", *networks], rows, title=title, align=align))  # type: ignore[arg-type]
    if total > len(combinations):
        console.print(f"{len(combinations)} of {total} combinations; the HTML report and the JSON have all.")


def _when(result: StudyResult, console: Console) -> None:
    """Print when runs were solved, of the cells in which some lost it."""
    from rich.text import Text

    cells = [item for item in result.cells if item.when and item.when.unlearnt]
    if not cells:
        return
    most = sorted(cells, key=lambda item: -item.when.unlearnt if item.when else 0)[:MANY]
    listed = [item for item in cells if item in most]
    roomy = console.width >= WIDE
    rows = when_rows(listed)
    if not roomy:
        rows = [[name, *(cell.split(" (")[0] for cell in cells)] for name, *cells in rows]
    align = ["left", *["right"] * (len(HEADERS_WHEN) - 1)]
    console.print(terminal_table(HEADERS_WHEN, rows, title="When runs were solved", align=align))  # type: ignore[arg-type]
    words = (
        f"{when_title(result)}."
        if roomy
        else "Shares of the runs, and medians; the HTML report has intervals."
    )
    left_out = len(result.cells) - len(listed)
    if left_out:
        few = "few or none" if len(cells) > MANY else "none"
        words += f" In {counted(left_out, 'other cell')} {few} lost it."
    console.print(Text(f"{words} {unknown_words(listed)}".rstrip(), style=TERMINAL["muted"]))
    console.print(Text(f"{spike_words(result)}\n", style=TERMINAL["muted"]))


def _why(result: StudyResult, console: Console) -> None:
    from rich.text import Text

    offer = offer_words(result)
    if offer:
        console.print(Text(f"{offer}\n", style=TERMINAL["muted"]))
    rows = table_rows(list(result.cells))
    if not rows:
        return
    if len(rows) > MANY:
        console.print(f"Why runs failed: {len(rows):,} rows, in the HTML report and the JSON.\n")
        return
    console.print(terminal_table(HEADERS, rows, title="Why runs failed (95 % interval)"))
    console.print(Text(f"{method_words(result)}\n", style=TERMINAL["muted"]))


def _effects(result: StudyResult, console: Console) -> None:
    if not result.effects:
        return
    title = "Effect of each change on the success rate, points (95 % interval)"
    headers = ["Change", "Alone", "Averaged over the others"]
    longest = max(len(effect.network) for effect in result.effects)
    if console.width >= longest + 66:
        rows = [[effect.network, *_row(effect)] for effect in result.effects]
        console.print(terminal_table(["Network", *headers], rows, title=title))
        return
    for network in dict.fromkeys(effect.network for effect in result.effects):
        rows = [_row(effect) for effect in result.effects if effect.network == network]
        headers = ["Change", "Alone", "Averaged"]
        console.print(terminal_table(headers, rows, title=f"{title}: {network}"))


def _score_effects(result: StudyResult, console: Console) -> None:
    from rich.text import Text

    measure, effects = result.measure, result.score_effects
    if measure is None or not effects:
        return

    def text(value: ReadEstimate | None) -> str:
        return "–" if value is None else measure.difference(value.value)

    rows = [[effect.network, effect.change, text(effect.alone), text(effect.main)] for effect in effects]
    headers = ["Network", "Change", "Alone", "Averaged over the others"]
    title = f"Effect of each change on the {measure.name} (95 % interval)"
    console.print(terminal_table(headers, rows, title=title))
    console.print(Text(f"{measure.assumed}\n", style=TERMINAL["muted"]))


def _scores(result: StudyResult, console: Console) -> None:
    table = scores(result)
    if len(table.rows) > MANY:
        console.print(f"{table.title}: in the HTML report and the JSON, for each of {len(table.rows)} cells.")
        return
    align = ["left", *["right"] * (len(table.headers) - 1)]
    console.print(terminal_table(table.headers, table.rows, title=table.title, align=align))  # type: ignore[arg-type]


def _row(effect: Effect) -> list[str]:
    return [effect.change, points(effect.alone), points(effect.main)]
