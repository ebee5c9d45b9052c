"""``trainlab store check``: whether what the store holds is what was saved."""

from __future__ import annotations

from trainlab.cli.options import DEFAULT_STORE, Folder
from trainlab.cli.progress import progress_line
from trainlab.draw import counted
from trainlab.errors import printable
from trainlab.store import BrokenError, Checked, Store

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
