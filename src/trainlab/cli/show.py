"""``trainlab show``: what the store holds."""

from __future__ import annotations

import json as json_module
import os
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import Folder
from trainlab.cli.output import DEFAULT_STORE
from trainlab.draw import terminal_table
from trainlab.store import Holding, Store

WIDE = 112
"""Columns of a terminal from which the whole table fits."""


def show_command(
    *,
    store: Folder = DEFAULT_STORE,
    json: Annotated[bool, Parameter(help="Print JSON instead of the table.", negative="")] = False,
) -> None:
    """Show what the store holds."""
    if not os.path.lexists(store):
        print("[]" if json else f"No store at {store} yet: 'trainlab study FILE' makes one.")
        return
    with Store.open(store, create=False) as opened:
        held = opened.summary()
    if json:
        print(json_module.dumps([_plain(item) for item in held], indent=1))
        return
    from rich.console import Console

    console = Console()
    wide = console.width >= WIDE
    headers = ("experiment", "network", "loss", "epochs", "engine", "seeds", "solved")
    more = ("optimizer", "MB", "last saved (UTC)")
    rows = [
        (
            item.fingerprint[:8],
            item.network,
            item.experiment["loss"]["name"],
            f"{item.epochs:,}",
            item.engine,
            f"{item.seeds:,}",
            f"{item.solved:,}",
            item.experiment["optimizer"]["name"],
            f"{item.bytes / 1e6:.1f}",
            item.last_saved.strftime("%Y-%m-%d %H:%M"),
        )
        for item in held
    ]
    shown = len(headers) + (len(more) if wide else 0)
    title = f"{len(rows)} experiment{'s' * (len(rows) != 1)} in {store}"
    console.print(terminal_table((*headers, *more)[:shown], [row[:shown] for row in rows], title=title))


def _plain(item: Holding) -> dict[str, object]:
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
    }
