"""``trainlab store repair``: a store without what is damaged in it."""

from __future__ import annotations

from trainlab.cli.options import DEFAULT_STORE, Folder
from trainlab.cli.progress import progress_line
from trainlab.draw import counted
from trainlab.store import repair

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
    again = "trained again when asked for"
    if done.lost is None:
        words = f"Nothing could be kept: SQLite can't read the file. What it held is {again}."
    elif done.lost:
        words = f"Kept {kept}; {counted(done.lost, 'chunk')} lost, to be {again}."
    else:
        words = f"Kept {kept}; none lost."
    print(f"{words} The file as it was: {done.copy}")
    return NOTHING_KEPT if done.lost is None or (done.lost and not done.chunks) else 0
