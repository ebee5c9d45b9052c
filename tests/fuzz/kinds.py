"""The kinds of inputs that are fuzzed: each makes an input from a random number, and reads it."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from cli.calling import TINY
from fuzz.api import call_wrongly
from fuzz.mutations import mutated, twisted, value

from trainlab.cli.main import main
from trainlab.diagnosis.script.notebook import plain_python, read_cells
from trainlab.errors import TrainlabError
from trainlab.spec import (
    Experiment,
    load_study,
    study_from_dict,
    study_from_toml,
    study_to_dict,
    study_to_toml,
)
from trainlab.spec.tasks import File, Scaling, Split
from trainlab.tasks import build
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.questions import Limits, read_question
from trainlab.web.visitors import UNREADABLE

Kind = Callable[[random.Random], None]
"""It works in the current folder, and may raise TrainlabError."""


def study(rng: random.Random) -> None:
    """A study file with its text changed, or its tables."""
    text, tree = _study()
    if rng.random() < 0.5:
        study_from_toml(mutated(rng, text.encode()).decode(errors="replace"))
    else:
        study_from_dict(twisted(rng, tree))


def csv(rng: random.Random) -> None:
    """A CSV file with headings, texts, quotes and decimal commas."""
    lines = [f'{row},{row / 7:.3f},"a, {row % 3}",{"yes" if row % 2 else "no"}' for row in range(12)]
    text = "\n".join(["size,ratio,note,ill", *lines]).replace(",", rng.choice(",,;\t"))
    _build(
        "data.csv", mutated(rng, text.encode(rng.choice(("utf-8", "utf-8", "utf-16")))), rng, ignore="note"
    )


def parquet(rng: random.Random) -> None:
    """A Parquet file of numbers, texts, booleans and a dictionary."""
    _build("data.parquet", mutated(rng, _parquet(rng.randrange(3))), rng)


def npz(rng: random.Random) -> None:
    """An .npz file: bytes of the whole, or of a member before it is packed."""
    if rng.random() < 0.5:
        _build("data.npz", mutated(rng, _npz()), rng)
        return
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_npz())) as before, zipfile.ZipFile(packed, "w") as after:
        way = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2))
        for name in before.namelist():
            data = before.read(name)
            after.writestr(name, mutated(rng, data) if rng.random() < 0.7 else data, way)
    _build("data.npz", packed.getvalue(), rng)


def notebook(rng: random.Random) -> None:
    """A notebook, read, and its cells made plain Python."""
    cell = {"cell_type": "code", "metadata": {"tags": ["x"]}, "source": ["%time\n", "a = '''\n", "%b'''"]}
    about = {"kernelspec": {"language": "python"}, "language_info": {"name": "python"}}
    tree = {"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": [cell, {**cell, "source": "!ls"}]}
    text = json.dumps(twisted(rng, tree)).encode()
    Path("n.ipynb").write_bytes(text if rng.random() < 0.7 else mutated(rng, text))
    for each in read_cells("n.ipynb"):
        plain_python(each.source)


def frame(rng: random.Random) -> None:
    """A message of the lab's page: a question, and the experiment in it."""
    experiment = Experiment.from_dict({"network": "2-3-1", "epochs": 5}).to_dict()
    tree = {"ask": rng.choice(("population", "why", "budget")), "experiment": experiment}
    text = json.dumps(twisted(rng, tree)).encode()
    with contextlib.suppress(*UNREADABLE):
        read_question(text if rng.random() < 0.6 else mutated(rng, text))
    with contextlib.suppress(*UNREADABLE):
        experiment_of(twisted(rng, experiment), Limits())


def stored(rng: random.Random) -> None:
    """A store in which one value was altered by hand, shown and checked."""
    shutil.copytree(_store(), "altered", dirs_exist_ok=True)
    (file,) = (path for path in Path("altered").iterdir() if path.name == "store.sqlite3")
    if rng.random() < 0.3:
        file.write_bytes(mutated(rng, file.read_bytes()))
    else:
        with contextlib.closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("PRAGMA ignore_check_constraints = 1")
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            (table,) = rng.choice(tables)
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
            wrong = rng.choice(
                (None, -1, 10**18, 1.5, "x", b"\xff\xfe", "{", "[]", "{}", "é" * 1000, rng.randbytes(99))
            )
            with contextlib.suppress(sqlite3.Error):
                connection.execute(f'UPDATE "{table}" SET "{rng.choice(columns)}" = ?', (wrong,))
    for arguments in (["show"], ["store", "check"], ["study", "tiny.toml", "--workers", "1"]):
        call([*arguments, "--store", "altered"])


