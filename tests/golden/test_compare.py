"""A copy must catch a changed word, and let pass what another processor changes of numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden import copies
from golden.cases import CASES
from golden.compare import difference
from golden.copies import Case
from golden.page_words import page_words
from golden.views import Views, shortened

MOST_BYTES = 700_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("loss 1.39 → 0.2", "loss 1.40 → 0.201"),
        ("difference 0.0", "difference 4.44×10⁻¹⁶"),
        ("a gradient of −1.2×10⁻⁵ there", "a gradient of −1.21×10⁻⁵ there"),
        ("at most 10⁻⁵", "at most 1.01×10⁻⁵"),
        ('"low": -3.243e-16,', '"low": -0.0,'),
        ("loss ▁▂▃ 1.39", "loss ▁▃▃ 1.4"),
        ("│ x │   0.5 │", "│ x │ 0.501 │"),
        ("the largest\ndifference is 0.\nNext", "the largest difference is\n4.44×10⁻¹⁶.\nNext"),
        (" p(0)\n ────\n 0.5", " p(0)\n ──────\n 0.5001"),
    ],
)
def test_rounding_passes(old: str, new: str):
    assert difference(old, new, name="x") == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("the loss is 1.39", "its loss is 1.39"),
        ("loss 1.39 → 0.2", "loss 1.39 → 0.25"),
        ("4 of 8 seeds", "5 of 8 seeds"),
        ("made.py:51, in fit()", "made.py:52, in fit()"),
        ("weight w2[1,3]", "weight w2[1,2]"),
        ("loss ▁▂▃ 1.39", "loss ▁▅▃ 1.39"),
        ("  remedy  Use He", " remedy  Use He"),
        ("a gradient of 1.2×10⁻⁵", "a gradient of 1.2×10⁻⁴"),
        ("a\nb", "a"),
        ("a", "a\nb"),
        ("a number,\n0.5", "a\nnumber, 0.5"),
        (" p(0)\n ────\n 0.5", " p(0)\n ──────\n 0.5"),
    ],
)
def test_a_change_is_shown(old: str, new: str):
    assert difference(old, new, name="x.page.txt").startswith("--- copies/x.page.txt\n+++ now\n")


def test_where_numbers_may_be_any_words_still_count():
    assert difference("loss 1.39 after 20 steps", "loss 7.5 after 31 steps", name="x", numbers="any") == ""
    assert difference("loss 1.39 after 20 steps", "loss 7.5 at 20 steps", name="x", numbers="any")


def test_only_what_differs_is_shown():
    old, new = "first\nloss 0.5\nlast", "first\nloss 0.501\nend"
    assert difference(old, new, name="x").splitlines()[3:] == [
        " loss 0.5",
        "-last",
        "+end",
    ]


def test_a_page_is_a_line_a_block():
    page = (
        "<style>p{}</style><main><h2 id='why'>Why  it\nfails</h2>"
        "<p>The <b>loss</b>, see <a href='#why'>why</a>.</p>"
        "<table><caption>Rates</caption><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
        "<svg><title id='t'>A curve</title><text x='1'>0.5</text><text>loss</text></svg></main>"
    )
    assert page_words(page) == [
        "## {#why} Why it fails",
        "The loss, see (#why) why.",
        "table: Rates",
        "| a | b",
        "| 1 | 2",
        "picture: A curve · loss",
    ]


def test_of_a_table_and_of_a_picture_some_rows_are_enough():
    rows = "".join(f"<tr><td>{at}</td></tr>" for at in range(20))
    told = "<p>first</p><p>second</p><p>third</p><p>last</p>"
    page = (
        f"<details><summary>In words and numbers</summary>{told}<table>{rows}</table></details><p>Then:</p>"
    )
    said = ["fold: In words and numbers", "first", "second", "… 4 in all …", "last"]
    assert page_words(page) == [*said, "| 0", "| 1", "| 2", "… 20 in all …", "| 19", "Then:"]
    assert len(page_words(f"<table>{rows}</table>")) == 15


def test_json_is_short():
    assert shortened({"seconds": 3.1, "loss": [0.123456] * 20}) == {
        "seconds": "…",
        "loss": [0.1235, "… 20 in all …", 0.1235],
    }
    alike = [{"k": at, "of": "seeds"} for at in range(5)]
    assert shortened(alike) == [alike[0], "… 5 alike …"]
    assert shortened({str(at): each for at, each in enumerate(alike)})["4"] == "…"
    assert shortened([*alike, {"k": 1}]) == [alike[0], "… 6 in all …", {"k": 1}]


@pytest.fixture
def on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for copies that has none."""
    monkeypatch.setattr(copies, "FOLDER", tmp_path)
    return tmp_path


def test_a_view_that_is_gone_or_new_is_a_difference(on_disk: Path):
    case = Case(make=Views(data={}, terminal="words").sections, file="x.txt")
    (on_disk / "x.txt").write_text("=== page ===\n# A page\n")
    found = copies.differences(case)
    assert "+words" in found
    assert "-# A page" in found
    copies.write(case)
    assert copies.differences(case) == ""
    assert copies.kept("x.txt") == {"terminal": "words\n", "json": "{}\n"}


def test_of_what_another_copy_has_a_changed_word_is_seen(on_disk: Path):
    (on_disk / "other.txt").write_text("=== page ===\nHow it was run: 8 seeds\nA study\n")
    same = Case(make=lambda: {"page": "A race\nHow it was run: 9 seeds\n"}, file="x.txt", beside="other.txt")
    copies.write(same)
    assert copies.kept("x.txt") == {"page": "A race\n"}
    assert copies.differences(same) == ""
    changed = Case(make=lambda: {"page": "A race\nHow it ran: 9 seeds\n"}, file="x.txt", beside="other.txt")
    assert "+How it ran: 9 seeds" in copies.differences(changed)


def test_a_section_of_its_own_is_compared_written_and_removed_alone(on_disk: Path):
    cases = {
        name: Case(make=lambda name=name: {name: f"title: {name}\n"}, file="all.txt", section=name)
        for name in ("b", "a")
    }
    for case in cases.values():
        copies.write(case)
    assert list(copies.kept("all.txt")) == ["a", "b"]
    assert [copies.differences(case) for case in cases.values()] == ["", ""]
    del cases["b"]
    assert list(copies.stale(cases)) == [("all.txt", "b")]
    copies.remove("all.txt", "b")
    assert copies.kept("all.txt") == {"a": "title: a\n"}
    assert copies.differences(cases["a"]) == ""
    copies.remove("all.txt", "a")
    assert list(on_disk.iterdir()) == []


def test_each_copy_has_its_case():
    assert list(copies.stale(CASES)) == []


def test_copies_are_small():
    assert sum(path.stat().st_size for path in copies.FOLDER.iterdir()) < MOST_BYTES
