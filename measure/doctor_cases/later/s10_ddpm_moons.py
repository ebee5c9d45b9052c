# Denoising diffusion on two moons. The noise-prediction loss stays well above 0: for
# most t the noise cannot be told from the data, so judge by the samples.
import math
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_moons

T = 50
torch.manual_seed(0)


def cosine_schedule(T, s=0.008):
    t = torch.arange(T + 1) / T
    f = torch.cos((t + s) / (1 + s) * math.pi / 2) ** 2
    abar = f / f[0]
    betas = (1 - abar[1:] / abar[:-1]).clamp(max=0.999)
    return betas, torch.cumprod(1 - betas, 0)


betas, alpha_bar = cosine_schedule(T)


def get_data(n, seed):
    x, _ = make_moons(n, noise=0.05, random_state=seed)
    return torch.tensor((x - [0.5, 0.25]) / [0.87, 0.5], dtype=torch.float32)


class Denoiser(nn.Module):
    def __init__(self, h=64):
        super().__init__()
        self.register_buffer("freqs", 2.0 ** torch.arange(6) * math.pi / 2)
        self.net = nn.Sequential(nn.Linear(2 + 12, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, 2))

    def forward(self, x, t):
        a = (t.float() / T)[:, None] * self.freqs
        return self.net(torch.cat([x, a.sin(), a.cos()], 1))


def q_sample(x0, t, eps):
    ab = alpha_bar[t][:, None]
    return ab.sqrt() * x0 + (1 - ab).sqrt() * eps


@torch.no_grad()
def p_sample_loop(model, n):
    x = torch.randn(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i)
        b, ab = betas[i], alpha_bar[i]
        x = (x - b / (1 - ab).sqrt() * model(x, t)) / (1 - b).sqrt()
        if i > 0:
            prev = alpha_bar[i - 1]
            x = x + (b * (1 - prev) / (1 - ab)).sqrt() * torch.randn_like(x)
    return x


def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


train, test, test2 = get_data(8000, 0), get_data(2000, 1), get_data(2000, 2)
model = Denoiser()
ema = [p.detach().clone() for p in model.parameters()]
steps, bs = 1800, 256
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
hist = []
for step in range(1, steps + 1):
    x0 = train[torch.randint(len(train), (bs,))]
    t = torch.randint(0, T, (bs,))
    eps = torch.randn_like(x0)
    loss = (model(q_sample(x0, t, eps), t) - eps).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    with torch.no_grad():
        torch._foreach_lerp_(ema, list(model.parameters()), 0.02)
    hist.append(loss.item())
    if step % 300 == 0:
        print(f"step {step:5d}  noise mse (last 300) {np.mean(hist[-300:]):.4f}")
torch.nn.utils.vector_to_parameters(torch.nn.utils.parameters_to_vector(ema), model.parameters())
samples = p_sample_loop(model, 2000)
print(f"energy distance samples/test {energy_distance(samples, test):.5f}  test/test {energy_distance(test2, test):.5f}")
