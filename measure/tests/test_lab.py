"""The tour of docs/lab.md can be walked as it is written, and has the pictures that the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from measure.blocks import ROOT
from measure.browser import executable
from measure.lab import PICTURES, STEPS, serving, walk_tour

PAGE = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")


def test_the_page_shows_every_picture_of_the_tour():
    shown = re.findall(r"\(pictures/(lab-[a-z]+)\.png\)", PAGE)
    assert sorted(shown) == sorted(STEPS)
    assert all((PICTURES / f"{name}.png").exists() for name in shown)


@pytest.mark.skipif(executable() is None, reason="no Chromium here")
@pytest.mark.slow
def test_the_tour_can_be_walked_in_the_dark_too(tmp_path: Path):
    with serving() as lab:
        made = walk_tour(lab.address, tmp_path, theme="dark")
    assert [file.stem for file in made] == list(STEPS)
    assert all(file.stat().st_size > 20_000 for file in made)
