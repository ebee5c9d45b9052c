"""``trainlab lab``: the lesson it writes, and what it refuses."""

from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused

LAB = ["lab", "tiny.toml", "--export", "lesson.html", "--seeds", "3"]
PLANE = ["--x", "epochs=2..8", "--y", "solved.within=0.1..0.4"]


@pytest.mark.trains
def test_a_study_becomes_a_page(trainlab: Caller, folder: Path) -> None:
    out = trainlab(*LAB).out
    assert out.startswith("lesson: lesson.html (0.")
    assert out.endswith(" MB): 4 experiments on 3 seeds each, 12 replays\n")
    text = (folder / "lesson.html").read_text(encoding="utf-8")
    assert "<title>Tiny</title>" in text
    assert '"options":["small","large"]' in text


@pytest.mark.trains
def test_a_plane_becomes_one_too(trainlab: Caller, folder: Path) -> None:
    out = trainlab(*LAB, *PLANE, "--size", "2x3", "--cell", "large:A").out
    assert "6 experiments on 3 seeds each" in out
    text = (folder / "lesson.html").read_text(encoding="utf-8")
    assert "<title>2-3-1 on xor</title>" in text
    assert '"options":["0.1","0.25","0.4"]' in text


WRONG: list[tuple[list[str], str]] = [
    (["lab", "missing.toml", "--export", "a.html"], "missing.toml: no such file"),
    (["lab", "tiny.toml", "--export", ""], "--export '': give the name of a file"),
    (["lab", "tiny.toml", "--export", "tiny.toml"], "is the same file as FILE"),
    ([*LAB[:4], "--seeds", "0"], "--seeds 0: must be a whole number from 1 to 1,024."),
    ([*LAB, *PLANE[:2]], "--x epochs=2..8: a plane has two settings; give --y as well."),
    ([*LAB, *PLANE[2:]], "--y solved.within=0.1..0.4: a plane has two settings; give --x as well."),
    ([*LAB, "--cell", "large:A"], "--cell large:A: is the middle of a plane; give --x and --y"),
    ([*LAB, *PLANE, "--size", "2"], "must be the numbers of values along x and y"),
    ([*LAB, "--x", "speed=1..2", *PLANE[2:]], "no numeric field of this experiment"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words for _, words in WRONG])
def test_refused(trainlab: Caller, given: list[str], words: str) -> None:
    assert_refused(trainlab(*given), words)
