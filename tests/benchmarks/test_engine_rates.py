"""The comparison of engines tells what it is shown."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from benchmarks import rates_page
from benchmarks.rates import Pair, cells_asked, compared, show


def runs(solved: list[int], zeros: int) -> Any:
    loss = np.where(np.arange(len(solved)) < zeros, 0.0, 0.1)
    return SimpleNamespace(solved=np.array(solved, dtype=bool), loss=loss)


def test_a_difference_on_the_same_seeds_is_seen_and_none_where_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    apart = Pair(name="apart", fast=runs([0] * 12 + [1] * 8, 0), other=runs([1] * 20, 5))
    alike = Pair(name="alike", fast=runs([1, 0] * 10, 4), other=runs([0, 1] * 10, 4))
    assert apart.p == pytest.approx(binomtest(12, 12).pvalue)
    assert alike.p == 1.0
    show([apart, alike], engine="torch")
    out = capsys.readouterr().out
    assert "Cells that differ (McNemar, Holm, 5 %): 1 of 2" in out
    assert "The largest difference: apart, −60.0 points" in out
    assert "At a loss of exactly 0: fast 4 of 40" in out
    assert "torch: 9 of 40" in out


def test_the_plain_loop_is_asked_for_the_longest_cells_with_adam() -> None:
    asked = cells_asked("reference")
    assert len(asked) == 20
    assert all({"A", "D"} <= set(cell.changes) for cell in asked)
    assert len(cells_asked("torch")) == 96 + 8


ABOUT = {"processor": "P", "date": "2026-11-28", "versions": {"torch": "2.13.0", "numba": "0.68"}}


def test_the_page_says_which_cells_differ(tmp_path: Path) -> None:
    apart = Pair(name="apart", fast=runs([0] * 12 + [1] * 8, 0), other=runs([1] * 20, 5))
    alike = Pair(name="alike", fast=runs([1, 0] * 10, 4), other=runs([0, 1] * 10, 4))
    rates_page.write("torch", compared([apart, alike], engine="torch", about=ABOUT), tmp_path)
    rates_page.write("reference", compared([alike], engine="reference", about=ABOUT), tmp_path)
    text = (tmp_path / "fidelity.md").read_text(encoding="utf-8")
    assert "**apart: one solves more runs than the other.** In all, the fast engine solves" in text
    assert "**In none of 1 cell is a difference shown.**" in text
    assert "| apart | 8 of 20 | 20 | −60.0 points" in text
    assert text.index("on stacks of networks") < text.index("A plain PyTorch loop")


def test_what_no_cell_shows_alone_and_all_do_together_is_told(tmp_path: Path) -> None:
    slightly = [
        Pair(name=name, fast=runs([1] * 10, 0), other=runs([0] * 3 + [1] * 7, 0)) for name in "abcdef"
    ]
    rates_page.write("torch", compared(slightly, engine="torch", about=ABOUT), tmp_path)
    text = (tmp_path / "fidelity.md").read_text(encoding="utf-8")
    assert "**In none of 6 cells is a difference shown.**" in text
    assert "All cells together differ by +30.0 points" in text
    assert f"p = {binomtest(18, 18).pvalue:.2g} by McNemar's test, for this number of seeds alone." in text


def test_the_page_is_what_was_measured() -> None:
    found = json.loads((rates_page.DOCS / "fidelity.json").read_text(encoding="utf-8"))
    hint = "docs/fidelity.md: make it again with: python -m benchmarks.rates_page"
    assert (rates_page.DOCS / "fidelity.md").read_text(encoding="utf-8") == rates_page.page(found), hint
