# pyright: basic
"""A mask that hides the words and shows the padding is seen however it is written, and no other is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis.observed.answers import HiddenWords
from trainlab.diagnosis.probe.hidden_words import hidden_words

LENGTHS = torch.arange(24) % 7 + 3
PADDED = torch.where(
    torch.arange(12) < LENGTHS[:, None], torch.arange(1, 289).reshape(24, 12) % 17 + 1, 0 * LENGTHS[:, None]
)
NONE = torch.full((24, 12), 5)


class Attending(nn.Module):
    """Attention with a mask of the padding: `way` says how it is written."""

    def __init__(self, way: str, *, inverted: bool) -> None:
        super().__init__()
        self.way, self.inverted = way, inverted
        self.words = nn.Embedding(20, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        h, hidden = self.words(ids), (ids == 0) ^ self.inverted
        return WAYS[self.way](self, h, hidden)


def by_hand(h: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    scores = h @ h.transpose(1, 2)
    return scores.masked_fill(hidden[:, None, :], -1e9).softmax(-1) @ h


def of_floats(hidden: torch.Tensor) -> torch.Tensor:
    return torch.zeros(hidden.shape).masked_fill(hidden, float("-inf"))


WAYS: dict[str, Callable[[Any, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "layer": lambda m, h, hidden: m.attention(h, h, h, key_padding_mask=hidden)[0],
    "layer, by place": lambda m, h, hidden: m.attention(h, h, h, hidden, False)[0],
    "encoder": lambda m, h, hidden: m.encoder(h, src_key_padding_mask=hidden),
    "floats": lambda m, h, hidden: m.encoder(h, src_key_padding_mask=of_floats(hidden)),
    "function": lambda m, h, hidden: F.scaled_dot_product_attention(
        h[:, None], h[:, None], h[:, None], attn_mask=~hidden[:, None, None]
    ),
    "by hand": lambda m, h, hidden: by_hand(h, hidden),
}


def seen(way: str, ids: torch.Tensor, *, inverted: bool) -> HiddenWords | None:
    model: Any = Attending(way, inverted=inverted).eval()
    network: Any = SimpleNamespace(sample=((ids,), {}))
    with torch.no_grad():
        return hidden_words(network, (model, lambda given: model(*given[0], **given[1])))


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_a_mask_that_is_turned_round_is_seen_and_a_right_one_is_not(way: str, left: bool):
    ids = PADDED.flip(1) if left else PADDED
    wrong, right = (seen(way, ids, inverted=inverted) for inverted in (True, False))
    assert wrong is not None
    assert right is not None
    words, padding = int((ids != 0).sum()), int((ids == 0).sum())
    assert (wrong.words, wrong.hidden_words, wrong.padding, wrong.hidden_padding) == (
        words,
        words,
        padding,
        0,
    )
    assert wrong.are_the_other_way_round
    assert (right.hidden_words, right.hidden_padding) == (0, padding)
    assert not right.are_the_other_way_round


@pytest.mark.parametrize("inverted", [True, False])
def test_where_no_padding_is_told_from_words_nothing_is_said(inverted: bool):
    assert seen("by hand", NONE, inverted=inverted) is None
    ended = torch.cat([PADDED[:, :2], NONE[:, :1]], 1)  # each row ends with the same token, once
    assert seen("by hand", ended, inverted=inverted) is None


def test_what_hides_later_places_alone_is_no_mask_of_keys():
    model: Any = Attending("by hand", inverted=False)
    later = torch.ones(12, 12, dtype=torch.bool).triu(1)
    model.forward = lambda ids: F.scaled_dot_product_attention(
        model.words(ids), model.words(ids), model.words(ids), attn_mask=~later
    )
    network: Any = SimpleNamespace(sample=((PADDED,), {}))
    assert hidden_words(network, (model, lambda given: model.forward(*given[0]))) is None
