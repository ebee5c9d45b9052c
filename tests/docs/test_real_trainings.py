"""docs/trust.md says of trainings that others wrote what is kept of them."""

from __future__ import annotations

from typing import Any

import pytest

from docs import blocks, real_trainings


def test_the_page_is_what_was_kept():
    assert blocks.stale(blocks.files({"real_trainings": None})) == [], (
        "run scripts/docs --figures real_trainings"
    )


def test_each_training_is_named_once_and_judged():
    trainings: list[dict[str, Any]] = real_trainings.kept()["trainings"]
    assert len({one["source"] for one in trainings}) == len(trainings)
    for one in trainings:
        assert one["judged"] in {*real_trainings.JUDGED, "right"}
        assert bool(one["why"]) == (one["judged"] != "right")
        assert not (one["faults"] and one["judged"] in ("right", "unseen", "outcome"))


def test_the_sentence_counts_sound_ones_alone(monkeypatch: pytest.MonkeyPatch):
    def made(judged: str, now: str = "") -> dict[str, str]:
        return {"judged": judged, "now": now}

    trainings = [made("false", "mended"), made("false"), made("arguable"), made("true"), *[made("right")] * 7]
    monkeypatch.setattr(real_trainings, "kept", lambda: {"date": "2026-01-01", "trainings": trainings})
    assert real_trainings.first_sight() == (
        "11 trainings, 2026-01-01: in 1 what was found is there. Of the other 10 the doctor accused 2 "
        "(4–51 %) without reason, and 3 (9–61 %) with those that can be argued about; of 0 it said that no "
        "training was seen, and of 0 the outcome was wrong. The rest, 7, were accused of nothing. 1 of those "
        "accused without reason is left as they were."
    )
