"""``trainlab show``: what the store holds."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.output import DEFAULT_STORE
from trainlab.draw import terminal_table
from trainlab.store import Holding, Store


def show_command(
    *,
    store: Annotated[str, Parameter(help="The folder that keeps finished runs.")] = DEFAULT_STORE,
    json: Annotated[bool, Parameter(help="Print JSON instead of the table.", negative="")] = False,
) -> None:
    """Show what the store holds."""
    if not Path(store).exists():
        print("[]" if json else f"No store at {store} yet: 'trainlab study FILE' makes one.")
        return
    with Store.open(store, create=False) as opened:
        held = opened.summary()
    if json:
        print(json_module.dumps([_plain(item) for item in held], indent=1))
        return
    from rich.console import Console

    headers = ("experiment", "network", "loss", "optimizer", "epochs", "engine", "seeds", "solved", "MB", "last saved (UTC)")
    rows = [
        (
            item.fingerprint[:12],
            item.network,
            item.experiment.loss,
            type(item.experiment.optimizer).__name__,
            f"{item.epochs:,}",
            item.engine,
            f"{item.seeds:,}",
            f"{item.solved:,}",
            f"{item.bytes / 1e6:.1f}",
            item.last_saved.strftime("%Y-%m-%d %H:%M"),
        )
        for item in held
    ]
    Console().print(terminal_table(headers, rows, title=f"{len(rows)} experiments in {store}"))


def _plain(item: Holding) -> dict[str, object]:
    return {
        "fingerprint": item.fingerprint,
        "experiment": item.experiment.to_dict(),
        "engine": item.engine,
        "seeds": item.seeds,
        "ranges": [[piece.start, piece.stop] for piece in item.ranges],
        "solved": item.solved,
        "bytes": item.bytes,
        "first_saved": item.first_saved.isoformat(),
        "last_saved": item.last_saved.isoformat(),
    }
