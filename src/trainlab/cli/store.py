"""``trainlab show``: what the store holds; ``trainlab store``: look after the file that it keeps."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Sequence
from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from trainlab.cli.options import DEFAULT_STORE, Folder, UsageError, flag, shortened
from trainlab.cli.output import print_rest, progress_line
from trainlab.draw import Cell, counted, terminal_table
from trainlab.errors import printable
from trainlab.report.stored_studies import STUDIES, counted_studies, listed
from trainlab.store import BrokenError, Checked, NamedStudy, Store, StoredRuns, repair

if TYPE_CHECKING:
    from rich.table import Table

# ``trainlab show``: what the store holds, study by study.


ROWS = 20
"""How many studies are shown by default."""


def show_command(
    *,
    study: Annotated[
        str | None, Parameter(help="Only studies whose title has these words, in any case.")
    ] = None,
    since: Annotated[
        str | None, Parameter(help="Only those asked on this day or later, as in 2026-03-31.")
    ] = None,
    details: Annotated[bool, flag("All studies, and each experiment with its hash.")] = False,
    store: Folder = DEFAULT_STORE,
    json: Annotated[bool, flag("Print JSON, one record per experiment.")] = False,
) -> None:
    """Show what the store holds: studies by name, the newest first."""
    day = _day(since)
    if not os.path.lexists(store):
        print("[]" if json else f"No store at {store} yet: 'trainlab study FILE' makes one.")
        return
    with Store.open(store, create=False) as opened:
        named, held = opened.studies(), opened.summary()
    chosen = [one for one in named if _matches(one, study, day)]
    filtered = study is not None or since is not None
    if filtered:
        wanted = {each for one in chosen for each in one.fingerprints}
        held = [item for item in held if item.fingerprint in wanted]
    if json:
        print(json_module.dumps([_plain(item, named) for item in held], indent=1))
        return
    if filtered and not chosen:
        print(f"None of the {counted_studies(len(named))} in {store} is like that.")
        return
    _print(chosen, held, store=store, details=details)


def _print(chosen: Sequence[NamedStudy], held: Sequence[StoredRuns], *, store: str, details: bool) -> None:
    from trainlab.draw.terminal import Terminal

    console = Terminal()
    if not chosen and not held:
        print(f"Nothing in {store} yet: 'trainlab study FILE' fills it.")
        return
    shown = chosen if details else chosen[:ROWS]
    if shown:
        size = sum(item.bytes for item in held) / 1e6
        title = f"{counted_studies(len(chosen))} in {store}, newest first ({size:,.1f} MB)"
        console.print(STUDIES.terminal(listed(shown, held), title=title))
    owned = {each for one in chosen for each in one.fingerprints}
    others = [item for item in held if item.fingerprint not in owned]
    if details:
        console.print(_experiments(held))
        return
    if len(chosen) > len(shown):
        older = len(chosen) - len(shown)
        print(f"… and {older:,} older: --details shows all; --study WORDS, --since DATE some.")
    if others:
        belong = "belongs" if len(others) == 1 else "belong"
        print_rest(
            f"{counted(len(others), 'experiment')} more {belong} to no study: an explanation trained them, "
            "or an older trainlab, which kept no names; asking its study again names it.",
            console,
        )
    print("Each experiment, with its hash: --details")


def _experiments(held: Sequence[StoredRuns]) -> Table:
    """Return a table of all experiments, the latest first."""
    rows: list[list[Cell]] = [
        [
            item.fingerprint[:8],
            item.network,
            item.experiment["loss"]["name"],
            item.experiment["optimizer"]["name"],
            f"{item.epochs:,}",
            item.engine,
            f"{item.seeds:,}",
            f"{item.solved:,}",
            f"{item.bytes / 1e6:.1f}",
            item.last_saved.strftime("%Y-%m-%d %H:%M"),
        ]
        for item in sorted(held, key=lambda item: item.last_saved, reverse=True)
    ]
    headers = ("Experiment", "Network", "Loss", "Optimizer", "Epochs", "Engine", "Seeds", "Solved", "MB")
    return terminal_table((*headers, "Saved (UTC)"), rows, title=counted(len(rows), "experiment"))


def _day(since: str | None) -> date | None:
    if since is None:
        return None
    try:
        return date.fromisoformat(since)
    except ValueError:
        raise UsageError(f"--since {shortened(since)}: is no date; write it as 2026-03-31.") from None


def _matches(one: NamedStudy, words: str | None, day: date | None) -> bool:
    title = one.title.casefold()
    titled = all(word in title for word in (words or "").casefold().split())
    return titled and (day is None or one.asked.astimezone(UTC).date() >= day)


def _plain(item: StoredRuns, named: Sequence[NamedStudy]) -> dict[str, object]:
    return {
        "fingerprint": item.fingerprint,
        "experiment": item.experiment,
        "engine": item.engine,
        "seeds": item.seeds,
        "ranges": [[piece.start, piece.stop] for piece in item.ranges],
        "solved": item.solved,
        "bytes": item.bytes,
        "first_saved": item.first_saved.isoformat(),
        "last_saved": item.last_saved.isoformat(),
        "studies": [
            {"kind": one.kind, "title": one.title, "asked": one.asked.isoformat()}
            for one in named
            if item.fingerprint in one.fingerprints
        ],
    }


# ``trainlab store check``: whether what the store holds is what was saved.


DAMAGED = 1
"""The exit code if anything is damaged."""


def check_command(*, store: Folder = DEFAULT_STORE) -> int:
    """Name all damage in the store; the exit code is 1 if there is any."""
    try:
        with progress_line("checking") as show, Store.open(store, create=False) as opened:
            found = opened.check(lambda done, total: show.tell(done, total, counted(done, "chunk")))
    except BrokenError as error:
        print(printable(str(error)))
        return DAMAGED
    for line in found.damage:
        print(printable(line))
    print(_in_words(found, store))
    return DAMAGED if found.damage else 0


def _in_words(found: Checked, store: str) -> str:
    chunks = counted(found.chunks, "chunk")
    unchecked = (
        f" An older trainlab saved {found.unchecked:,} of them without a digest: whether their numbers are "
        "right can't be known; 'trainlab store repair' gives them digests of what they are now."
        if found.unchecked
        else ""
    )
    if found.damage:
        return (
            f"Damaged: {counted(len(found.damage), 'place')} in {store} ({chunks}). 'trainlab store repair' "
            f"deletes what is damaged, and keeps a copy; what is asked for again is trained again.{unchecked}"
        )
    return f"No damage in {store}: {chunks}, each as it was saved.{unchecked}"


# ``trainlab store import FOLDER``: the runs of another store taken over into this one.


LEFT_OUT = 1
"""The exit code if something couldn't be taken over."""


