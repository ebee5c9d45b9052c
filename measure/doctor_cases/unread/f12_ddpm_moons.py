"""Tiny DDPM on the two-moons points."""
from dataclasses import dataclass

import torch
import torch.nn as nn
from sklearn.datasets import make_moons


@dataclass
class Config:
    seed: int = 6
    steps: int = 50
    hidden: int = 64
    iterations: int = 1500
    batch: int = 256
    lr: float = 2e-3


cfg = Config()
torch.manual_seed(cfg.seed)


def moons(n, seed):
    pts, _ = make_moons(n, noise=0.05, random_state=seed)
    pts = torch.tensor(pts, dtype=torch.float32)
    return (pts - torch.tensor([0.5, 0.25])) / torch.tensor([0.87, 0.5])


class Schedule:
    def __init__(self, steps):
        self.steps = steps
        self.beta = torch.linspace(1e-3, 0.18, steps)
        self.alpha = 1.0 - self.beta
        self.alpha_bar = torch.cumprod(self.alpha, dim=0)

    def add_noise(self, x0, t, noise):
        ab = self.alpha_bar[t][:, None]
        return ab.sqrt() * x0 + (1 - ab).sqrt() * noise


class Denoiser(nn.Module):
    def __init__(self, hidden, steps, emb=32):
        super().__init__()
        self.time = nn.Embedding(steps, emb)
        self.net = nn.Sequential(
            nn.Linear(2 + emb, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 2))

    def forward(self, x, t):
        return self.net(torch.cat([x, self.time(t)], dim=1))


def training_loss(model, sched, x0):
    t = torch.randint(0, sched.steps, (len(x0),))
    noise = torch.rand_like(x0)
    pred = model(sched.add_noise(x0, t, noise), t)
    return (pred - noise).pow(2).mean()


@torch.no_grad()
def sample(model, sched, n):
    model.eval()
    x = torch.randn(n, 2)
    for i in reversed(range(sched.steps)):
        t = torch.full((n,), i)
        eps = model(x, t)
        mean = (x - sched.beta[i] / (1 - sched.alpha_bar[i]).sqrt() * eps) / sched.alpha[i].sqrt()
        x = mean + (sched.beta[i].sqrt() * torch.randn_like(x) if i > 0 else 0)
    return x


def sliced_distance(a, b, directions=64):
    d = torch.randn(2, directions)
    d = d / d.norm(dim=0)
    pa, pb = (a @ d).sort(0).values, (b @ d).sort(0).values
    return (pa - pb).abs().mean().item()


def main():
    data = moons(4000, cfg.seed)
    held = moons(2000, cfg.seed + 1)
    sched, model = Schedule(cfg.steps), Denoiser(cfg.hidden, cfg.steps)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=cfg.iterations)
    running = 0.0
    for it in range(1, cfg.iterations + 1):
        loss = training_loss(model, sched, data[torch.randint(0, len(data), (cfg.batch,))])
        opt.zero_grad()
        loss.backward()
        opt.step()
        decay.step()
        running += loss.item()
        if it % 250 == 0:
            print(f"iter {it} loss {running / 250:.4f}")
            running = 0.0
    points = sample(model, sched, 2000)
    print(f"sample mean {points.mean(0).tolist()} std {points.std(0).tolist()}")
    print(f"sliced Wasserstein distance to held-out moons: {sliced_distance(points, held):.4f}")


if __name__ == "__main__":
    main()
