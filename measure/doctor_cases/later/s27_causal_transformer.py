"""Causal transformer with tied embeddings on a second-order Markov language of known entropy rate."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class GPTConfig:
    vocab: int = 8
    block: int = 24
    d_model: int = 48
    heads: int = 4
    layers: int = 2
    steps: int = 450
    batch: int = 48
    lr: float = 5e-3
    seed: int = 0


class Markov2:
    def __init__(self, v, seed):
        g = torch.Generator().manual_seed(seed)
        self.P = torch.softmax(2.0 * torch.randn(v, v, v, generator=g), -1)
        self.v = v

    def sample(self, n, length, gen):
        seq = torch.randint(self.v, (n, 2), generator=gen)
        for _ in range(length + 8):
            nxt = torch.multinomial(self.P[seq[:, -2], seq[:, -1]], 1, generator=gen)
            seq = torch.cat([seq, nxt], 1)
        return seq[:, -length:]

    def ideal_nll(self, seq):
        """Cross entropy of the true conditional, from the third symbol on."""
        p = self.P[seq[:, :-2], seq[:, 1:-1]].gather(-1, seq[:, 2:, None])
        return -p.log().mean().item()


class TinyGPT(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.tok = nn.Embedding(c.vocab, c.d_model)
        self.pos = nn.Parameter(0.02 * torch.randn(c.block, c.d_model))
        layer = nn.TransformerEncoderLayer(c.d_model, c.heads, 2 * c.d_model, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, c.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(c.d_model)
        self.head = nn.Linear(c.d_model, c.vocab, bias=False)
        nn.init.normal_(self.tok.weight, std=0.2)
        self.head.weight = self.tok.weight
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(c.block))

    def forward(self, ids):
        n = ids.shape[1]
        h = self.tok(ids) + self.pos[:n]
        return self.head(self.norm(self.enc(h, mask=self.mask[:n, :n], is_causal=True)))


@torch.no_grad()
def evaluate(model, seq):
    """Mean NLL of symbols whose two predecessors are visible, to compare with the ideal."""
    model.eval()
    logits = model(seq[:, :-1])[:, 1:]
    model.train()
    return F.cross_entropy(logits.flatten(0, 1), seq[:, 2:].flatten()).item()


def train(c):
    torch.manual_seed(c.seed)
    lang, gen = Markov2(c.vocab, 123), torch.Generator().manual_seed(c.seed)
    pool = lang.sample(c.steps * c.batch, c.block + 1, gen)      # every sequence is used once
    test = lang.sample(1500, c.block + 1, torch.Generator().manual_seed(77))
    model = TinyGPT(c)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    opt = torch.optim.AdamW([dict(params=decay, weight_decay=0.01), dict(params=rest, weight_decay=0.0)], lr=c.lr, betas=(0.9, 0.98))
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, c.lr, total_steps=c.steps, pct_start=0.15)
    for step, ids in enumerate(pool.split(c.batch), 1):
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, c.vocab), ids[:, 1:].reshape(-1))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        sched.step()
        if step % 75 == 0:
            print(f"step {step} loss {loss.item():.4f} test nll {evaluate(model, test):.4f}")
    print(f"uniform guess {torch.tensor(float(c.vocab)).log():.4f}")
    print(f"test nll {evaluate(model, test):.4f} nats, true process {lang.ideal_nll(test):.4f}")


if __name__ == "__main__":
    train(GPTConfig())
