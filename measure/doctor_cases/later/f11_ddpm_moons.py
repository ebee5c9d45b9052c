from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import make_moons
from torch import nn


@dataclass
class DiffusionConfig:
    timesteps: int = 50
    beta_start: float = 1e-4
    beta_end: float = 0.15
    hidden: int = 128
    steps: int = 1200
    batch: int = 128
    lr: float = 2e-3


def timestep_embedding(t, dim=32):
    freqs = torch.exp(-np.log(1000.0) * torch.arange(dim // 2) / (dim // 2))
    ang = t[:, None].float() * freqs[None]
    return torch.cat([ang.sin(), ang.cos()], dim=1)


class NoisePredictor(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.inp = nn.Linear(2, hidden)
        self.temb = nn.Linear(32, hidden)
        self.mid = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.out = nn.Linear(hidden, 2)

    def forward(self, x, t):
        return self.out(self.mid(self.inp(x) + self.temb(timestep_embedding(t))))


class DDPM:
    def __init__(self, cfg):
        self.cfg = cfg
        self.betas = torch.linspace(cfg.beta_start, cfg.beta_end, cfg.timesteps)
        self.alphas = 1.0 - self.betas
        self.alphas_cumprod = torch.cumprod(self.alphas, dim=0)
        self.model = NoisePredictor(cfg.hidden)

    def q_sample(self, x0, t, noise):
        a_bar = self.alphas_cumprod[t][:, None]
        return a_bar.sqrt() * x0 + (1.0 - a_bar).sqrt() * noise

    def p_losses(self, x0):
        t = torch.randint(0, self.cfg.timesteps, (x0.shape[0],))
        noise = torch.randn_like(x0)
        return nn.functional.mse_loss(self.model(self.q_sample(x0, t, noise), t), noise)

    @torch.no_grad()
    def sample(self, n):
        x = torch.randn(n, 2)
        for i in reversed(range(self.cfg.timesteps)):
            t = torch.full((n,), i)
            eps = self.model(x, t)
            coef = self.betas[i] / (1 - self.alphas_cumprod[i]).sqrt()
            x = (x - coef * eps) / self.alphas[i].sqrt()
            if i > 0:
                x = x + self.betas[i].sqrt() * torch.randn_like(x)
        return x


def load_strokes(n=4000, size=64):
    """Pixel coordinates of two pen strokes on a size x size canvas."""
    xy, _ = make_moons(n, noise=0.04, random_state=0)
    xy = (xy - xy.min(0)) / (xy.max(0) - xy.min(0))
    return torch.tensor(xy * (size - 1), dtype=torch.float32)


def sliced_wasserstein(a, b, n_proj=64):
    """Mean 1-d transport distance over random directions, in units of the spread of b."""
    d = nn.functional.normalize(torch.randn(2, n_proj), dim=0)
    pa, pb = (a @ d).sort(dim=0).values, (b @ d).sort(dim=0).values
    return ((pa - pb).abs().mean(0) / pb.std(0)).mean().item()


def main():
    torch.manual_seed(0)
    cfg = DiffusionConfig()
    data = load_strokes()
    ddpm = DDPM(cfg)
    opt = torch.optim.Adam(ddpm.model.parameters(), lr=cfg.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, cfg.steps)
    avg = 0.0
    for step in range(1, cfg.steps + 1):
        loss = ddpm.p_losses(data[torch.randint(0, len(data), (cfg.batch,))])
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        avg += loss.item() / 300
        if step % 300 == 0:
            print(f"step {step} noise mse {avg:.4f}")
            avg = 0.0
    samples = ddpm.sample(1000)
    reference = data[torch.randperm(len(data))[:1000]]
    print(f"samples: mean {samples.mean(0).tolist()} std {samples.std(0).tolist()}")
    print(f"distance samples to data (sliced Wasserstein / std): {sliced_wasserstein(samples, reference):.3f}")


if __name__ == "__main__":
    main()
