"""Matrix factorisation with sparse embeddings: SparseAdam for the tables, Adam for the dense rest."""
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn


@dataclass
class Config:
    users: int = 500
    items: int = 300
    rank: int = 4
    noise: float = 0.5
    density: float = 0.4
    epochs: int = 18
    batch: int = 512
    lr_sparse: float = 0.02
    lr_dense: float = 0.01
    seed: int = 0


def ratings(cfg):
    rng = np.random.default_rng(cfg.seed)
    U, V = rng.normal(size=(cfg.users, cfg.rank)), rng.normal(size=(cfg.items, cfg.rank))
    bu, bi = 0.5 * rng.normal(size=cfg.users), 0.5 * rng.normal(size=cfg.items)
    full = 3 + bu[:, None] + bi[None, :] + U @ V.T / np.sqrt(cfg.rank)
    u, i = np.nonzero(rng.random(full.shape) < cfg.density)
    r = full[u, i] + cfg.noise * rng.normal(size=len(u))
    part = rng.random(len(u))

    def pick(m):
        return torch.tensor(u[m]), torch.tensor(i[m]), torch.tensor(r[m], dtype=torch.float32)

    return pick(part < 0.8), pick((part >= 0.8) & (part < 0.9)), pick(part >= 0.9)


class MF(nn.Module):
    def __init__(self, cfg, mean):
        super().__init__()
        self.u = nn.Embedding(cfg.users, cfg.rank + 1, sparse=True)
        self.i = nn.Embedding(cfg.items, cfg.rank + 1, sparse=True)
        nn.init.normal_(self.u.weight, std=0.1)
        nn.init.normal_(self.i.weight, std=0.1)
        self.mean = nn.Parameter(torch.tensor(float(mean)))
        self.scale = nn.Parameter(torch.ones(cfg.rank))

    def forward(self, u, i):
        a, b = self.u(u), self.i(i)
        return self.mean + a[:, 0] + b[:, 0] + (a[:, 1:] * b[:, 1:] * self.scale).sum(1), a, b


@torch.no_grad()
def rmse(model, data):
    u, i, r = data
    return (model(u, i)[0] - r).square().mean().sqrt().item()


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    train, val, test = ratings(cfg)
    u, i, r = train
    model = MF(cfg, r.mean())
    sparse_opt = torch.optim.SparseAdam([model.u.weight, model.i.weight], lr=cfg.lr_sparse)
    dense_opt = torch.optim.Adam([model.mean, model.scale], lr=cfg.lr_dense)
    scheds = [torch.optim.lr_scheduler.CosineAnnealingLR(o, cfg.epochs) for o in (sparse_opt, dense_opt)]
    print(f"{len(r)} train ratings, std {r.std():.3f}")
    best, kept = np.inf, None
    for epoch in range(1, cfg.epochs + 1):
        total = 0.0
        for idx in torch.randperm(len(r)).split(cfg.batch):
            pred, a, b = model(u[idx], i[idx])
            mse = (pred - r[idx]).square().mean()
            loss = mse + 0.01 * (a.square().sum(1) + b.square().sum(1)).mean()
            for o in (sparse_opt, dense_opt):
                o.zero_grad()
            loss.backward()
            for o in (sparse_opt, dense_opt):
                o.step()
            total += mse.item() * len(idx)
        for s in scheds:
            s.step()
        v = rmse(model, val)
        if v < best:
            best, kept = v, {k: t.clone() for k, t in model.state_dict().items()}
        if epoch % 3 == 0:
            print(f"epoch {epoch:2d} train rmse {(total / len(r)) ** 0.5:.4f} val rmse {v:.4f}")
    model.load_state_dict(kept)
    print(f"test rmse {rmse(model, test):.4f} (noise {cfg.noise}, constant predictor {test[2].std():.4f})")


if __name__ == "__main__":
    main()
