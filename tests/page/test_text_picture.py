"""Pictures in lines of text: what stands beside a curve."""

from __future__ import annotations

import pytest

from trainlab.page.sketch import _ends


@pytest.mark.parametrize(
    ("last", "room", "words"),
    [
        (0.4, 40, "0.5 → 0.4, max 3"),
        (0.4, 12, "0.5 → 0.4"),
        (2.5, 40, "0.5 → 2.5"),
        (None, 40, "0.5 → not finite"),
    ],
)
def test_a_peak_far_above_both_ends_is_told(last: float | None, room: int, words: str):
    assert _ends([0.5, 3.0, last], 3.0, room) == words
