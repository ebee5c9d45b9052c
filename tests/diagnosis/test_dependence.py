# pyright: basic
"""What answers depend on, asked of a copy at the end: look-alikes of mixed axes and of leaks stay quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diagnosis.watched import diagnosed, faults
from torch import nn
from torch.nn import functional as F

from trainlab.diagnosis import Report
from trainlab.diagnosis.observed.answers import Dependence
from trainlab.diagnosis.probe.listener import are_exchanged
from trainlab.diagnosis.probe.pass_calls import PassCalls, tears_rows_apart
from trainlab.diagnosis.probe.probe import Probe

pytestmark = pytest.mark.trains
NEW = {"mixed_axes", "softmax_wrong_dim", "missing_causal_mask", "target_not_shifted"}


class Made(nn.Module):
    """A network of the layers given and a function of them and its input."""

    def __init__(self, forward: Callable[..., torch.Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.kept = nn.ModuleDict(layers)
        self.function = forward

    def forward(self, *given: torch.Tensor) -> torch.Tensor:
        return self.function(self.kept, *given)


def steps(model: nn.Module, batch: Callable[[], tuple[Any, ...]], loss: Any, *, count: int = 24) -> None:
    opt = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(count):
        *given, target = batch()
        opt.zero_grad()
        loss(model(*given), target).backward()
        opt.step()


def seen(model: Callable[[], nn.Module], batch: Callable[[], tuple[Any, ...]], loss: Any) -> Dependence:
    torch.manual_seed(0)
    probe = Probe()
    probe.start()
    try:
        steps(model(), batch, loss)
    finally:
        record = probe.stop()
    assert record.troubles == []
    (found,) = record.dependences
    return found


def told(model: Callable[[], nn.Module], batch: Callable[[], tuple[Any, ...]], loss: Any) -> set[str]:
    report: Report = diagnosed(lambda: steps(model(), batch, loss))
    assert report.troubles == ()
    return NEW & set(faults(report))


def flat(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(out.flatten(0, 1), target.flatten())


def series() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(12, 9, 3), torch.randint(2, (9,))


def time_major_with_targets() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(12, 9, 3), torch.randn(12, 9, 1)


def rows() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(12, 6, 3), torch.randint(2, (12,))


DATA = torch.randn(40, 6, 3, generator=torch.Generator().manual_seed(1))
LABELS = (DATA[:, 0, 0] > 0).long()


def shuffled() -> tuple[torch.Tensor, torch.Tensor]:
    which = torch.randperm(40)[:12]
    return DATA[which], LABELS[which]


def one_sequence() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(12, 3), torch.randint(2, (12,))


def gru(batch_first: bool = False) -> nn.GRU:
    return nn.GRU(3, 8, batch_first=batch_first, bidirectional=True)


SOUND: dict[str, tuple[Callable[[], nn.Module], Any, Any]] = {
    "time-major data, a label a sequence": (
        lambda: Made(lambda m, x: m.out(m.gru(x)[0][-1]), gru=gru(), out=nn.Linear(16, 2)),
        series,
        F.cross_entropy,
    ),
    "time-major data, a target a step": (
        lambda: Made(lambda m, x: m.out(m.gru(x)[0]), gru=gru(), out=nn.Linear(16, 1)),
        time_major_with_targets,
        F.mse_loss,
    ),
    "one sequence, its steps the rows": (
        lambda: Made(lambda m, x: m.out(m.gru(x.unsqueeze(1))[0][:, 0]), gru=gru(), out=nn.Linear(16, 2)),
        one_sequence,
        F.cross_entropy,
    ),
    "both directions brought together": (
        lambda: Made(
            lambda m, x: m.out(m.gru(x)[1].transpose(0, 1).reshape(len(x), -1)),
            gru=gru(batch_first=True),
            out=nn.Linear(16, 2),
        ),
        rows,
        F.cross_entropy,
    ),
    "attention over the batch, on purpose": (
        lambda: Made(
            lambda m, x: m.out((m.q(x) @ m.k(x).T).softmax(1) @ x),
            q=nn.Linear(3, 4),
            k=nn.Linear(3, 4),
            out=nn.Linear(3, 2),
        ),
        one_sequence,
        F.cross_entropy,
    ),
    "slots, normalized anew": (
        lambda: Made(
            lambda m, x: m.out(_slots(m.q(x[:, :2]), m.k(x), x).mean(1)),
            q=nn.Linear(3, 4),
            k=nn.Linear(3, 4),
            out=nn.Linear(3, 2),
        ),
        rows,
        F.cross_entropy,
    ),
    "soft assignment to clusters": (
        lambda: Made(
            lambda m, x: m.out((m.assign(x).softmax(2).transpose(1, 2) @ x).flatten(1)),
            assign=nn.Linear(3, 4),
            out=nn.Linear(12, 2),
        ),
        rows,
        F.cross_entropy,
    ),
    "a set whose members attend to each other": (
        lambda: Made(
            lambda m, x: m.out(m.layer(x)[:, 0]),
            layer=nn.TransformerEncoderLayer(3, 1, 8, dropout=0.0),
            out=nn.Linear(3, 2),
        ),
        rows,
        F.cross_entropy,
    ),
    "a set and what is common to it": (
        lambda: Made(
            lambda m, x: m.out(x + (m.score(x).softmax(0) * x).sum(0)),
            score=nn.Linear(3, 1),
            out=nn.Linear(3, 2),
        ),
        one_sequence,
        F.cross_entropy,
    ),
    "noise in each pass": (
        lambda: Made(lambda m, x: m.out(x + torch.randn_like(x)), out=nn.Linear(3, 2)),
        one_sequence,
        F.cross_entropy,
    ),
}


def _slots(q: torch.Tensor, k: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    weights = (q @ k.transpose(1, 2)).softmax(1) + 1e-8
    return (weights / weights.sum(2, keepdim=True)) @ x


@pytest.mark.parametrize("name", SOUND)
def test_what_only_looks_like_it_is_not_accused(name: str):
    assert told(*SOUND[name]) == set()


FAULTY: dict[str, tuple[str, Callable[[], nn.Module], Any, Any]] = {
    "an encoder that takes the rows for the sequence": (
        "mixed_axes",
        lambda: Made(
            lambda m, x: m.out(m.layer(x)[:, 0]),
            layer=nn.TransformerEncoderLayer(3, 1, 8, dropout=0.0),
            out=nn.Linear(3, 2),
        ),
        shuffled,
        F.cross_entropy,
    ),
    "both directions of other rows": (
        "mixed_axes",
        lambda: Made(
            lambda m, x: m.out(m.gru(x)[1].view(len(x), -1)), gru=gru(batch_first=True), out=nn.Linear(16, 2)
        ),
        rows,
        F.cross_entropy,
    ),
    "a view for a transpose": (
        "mixed_axes",
        lambda: Made(lambda m, x: m.out(m.gru(x)[0][:, -1]), gru=gru(batch_first=True), out=nn.Linear(16, 2)),
        lambda: (torch.randn(6, 12, 3).view(12, 6, 3), torch.randint(2, (12,))),
        F.cross_entropy,
    ),
    "weights that share a batch's sum": (
        "softmax_wrong_dim",
        lambda: Made(
            lambda m, x: m.out((m.score(x).softmax(0) * x).sum(1)), score=nn.Linear(3, 1), out=nn.Linear(3, 2)
        ),
        shuffled,
        F.cross_entropy,
    ),
    "an einsum over what isn't normalized": (
        "softmax_wrong_dim",
        lambda: Made(
            lambda m, x: m.out(
                torch.einsum("bqk,bkd->bqd", (m.q(x) @ m.k(x).transpose(1, 2)).softmax(1), x).mean(1)
            ),
            q=nn.Linear(3, 4),
            k=nn.Linear(3, 4),
            out=nn.Linear(3, 2),
        ),
        rows,
        F.cross_entropy,
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_other_ways_to_the_same_faults(name: str):
    fault, model, batch, loss = FAULTY[name]
    assert told(model, batch, loss) == {fault}


def tokens(shift: int) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        ids = torch.randint(5, (10, 9))
        return ids[:, :-1], ids[:, shift : 8 + shift]

    return batch


def recurrent(**settings: Any) -> Callable[[], nn.Module]:
    width = 16 if settings.get("bidirectional") else 8
    return lambda: Made(
        lambda m, x: m.out(m.gru(m.emb(x))[0]),
        emb=nn.Embedding(5, 3),
        gru=nn.GRU(3, 8, batch_first=True, **settings),
        out=nn.Linear(width, 5),
    )


def test_recurrent_layers_see_no_later_token_unless_they_run_both_ways():
    once = seen(recurrent(), tokens(1), flat)
    assert (once.later, once.own) == (0.0, 1.0)
    assert once.tokens is not None
    assert once.tokens.are_next
    assert seen(recurrent(bidirectional=True), tokens(1), flat).later == 1.0


def test_targets_that_are_shifted_twice_are_told_and_none_that_are_shifted_once():
    def shorter(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return flat(out[:, :-1], target)

    def once() -> tuple[torch.Tensor, torch.Tensor]:
        ids = torch.randint(5, (10, 8))
        return ids, ids[:, 1:]

    assert told(recurrent(), tokens(2), shorter) == {"target_not_shifted"}
    assert told(recurrent(), once, shorter) == set()
    # Where tokens come again after two places, the one after the next is the token given.
    again = lambda: (ids := torch.randint(5, (10, 2)).repeat(1, 5), ids[:, 2:])  # noqa: E731
    assert told(recurrent(), lambda: (again()[0][:, :9], again()[1]), shorter) == set()


def test_an_auto_encoder_may_see_all_and_a_tagger_too():
    assert told(recurrent(bidirectional=True), tokens(0), flat) == set()
    assert told(recurrent(), tokens(0), flat) == set()  # nothing is continued
    labels = lambda: (torch.randint(5, (10, 8)), torch.randint(5, (10, 8)))  # noqa: E731
    assert told(recurrent(bidirectional=True), labels, flat) == set()


# A decoder, or attention with a mask, that is trained to repeat what it is given.


class Attentive(nn.Module):
    """One head of attention over its tokens, written by hand, by function or as PyTorch's layer."""

    def __init__(self, way: str, causal: bool, shift: bool = False) -> None:
        super().__init__()
        self.way, self.causal, self.shift = way, causal, shift
        self.tokens, self.places = nn.Embedding(6, 8), nn.Embedding(8, 8)
        self.source = nn.GRU(8, 8, batch_first=True)
        self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 6)
        self.layer = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, ids: torch.Tensor, source: torch.Tensor | None = None) -> torch.Tensor:
        if self.shift:
            ids = torch.cat([torch.full_like(ids[:, :1], 5), ids[:, :-1]], 1)
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        if source is not None:
            x = x + self.source(self.tokens(source))[1].transpose(0, 1)
        later = torch.ones(ids.shape[1], ids.shape[1]).triu(1).bool() if self.causal else None
        q, k, v = self.qkv(x).chunk(3, -1)
        if self.way == "layer":
            h = self.layer(x, x, x, attn_mask=later, need_weights=False)[0]
        elif self.way == "function":
            h = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        else:
            scores = q @ k.transpose(1, 2)
            h = (scores if later is None else scores.masked_fill(later, -1e9)).softmax(-1) @ v
        return self.out(x + h)


