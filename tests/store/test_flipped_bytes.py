"""Of a store in which bytes were flipped nothing is ever answered differently without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from store.flipped import FLIPPED, SILENT, make, table, try_stores

# Said on purpose: it is what these tests are about.
pytestmark = pytest.mark.filterwarnings("default::trainlab.store.chunks.DamageWarning")


@pytest.mark.trains
@pytest.mark.parametrize("stores", [range(36), pytest.param(range(36, 120), marks=pytest.mark.slow)], ids=len)
def test_a_flipped_store_answers_alike_or_it_is_said(tmp_path: Path, stores: range) -> None:
    (tmp_path / "made").mkdir()
    undisturbed = make(tmp_path / "made")
    counts = try_stores(tmp_path / "made", undisturbed, stores, within=tmp_path)
    print(table(counts))
    assert not any(counts[flipped, SILENT] for flipped in FLIPPED), table(counts)
