"""A copy must catch a changed word, and let pass what another processor changes of numbers."""

from __future__ import annotations

import pytest
from golden.compare import difference
from golden.copies_on_disk import FOLDER, stale
from golden.page_words import page_words
from golden.views import shortened

MOST_BYTES = 1_500_000


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


def test_json_is_short():
    assert shortened({"seconds": 3.1, "loss": [0.123456] * 20}) == {
        "seconds": "…",
        "loss": [0.1235, 0.1235, 0.1235, 0.1235, "… 20 in all …", 0.1235],
    }


def test_each_copy_has_its_case():
    assert stale() == []


def test_copies_are_small():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < MOST_BYTES