WAYS = ["by hand", "function", "layer"]


@pytest.mark.parametrize("way", WAYS)
def test_masked_attention_that_repeats_its_tokens_is_told(way: str):
    assert told(lambda: Attentive(way, causal=True), tokens(0), flat) == {"target_not_shifted"}
    assert told(lambda: Attentive(way, causal=True), tokens(1), flat) == set()


@pytest.mark.parametrize("way", WAYS)
def test_attention_without_a_mask_is_named_by_its_line(way: str):
    report = diagnosed(lambda: steps(Attentive(way, causal=False), tokens(1), flat))
    (finding,) = [one for one in report.findings if one.fault in NEW]
    assert finding.fault == "missing_causal_mask"
    lines = {"layer": "self.layer(x", "function": "scaled_dot", "by hand": ".softmax(-1) @ v"}
    assert lines[way] in finding.where


@pytest.mark.parametrize("way", WAYS)
def test_attention_both_ways_may_give_back_what_it_is_given(way: str):
    assert told(lambda: Attentive(way, causal=False), tokens(0), flat) == set()


def test_targets_that_a_network_shifts_itself_are_no_fault():
    """As T5 and others do: it is given the labels, and moves them one place on."""
    assert told(lambda: Attentive("by hand", causal=True, shift=True), tokens(0), flat) == set()


