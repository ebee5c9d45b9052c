"""``trainlab store import FOLDER``: the runs of another store taken over into this one."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import DEFAULT_STORE, Folder
from trainlab.cli.progress import progress_line
from trainlab.draw import counted
from trainlab.errors import printable
from trainlab.store import Store

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
