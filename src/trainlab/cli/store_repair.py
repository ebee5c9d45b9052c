"""``trainlab store repair``: a store without what is damaged in it."""

from __future__ import annotations

from trainlab.cli.options import DEFAULT_STORE, Folder
from trainlab.cli.progress import progress_line
from trainlab.draw import counted
from trainlab.store import Store


def repair_command(*, store: Folder = DEFAULT_STORE) -> None:
    """Delete what is damaged in the store, so that it is trained again; the old file is kept beside it."""
    with progress_line("repairing") as show, Store.open(store, create=False) as opened:
        before = opened.check()
        if not before.damage and not before.unchecked:
            print(f"No damage in {store}: {counted(before.chunks, 'chunk')}, each as it was saved.")
            return
        done = opened.repair(lambda done, total: show.tell(done, total, counted(done, "chunk")))
    print(
        f"Kept {counted(done.chunks, 'chunk')} ({counted(done.runs, 'run')}), deleted {done.lost:,}; what is "
        f"asked for again is trained again. The file as it was: {done.copy}"
    )