def command(rng: random.Random) -> None:
    """A command line."""
    words = [
        *(
            "study",
            "run",
            "race",
            "map",
            "show",
            "new",
            "budget",
            "params",
            "faults",
            "store",
            "endings",
            "explain",
        ),
        *(
            "tiny.toml",
            "44",
            "2-3-1",
            "--seeds",
            "--engine",
            "--only",
            "--json",
            "--store",
            "--workers",
            "--fresh",
        ),
        *(
            "--yes",
            "--help",
            "--cell",
            "--inputs",
            "--outputs",
            "-",
            "--",
            "",
            "0",
            "-1",
            "nan",
            "9" * 40,
            "\x1b[31m",
        ),
    ]
    call(
        [
            rng.choice(words) if rng.random() < 0.9 else str(value(rng))[:99]
            for _ in range(rng.randrange(1, 6))
        ]
    )


def call(arguments: list[str]) -> None:
    """Call the command line: it must end with a code, and complain in one line."""
    out, err = io.StringIO(), io.StringIO()
    code: Any = None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code
    said = err.getvalue()
    assert code in (0, 1, 2, 3), (arguments, code)
    assert code != 2 or said.startswith("trainlab"), (arguments, said)
    assert "Traceback" not in said, (arguments, said)


KINDS: dict[str, Kind] = {
    "study": study,
    "csv": csv,
    "npz": npz,
    "parquet": parquet,
    "notebook": notebook,
    "frame": frame,
    "api": call_wrongly,
    "command": command,
    "store": stored,
}
"""Every kind by its name, the cheap ones first."""


def try_one(kind: str, seed: int, number: int) -> None:
    """Make one input and read it; raises whatever isn't said as the project says it."""
    with contextlib.suppress(TrainlabError):
        KINDS[kind](random.Random(f"{kind} {seed} {number}"))


def _build(name: str, content: bytes, rng: random.Random, **fields: Any) -> None:
    Path(name).write_bytes(content)
    target = rng.choice((None, None, 0, -1, "ill", "y"))
    encoding = rng.choice(("utf-8", "utf-8", "utf-16", "latin-1")) if name.endswith("csv") else "utf-8"
    build(File(path=name, target=target, encoding=encoding, **fields), Split(), Scaling())


@cache
def _study() -> tuple[str, dict[str, Any]]:
    plan = load_study("xor44")
    # With a cell a network, a thousand can be read in a second.
    small = msgspec.structs.replace(plan, changes=plan.changes[:1])
    return study_to_toml(small), study_to_dict(small)


@cache
def _parquet(number: int) -> bytes:
    import pyarrow
    from pyarrow import parquet

    rows = 40
    table = pyarrow.table(
        {
            "a": np.arange(rows) / 7,
            "n": pyarrow.array(range(rows), pyarrow.int32()),
            "b": [row % 2 == 0 for row in range(rows)],
            "y": pyarrow.array(["yes", "no"] * (rows // 2)).dictionary_encode(),
        }
    )
    written = io.BytesIO()
    parquet.write_table(table, written, compression=("none", "snappy", "zstd")[number], row_group_size=25)
    return written.getvalue()


@cache
def _npz() -> bytes:
    written = io.BytesIO()
    np.savez_compressed(
        written,
        inputs=np.arange(24.0).reshape(12, 2),
        targets=np.arange(12) % 3,
        y=np.array(["no", "yes"] * 6),
    )
    return written.getvalue()


@cache
def _store() -> Path:
    Path("tiny.toml").write_text(TINY.replace("epochs = 20", "epochs = 4").replace("seeds = 5", "seeds = 2"))
    call(["study", "tiny.toml", "--store", "whole", "--workers", "1"])
    return Path("whole").absolute()
