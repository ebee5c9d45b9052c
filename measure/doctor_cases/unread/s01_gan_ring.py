"""GAN on points around a ring of six blobs."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = 3
torch.manual_seed(SEED)

MODES, NOISE, BATCH, ITERS = 6, 4, 128, 1900


def real_points(n):
    k = torch.randint(0, MODES, (n,)).float() * 2 * math.pi / MODES
    return torch.stack([k.cos(), k.sin()], dim=1) + 0.05 * torch.randn(n, 2)


def mlp(d_in, d_out, width=64):
    return nn.Sequential(nn.Linear(d_in, width), nn.LeakyReLU(0.2),
                         nn.Linear(width, width), nn.LeakyReLU(0.2), nn.Linear(width, d_out))


def grad_penalty(D, x):
    x = x.clone().requires_grad_(True)
    (g,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
    return g.pow(2).sum(1).mean()


@torch.no_grad()
def coverage(G, n=1500):
    pts = G(torch.randn(n, NOISE))
    k = torch.arange(MODES) * 2 * math.pi / MODES
    centres = torch.stack([k.cos(), k.sin()], dim=1)
    dist, nearest = torch.cdist(pts, centres).min(1)
    good = dist < 0.25
    share = torch.bincount(nearest[good], minlength=MODES) / n
    return good.float().mean().item(), int((share > 0.04).sum())


def main():
    G, D = mlp(NOISE, 2), mlp(2, 1)
    opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
    opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
    sums = [0.0, 0.0]
    for it in range(1, ITERS + 1):
        real = real_points(BATCH)
        fake = G(torch.randn(BATCH, NOISE))

        opt_d.zero_grad()
        loss_d = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
        loss_d = loss_d + 0.1 * grad_penalty(D, real)
        loss_d.backward(retain_graph=True)
        opt_d.step()

        opt_g.zero_grad()
        loss_g = F.softplus(-D(fake)).mean()
        loss_g.backward()
        opt_g.step()

        sums[0] += loss_d.item()
        sums[1] += loss_g.item()
        if it % 150 == 0:
            good, modes = coverage(G)
            print(f"iter {it} loss_d {sums[0] / 150:.3f} loss_g {sums[1] / 150:.3f} near a blob {good:.3f} modes {modes}")
            sums = [0.0, 0.0]
    good, modes = coverage(G)
    print(f"final: {good:.3f} of the samples near a blob, {modes} of {MODES} modes covered")


if __name__ == "__main__":
    main()
