"""GRU encoder-decoder that reverses a sequence. Teacher forcing with a ratio that goes
down over the epochs; evaluation is free running."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(1)
torch.manual_seed(1)
VOCAB, SOS, LEN = 12, 0, 5
cfg = {"hidden": 128, "emb": 24, "lr": 4e-3, "batch": 64, "steps_per_epoch": 50, "epochs": 12}


def batch(n):
    src = torch.randint(1, VOCAB, (n, LEN))
    return src, src.flip(1)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, cfg["emb"])
        self.gru = nn.GRU(cfg["emb"], cfg["hidden"], batch_first=True)

    def forward(self, src):
        return self.gru(self.emb(src))[1][0]


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(VOCAB, cfg["emb"])
        self.cell = nn.GRUCell(cfg["emb"], cfg["hidden"])
        self.out = nn.Linear(cfg["hidden"], VOCAB)

    def forward(self, h, target=None, ratio=0.0):
        token = torch.full((h.size(0),), SOS, dtype=torch.long)
        logits = []
        for t in range(LEN):
            h = self.cell(self.emb(token), h)
            step = self.out(h)
            logits.append(step)
            if target is not None and random.random() < ratio:
                token = target[:, t]
            else:
                token = step.argmax(1).detach()
        return torch.stack(logits, 1)


enc, dec = Encoder(), Decoder()
params = list(enc.parameters()) + list(dec.parameters())
opt = torch.optim.Adam(params, lr=cfg["lr"])

for epoch in range(cfg["epochs"]):
    ratio = max(0.2, 1.0 - 0.1 * epoch)
    enc.train(), dec.train()
    total = 0.0
    for _ in range(cfg["steps_per_epoch"]):
        src, tgt = batch(cfg["batch"])
        logits = dec(enc(src), tgt, ratio)
        loss = F.cross_entropy(logits.reshape(-1, VOCAB), tgt.reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        total += loss.item()
    enc.eval(), dec.eval()
    with torch.no_grad():
        src, tgt = batch(400)
        pred = dec(enc(src)).argmax(-1)
    tok = (pred == tgt).float().mean().item()
    seq = (pred == tgt).all(1).float().mean().item()
    print(f"epoch {epoch + 1:2d}  tf ratio {ratio:.1f}  loss {total / cfg['steps_per_epoch']:.4f}  "
          f"token acc {tok:.3f}  sequence acc {seq:.3f}")
