"""``trainlab store``: look after the file that keeps finished runs."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import DEFAULT_STORE, Folder
from trainlab.cli.output import progress_line
from trainlab.draw import counted
from trainlab.errors import printable
from trainlab.store import BrokenError, Checked, Store, repair

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
