"""Stores with flipped bytes: what `trainlab study` makes of each, beside the undisturbed one.

``python -m store.flipped STORES`` prints the table of so many, a third each with 1, 16 and 256 bytes flipped.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainlab.cli.main import main

FLIPPED = (1, 16, 256)
SAME, REPAIRED, SAID, SILENT = "same", "repaired", "said", "silently different"
STUDY = """\
title = "Tiny"
seeds = 100
[baseline]
epochs = 20
loss = "mse"
[baseline.record]
loss_every = 10
gradient_every = 10
curves = 40
[networks]
small = "2-2-1"
large = "2-3-1"
[changes.A]
set.optimizer = { name = "adam", lr = 0.05 }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a command came to: its exit code, what it printed, and what it complained of."""

    code: Any
    out: str
    err: str


def call(*arguments: str) -> Told:
    """Call the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code
    return Told(code=code, out=out.getvalue(), err=err.getvalue())


def study(folder: Path) -> Told:
    """Ask for the study, whose file is beside the store."""
    store, file = folder / "runs", folder / "study.toml"
    return call("study", str(file), "--store", str(store), "--workers", "1", "--json", "-")


def answer(told: Told) -> str:
    """Return what a study found, without how and when."""
    data = json.loads(told.out)
    del data["how"]
    return json.dumps(data)


def make(folder: Path) -> str:
    """Fill a store in the folder, and return what the study finds."""
    (folder / "study.toml").write_text(STUDY)
    told = study(folder)
    assert (told.code, told.err) == (0, ""), told
    return answer(told)


def flip(file: Path, count: int, *, seed: int) -> None:
    """Change that many bytes at random places, each to another value."""
    drawn = random.Random(seed)
    content = bytearray(file.read_bytes())
    for place in drawn.sample(range(len(content)), count):
        content[place] ^= drawn.randrange(1, 256)
    file.write_bytes(content)


def ends(told: Told, undisturbed: str) -> str:
    """Return which way a study of a flipped store ended; fail if it isn't one of those that may be."""
    assert "Traceback" not in told.err, told
    assert all(line.startswith("trainlab: ") for line in told.err.splitlines()), told
    if told.code == 0:
        right = answer(told) == undisturbed
        if not right:
            return SILENT
        return REPAIRED if told.err else SAME
    assert told.code == 2, told
    assert told.err, told
    return SAID


def try_stores(
    made: Path, undisturbed: str, seeds: Sequence[int], *, within: Path
) -> Counter[tuple[int, str]]:
    """Flip bytes of a copy of the store for each seed, ask again, and count how that ended.

    One of which it was said is then repaired, where it is still a store, and asked once more.
    """
    counts: Counter[tuple[int, str]] = Counter()
    for seed in seeds:
        flipped = FLIPPED[seed % len(FLIPPED)]
        folder = within / str(seed)
        shutil.copytree(made, folder)
        flip(folder / "runs" / "store.sqlite3", flipped, seed=seed)
        how = ends(study(folder), undisturbed)
        counts[flipped, how] += 1
        if how == SAID:
            mended = call("store", "repair", "--store", str(folder / "runs"))
            assert "Traceback" not in mended.err, mended
            if mended.code != 2:
                assert call("store", "check", "--store", str(folder / "runs")).code == 0
                again = ends(study(folder), undisturbed)
                assert again == SAME, (seed, again)
                counts[flipped, "said, and mended by store repair"] += 1
        shutil.rmtree(folder)
    return counts


def table(counts: Counter[tuple[int, str]]) -> str:
    """Return the counts as a table, a line for each number of bytes flipped."""
    ways = (SILENT, SAME, REPAIRED, SAID, "said, and mended by store repair")
    lines = ["bytes flipped | " + " | ".join(ways)]
    lines += [f"{flipped} | " + " | ".join(str(counts[flipped, way]) for way in ways) for flipped in FLIPPED]
    return "\n".join(lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        os.makedirs(f"{place}/made")
        found = make(Path(place) / "made")
        print(table(try_stores(Path(place) / "made", found, range(int(sys.argv[1])), within=Path(place))))