def import_command(
    folder: Annotated[str, Parameter(help="The folder of the other store, as brought from another machine.")],
    /,
    *,
    store: Folder = DEFAULT_STORE,
) -> int:
    """Take over from another store what is missing in this one; the other keeps all that it has.

    Runs are the same if experiment, engine and seed are. What is there already isn't written again, so the
    same import may be repeated. The exit code is 1 if something in the other store is damaged.
    """
    with progress_line("importing") as show, Store.open(store) as opened:
        opened.check_writable()
        taken = opened.take_over(folder, lambda done, total: show.tell(done, total, counted(done, "chunk")))
    for line in taken.left_out:
        print(printable(f"Left out: {line}"))
    here = f"{counted(taken.here, 'run')} {'was' if taken.here == 1 else 'were'} here already"
    otherwise = (
        f", of which {taken.differing:,} ended otherwise there (as on another kind of processor): these stay"
        if taken.differing
        else ""
    )
    unused = (
        f" {taken.unused:,} of those taken were computed by another version of trainlab or PyTorch: studies "
        "here train these anew."
        if taken.unused
        else ""
    )
    print(f"Took over {counted(taken.runs, 'run')} into {store}; {here}{otherwise}.{unused}")
    return LEFT_OUT if taken.left_out else 0


# ``trainlab store repair``: a store without what is damaged in it.


NOTHING_KEPT = 1
"""The exit code if none of what the store held can be read."""


def repair_command(*, store: Folder = DEFAULT_STORE) -> int:
    """Delete what is damaged in the store, so that it is trained again; the old file is kept beside it.

    The exit code is 1 if nothing of it can be read.
    """
    with progress_line("repairing") as show:
        done = repair(store, lambda done, total: show.tell(done, total, counted(done, "chunk")))
    kept = f"{counted(done.chunks, 'chunk')} ({counted(done.runs, 'run')})"
    if done.copy is None:
        print(f"Nothing to repair in {store}: {kept}, each as it was saved.")
        return 0
    again = "to be trained again when asked for"
    if done.by_pages and not done.chunks:
        words = (
            "Nothing could be kept: SQLite can't read the file, and its pages hold no chunk as it was saved. "
            "What it held is trained again when asked for."
        )
    elif done.by_pages:
        lost = (
            f"at least {counted(done.lost, 'chunk')} lost, {again}" if done.lost else "none known to be lost"
        )
        words = f"SQLite can't read the file. Kept {kept}, read page by page; {lost}."
    elif done.lost:
        words = f"Kept {kept}; {counted(done.lost, 'chunk')} lost, {again}."
    else:
        words = f"Kept {kept}; none lost."
    print(f"{words} The file as it was: {done.copy}")
    return NOTHING_KEPT if not done.chunks and (done.by_pages or done.lost) else 0
