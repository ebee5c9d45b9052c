"""Encoder-decoder with masked attention; teacher forcing at training, greedy decoding at test."""
import random
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAD, BOS, EOS = 0, 1, 2


@dataclass
class Config:
    n_symbols: int = 12
    min_len: int = 3
    max_len: int = 8
    d: int = 64
    batch: int = 64
    steps: int = 450
    lr: float = 4e-3
    seed: int = 3


def sample_batch(cfg, rng, n):
    srcs, tgts = [], []
    for _ in range(n):
        s = [rng.randrange(3, 3 + cfg.n_symbols) for _ in range(rng.randint(cfg.min_len, cfg.max_len))]
        srcs.append(torch.tensor(s))
        tgts.append(torch.tensor([BOS] + s[::-1] + [EOS]))
    lens = torch.tensor([len(s) for s in srcs])
    return pad_sequence(srcs, batch_first=True), lens, pad_sequence(tgts, batch_first=True)


class Seq2Seq(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        v = cfg.n_symbols + 3
        self.emb = nn.Embedding(v, cfg.d, padding_idx=PAD)
        self.enc = nn.GRU(cfg.d, cfg.d, batch_first=True)
        self.dec = nn.GRU(cfg.d, cfg.d, batch_first=True)
        self.query = nn.Linear(cfg.d, cfg.d, bias=False)
        self.out = nn.Linear(2 * cfg.d, v)

    def encode(self, src, lens):
        packed = pack_padded_sequence(self.emb(src), lens, batch_first=True, enforce_sorted=False)
        h, last = self.enc(packed)
        h, _ = pad_packed_sequence(h, batch_first=True)
        return h, last

    def decode(self, tokens, state, mem, mask):
        h, state = self.dec(self.emb(tokens), state)
        att = self.query(h) @ mem.transpose(1, 2)
        att = att.masked_fill(~mask[:, None, :], float("-inf")).softmax(-1)
        return self.out(torch.cat([h, att @ mem], -1)), state

    @torch.no_grad()
    def greedy(self, src, lens, max_len):
        mem, state = self.encode(src, lens)
        mask = src != PAD
        tok = torch.full((len(src), 1), BOS)
        outs = []
        for _ in range(max_len):
            logits, state = self.decode(tok, state, mem, mask)
            tok = logits.argmax(-1)
            outs.append(tok)
        return torch.cat(outs, 1)


def exact_match(model, cfg, batch):
    src, lens, tgt = batch
    model.eval()
    hyp = model.greedy(src, lens, cfg.max_len + 1)
    ok = 0
    for h, t, n in zip(hyp, tgt, lens):
        ok += int(torch.equal(h[: n + 1], t[1: n + 2]))
    model.train()
    return ok / len(src)


def main(cfg=Config()):
    torch.manual_seed(cfg.seed)
    rng = random.Random(cfg.seed)
    held_out = sample_batch(cfg, random.Random(999), 500)
    model = Seq2Seq(cfg)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=cfg.lr, total_steps=cfg.steps)
    for step in range(1, cfg.steps + 1):
        src, lens, tgt = sample_batch(cfg, rng, cfg.batch)
        mem, state = model.encode(src, lens)
        logits, _ = model.decode(tgt[:, :-1], state, mem, src != PAD)
        loss = F.cross_entropy(logits.flatten(0, 1), tgt[:, 1:].flatten(), ignore_index=PAD)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 75 == 0:
            print(f"step {step} loss {loss.item():.4f} exact match {exact_match(model, cfg, held_out):.3f}")
    print(f"final greedy exact match on 500 held-out sequences: {exact_match(model, cfg, held_out):.4f}")


if __name__ == "__main__":
    main()
