"""Study files that can't be carried out: one clear line each, and nothing happens."""

import os
from pathlib import Path

import pytest
from cli.calling import TINY, Caller, assert_refused

EDITED = {
    "unknown field": ('loss = "mse"', 'los = "mse"', ("los", "'loss'")),
    "misspelt activation": (
        'small = "2-2-1"',
        'small = { widths = "2-2-1", activation = "tahn" }',
        ("'tanh'",),
    ),
    "negative width": ('"2-2-1"', '"2--2-1"', ("2--2-1",)),
    "width 0": ('"2-2-1"', '"2-0-1"', ("small",)),
    "width in letters": ('"2-2-1"', '"2-x-1"', ("2-x-1",)),
    "edit of no such name": ("set.optimizer =", "set.optimiser =", ("optimiser", "'optimizer'")),
    "NaN": ("lr = 0.05", "lr = nan", ("lr", "nan")),
    "infinite": ("lr = 0.05", "lr = 1e400", ("lr", "inf")),
    "epochs 0": ("epochs = 20\n", "epochs = 0\n", ("epochs", "0")),
    "epochs beyond all digits": ("epochs = 20\n", f"epochs = {'9' * 5000}\n", ("TOML",)),
    "contradictory biases": (
        'small = "2-2-1"',
        'small = { widths = "2-2-1", bias = [true, true], output_bias = false }',
        ("output_bias", "bias"),
    ),
    "seeds 0": ("seeds = 5", "seeds = 0", ("seeds", "0")),
    "no TOML": ('title = "Tiny"', "title = Tiny", ("line 1",)),
    "nested deeply": ('title = "Tiny"', f"title = {'[' * 20000}{']' * 20000}", ()),
    "a null character": ('"Tiny"', '"Ti\0ny"', ("TOML",)),
}


@pytest.mark.parametrize("what", EDITED)
@pytest.mark.parametrize("command", ["study", "run"])
def test_edited(trainlab: Caller, folder: Path, command: str, what: str) -> None:
    old, new, words = EDITED[what]
    assert TINY.count(old) == 1
    Path("bad.toml").write_text(TINY.replace(old, new))
    Path("out.json").write_text("kept")
    assert_refused(
        trainlab(command, "bad.toml", "--json", "out.json", "--html", "o.html"), "bad.toml", *words
    )
    assert Path("out.json").read_text() == "kept"
    assert sorted(path.name for path in folder.iterdir()) == ["bad.toml", "out.json", "tiny.toml"]


@pytest.mark.parametrize("command", ["study", "run"])
def test_no_study_at_all(trainlab: Caller, folder: Path, command: str) -> None:
    Path("empty.toml").write_text(" \n")
    Path("binary.toml").write_bytes(bytes(range(256)))
    Path("folder").mkdir()
    os.mkfifo("pipe")
    for name, word in {
        "empty.toml": "is empty",
        "binary.toml": "not a text file",
        "folder": "is a folder",
        "pipe": "is a pipe",
        "missing.toml": "no such file",
        "/dev/null": "is empty",
        "x" * 300: "",
        "tiny.toml/x": "can't be read",
        "nul\0": "",
        "\ud800": "",
    }.items():
        assert_refused(trainlab(command, name), word)
    assert not Path(".trainlab").exists()


def test_an_endless_device_ends(trainlab: Caller) -> None:
    assert_refused(trainlab("study", "/dev/zero"), "/dev/zero")
