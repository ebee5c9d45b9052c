"""Character-level GPT on the descriptions that come with scikit-learn's data sets."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine


@dataclass
class GPTConfig:
    block: int = 32
    dim: int = 48
    heads: int = 4
    layers: int = 2
    batch: int = 16
    steps: int = 300
    lr: float = 3e-3
    seed: int = 3


cfg = GPTConfig()
torch.manual_seed(cfg.seed)

texts = [f().DESCR for f in (load_wine, load_breast_cancer, load_diabetes, load_digits, load_iris)]
chars = sorted(set("".join(texts)))
stoi = {c: i for i, c in enumerate(chars)}
lines = "".join(texts).splitlines(keepends=True)
train_text = "".join(s for i, s in enumerate(lines) if i % 8 != 7)
val_text = "".join(lines[7::8])
train_data, val_data = (torch.tensor([stoi[c] for c in t]) for t in (train_text, val_text))


def get_batch(split):
    src = train_data if split == "train" else val_data
    ix = torch.randint(0, len(src) - cfg.block - 1, (cfg.batch,)).tolist()
    x = torch.stack([src[i:i + cfg.block] for i in ix])
    y = torch.stack([src[i + 1:i + 1 + cfg.block] for i in ix])
    return x, y


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.heads = c.heads
        self.ln1, self.ln2 = nn.LayerNorm(c.dim), nn.LayerNorm(c.dim)
        self.qkv, self.proj = nn.Linear(c.dim, 3 * c.dim), nn.Linear(c.dim, c.dim)
        self.mlp = nn.Sequential(nn.Linear(c.dim, 4 * c.dim), nn.GELU(), nn.Linear(4 * c.dim, c.dim))

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (u.view(b, t, self.heads, -1).transpose(1, 2) for u in self.qkv(self.ln1(x)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self, c, vocab):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, c.dim), nn.Embedding(c.block, c.dim)
        self.blocks = nn.Sequential(*[Block(c) for _ in range(c.layers)])
        self.ln = nn.LayerNorm(c.dim)
        self.head = nn.Linear(c.dim, vocab, bias=False)
        self.head.weight = self.tok.weight
        for emb in (self.tok, self.pos):
            nn.init.normal_(emb.weight, std=0.1)

    def forward(self, idx, labels=None):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        logits = self.head(self.ln(self.blocks(x)))
        if labels is None:
            return logits, None
        shift_logits = logits[:, :-1].reshape(-1, logits.size(-1))
        shift_labels = labels[:, 1:].reshape(-1)
        return logits, F.cross_entropy(shift_logits, shift_labels)


@torch.no_grad()
def val_loss(model, n=10):
    model.eval()
    out = sum(model(x, labels=y)[1].item() for x, y in (get_batch("val") for _ in range(n))) / n
    model.train()
    return out


model = GPT(cfg, len(chars))
opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr, weight_decay=0.01)
for step in range(1, cfg.steps + 1):
    for g in opt.param_groups:
        g["lr"] = cfg.lr * min(1.0, step / 50) * max(0.05, 1 - step / cfg.steps)
    x, y = get_batch("train")
    _, loss = model(x, labels=y)
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if step % 75 == 0:
        print(f"step {step} train {loss.item():.3f} val {val_loss(model):.3f}")

idx = torch.tensor([[stoi["T"]]])
for _ in range(80):
    probs = F.softmax(model(idx[:, -cfg.block:])[0][:, -1] / 0.7, -1)
    idx = torch.cat([idx, torch.multinomial(probs, 1)], 1)
print(repr("".join(chars[i] for i in idx[0].tolist())))
print(f"final val loss {val_loss(model, 40):.4f}")
