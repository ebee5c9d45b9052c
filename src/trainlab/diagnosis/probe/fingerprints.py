# pyright: basic
"""Fingerprints of rows: two rows with the same numbers at up to 64 places have the same one."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.features import MAX_FEATURES, sampled_places
from trainlab.diagnosis.torch_private import functions

MAX_ROWS = 256
MAX_WIDTHS = 64
"""Sequences may have a different length in each batch."""
_WHOLE = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


class Fingerprints:
    """Keeps the places that are looked at, and the numbers that bits are multiplied by."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, torch.device], torch.Tensor] = {}
        self._odd: dict[int, Any] = {}

    def rows(self, batch: torch.Tensor, *, most: int = MAX_ROWS) -> list[int]:
        """Return the fingerprints of up to `most` rows of a batch."""
        return self.of(self.features(batch, most=most))

    def features(self, batch: torch.Tensor, *, most: int) -> Any:
        """Return up to `most` rows at up to 64 places each, always the same ones, as an array."""
        values = batch.detach()
        values = (
            values.reshape(1, -1)
            if values.dim() < 2
            else values[:most].reshape(min(most, values.shape[0]), -1)
        )
        width = values.shape[1]
        if width > MAX_FEATURES:
            key = (width, values.device)
            places = self._places.get(key)
            if places is None:
                if len(self._places) >= MAX_WIDTHS:
                    self._places.clear()
                places = self._places[key] = functions.tensor(sampled_places(width), device=values.device)
            values = values.index_select(1, places)
        if values.dtype in (torch.bfloat16, torch.float16):
            values = values.float()
        return values.contiguous().cpu().numpy()

    def of(self, part: Any) -> list[int]:
        """Return one fingerprint per row: its bits as whole numbers, times odd numbers, summed modulo 2⁶⁴."""
        if part.dtype.itemsize not in _WHOLE:
            part = part.astype(np.int64)
        bits = part.view(_WHOLE[part.dtype.itemsize])
        return (bits @ self._factors(bits.shape[1])).tolist()

    def _factors(self, width: int) -> Any:
        known = self._odd.get(width)
        if known is None:
            generator = np.random.default_rng(width)
            known = self._odd[width] = generator.integers(1, 2**63, width, dtype=np.uint64) * np.uint64(
                2
            ) + np.uint64(1)
        return known
