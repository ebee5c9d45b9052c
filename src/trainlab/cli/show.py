"""``trainlab show``: what the store holds, study by study."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Sequence
from datetime import UTC, date
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from trainlab.cli.options import DEFAULT_STORE, Folder, UsageError, flag, shortened
from trainlab.draw import Cell, counted, terminal_table
from trainlab.report.stored_studies import STUDIES, counted_studies, listed
from trainlab.store import NamedStudy, Store, StoredRuns

if TYPE_CHECKING:
    from rich.table import Table

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
        print(
            f"{counted(len(others), 'experiment')} of no study: of explanations, or kept before names were; "
            "a study that is asked again gets its name."
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