def test_each_token_for_itself_is_no_decoder():
    one = Made(lambda m, x: m.out(m.emb(x)), emb=nn.Embedding(5, 4), out=nn.Linear(4, 5))
    report = diagnosed(lambda: steps(one, tokens(0), flat))
    assert NEW.isdisjoint(finding.fault for finding in (*report.findings, *report.notes))


def copying() -> tuple[torch.Tensor, ...]:
    """A source to be copied, what the decoder is given, and what it is to say: all begin alike."""
    ids = torch.randint(5, (10, 9))
    return ids[:, :-1], ids[:, :-1], ids[:, 1:]


class Copies(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = Attentive("by hand", causal=True)

    def forward(self, source: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        return self.decoder(ids, source)


def test_the_source_of_a_copy_is_no_later_token():
    assert told(Copies, copying, flat) == set()


def test_a_decoder_that_is_given_its_answers_is_told():
    def pair(shift: int) -> Callable[[], tuple[torch.Tensor, ...]]:
        def batch() -> tuple[torch.Tensor, ...]:
            source = torch.randint(5, (10, 8))
            ids = torch.cat([torch.zeros(10, 1, dtype=torch.long), source.flip(1)], 1)
            return source, ids[:, :-1], ids[:, shift : 8 + shift]

        return batch

    def decoder() -> nn.Module:
        return Made(
            lambda m, source, ids: m.out(m.gru(m.emb(ids), m.encoder(m.emb(source))[1])[0]),
            emb=nn.Embedding(5, 3),
            encoder=nn.GRU(3, 8, batch_first=True),
            gru=nn.GRU(3, 8, batch_first=True),
            out=nn.Linear(8, 5),
        )

    assert told(decoder, pair(0), flat) == {"target_not_shifted"}
    assert told(decoder, pair(1), flat) == set()


def test_a_decoder_of_its_own_is_asked_what_it_depends_on():
    """Encoder and decoder are two networks: the decoder's state comes from the encoder."""

    def training(shift: int) -> None:
        emb, encoder = nn.Embedding(5, 3), nn.GRU(3, 8, batch_first=True)
        decoder = Made(
            lambda m, ids, h: m.out(m.gru(m.emb(ids), h)[0]),
            emb=emb,
            gru=nn.GRU(3, 8, batch_first=True),
            out=nn.Linear(8, 5),
        )
        code = Made(lambda m, x: m.encoder(m.emb(x))[1], emb=emb, encoder=encoder)
        opt = torch.optim.SGD(list({*code.parameters(), *decoder.parameters()}), lr=0.01)
        for _ in range(24):
            source = torch.randint(5, (10, 8))
            ids = torch.cat([torch.zeros(10, 1, dtype=torch.long), source.flip(1)], 1)
            opt.zero_grad()
            flat(decoder(ids[:, :-1], code(source)), ids[:, shift : 8 + shift]).backward()
            opt.step()

    assert NEW & set(faults(diagnosed(lambda: training(0)))) == {"target_not_shifted"}
    assert NEW & set(faults(diagnosed(lambda: training(1)))) == set()


def test_a_recurrent_network_alone_that_repeats_its_tokens_is_a_note():
    report = diagnosed(lambda: steps(recurrent()(), tokens(0), flat))
    assert "target_not_shifted" in [note.fault for note in report.notes]


def test_masked_words_are_no_next_tokens():
    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        ids, masked = torch.randint(4, (10, 8)), torch.rand(10, 8) < 0.3
        return ids.masked_fill(masked, 4), ids.masked_fill(~masked, -100)

    assert told(recurrent(bidirectional=True), batch, flat) == set()


@pytest.mark.parametrize(
    ("given", "out", "torn"),
    [
        ((2, 7, 32), (7, 64), True),
        ((1, 7, 32), (7, 32), False),
        ((7, 4, 8), (7, 32), False),
        ((4, 7, 8), (2, 2, 7, 8), False),
        ((7, 8), (8, 7), True),
        ((28, 8), (4, 7, 8), False),
    ],
)
def test_a_reshape_tears_rows_apart_if_other_numbers_stand_before_them(
    given: tuple[int, ...], out: tuple[int, ...], torn: bool
):
    assert tears_rows_apart(given, out, 7) is torn


def test_axes_of_one_place_exchange_nothing():
    assert are_exchanged((20, 40, 3), (40, 20, 3))
    assert not are_exchanged((20, 1, 40), (20, 40, 1))
    assert not are_exchanged((20, 40), (800,))
    assert not are_exchanged((20, 40), (20, 40))


def test_weights_are_followed_through_transposes_and_dropout():
    q, k, v = torch.randn(3, 4, 2), torch.randn(3, 5, 2), torch.randn(3, 5, 6)

    def over(function: Callable[[torch.Tensor], torch.Tensor]) -> int:
        found = Dependence(name="", network=0)
        with PassCalls(found, -1):
            function((q @ k.transpose(1, 2)) / 2)
        return len(found.over_queries)

    assert over(lambda s: F.dropout(s.softmax(1), 0.1) @ v) == 1
    assert over(lambda s: F.dropout(s.softmax(2), 0.1) @ v) == 0
    assert over(lambda s: s.transpose(1, 2).softmax(1).transpose(1, 2) @ v) == 0
    assert over(lambda s: v.transpose(1, 2) @ s.softmax(2).transpose(1, 2)) == 0
    assert over(lambda s: v.transpose(1, 2) @ s.softmax(1).transpose(1, 2)) == 1
    assert over(lambda s: s.softmax(1).transpose(1, 2) @ q) == 0  # keys that look at queries
    assert over(lambda s: torch.einsum("bqk,bkd->bqd", s.softmax(-1), v)) == 0


def test_shares_of_one_number_are_no_weights():
    """Additive attention: a score a place, normalized over an axis of one."""
    scores, memory = torch.randn(3, 5, 1), torch.randn(3, 5, 6)

    def over(function: Callable[[], torch.Tensor]) -> int:
        found = Dependence(name="", network=0)
        with PassCalls(found, -1):
            function()
        return len(found.over_queries)

    assert over(lambda: scores.transpose(1, 2).softmax(1) @ memory) == 1
    assert over(lambda: scores.transpose(1, 2).softmax(2) @ memory) == 0
    assert over(lambda: (scores.softmax(2) * memory).sum(1)) == 1
    assert over(lambda: (memory * F.softmax(scores, dim=-1)).sum(dim=1)) == 1
    assert over(lambda: (scores.softmax(1) * memory).sum(1)) == 0
    assert over(lambda: (scores.softmax(2) * memory).sum(2)) == 0
    assert over(lambda: (scores[:, :1].softmax(2) * memory[:, :1]).sum(1)) == 0  # a sequence of one place
    query, keys = torch.randn(3, 4, 2), torch.randn(3, 1, 2)
    assert over(lambda: (query @ keys.transpose(1, 2)).softmax(-1) @ memory[:, :1]) == 0  # one key for all
    assert over(lambda: (query[:, :1] @ query.transpose(1, 2)).softmax(1) @ query) == 1
