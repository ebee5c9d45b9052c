"""``trainlab store repair``: a store without what is damaged in it."""

from __future__ import annotations

from trainlab.cli.options import DEFAULT_STORE, Folder
from trainlab.cli.progress import progress_line
from trainlab.draw import counted
from trainlab.store import repair


def repair_command(*, store: Folder = DEFAULT_STORE) -> None:
    """Delete what is damaged in the store, so that it is trained again; the old file is kept beside it."""
    with progress_line("repairing") as show:
        done = repair(store, lambda done, total: show.tell(done, total, counted(done, "chunk")))
    print(
        f"Kept {counted(done.chunks, 'sound chunk')} ({counted(done.runs, 'run')}); the rest is trained "
        f"again when it is asked for. The file as it was: {done.copy}"
    )
