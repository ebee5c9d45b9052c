"""GAN on a 2-d ring of 8 Gaussians, two optimizers with different learning rates."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(6)
Z, BATCH, STEPS = 8, 128, 2500
centers = torch.tensor([[math.cos(2 * math.pi * k / 8), math.sin(2 * math.pi * k / 8)] for k in range(8)]) * 1.5


def real_batch(n):
    return centers[torch.randint(0, 8, (n,))] + 0.1 * torch.randn(n, 2)


def mlp(i, o, act):
    return nn.Sequential(nn.Linear(i, 64), act(), nn.Linear(64, 64), act(), nn.Linear(64, o))


G, D = mlp(Z, 2, nn.ReLU), mlp(2, 1, lambda: nn.LeakyReLU(0.2))
opt_g = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))


@torch.no_grad()
def report(step, ld, lg):
    x = G(torch.randn(2000, Z))
    dist, which = torch.cdist(x, centers).min(1)
    good = dist < 0.35
    modes = torch.bincount(which[good], minlength=8)
    print(f"step {step:4d}  D {ld:.3f}  G {lg:.3f}  samples near a mode {good.float().mean():.3f}  "
          f"modes hit {(modes > 40).sum().item()}/8")


for step in range(1, STEPS + 1):
    x = real_batch(BATCH)
    sigma = 0.2 * max(0.0, 1 - step / 1500)  # instance noise, fades out
    with torch.no_grad():
        fake = G(torch.randn(BATCH, Z))
    dr = D(x + sigma * torch.randn_like(x))
    df = D(fake + sigma * torch.randn_like(fake))
    # one-sided label smoothing on the real samples
    ld = F.binary_cross_entropy_with_logits(dr, torch.full_like(dr, 0.9)) + \
        F.binary_cross_entropy_with_logits(df, torch.zeros_like(df))
    opt_d.zero_grad()
    ld.backward()
    opt_d.step()

    for p in D.parameters():
        p.requires_grad_(False)
    fake = G(torch.randn(BATCH, Z))
    lg = F.softplus(-D(fake + sigma * torch.randn_like(fake))).mean()
    opt_g.zero_grad()
    lg.backward()
    opt_g.step()
    for p in D.parameters():
        p.requires_grad_(True)
    if step % 250 == 0 or step == 1:
        report(step, ld.item(), lg.item())
# the losses hover around 1.3 / 0.7, that is what equilibrium looks like
