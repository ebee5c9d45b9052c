"""Non-saturating GAN with R1 penalty on a ring of eight Gaussians."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
N_MODES, STD, Z = 8, 0.15, 8
centres = torch.tensor([[math.cos(2 * math.pi * k / N_MODES), math.sin(2 * math.pi * k / N_MODES)] for k in range(N_MODES)])


def real_batch(n):
    return centres[torch.randint(N_MODES, (n,))] + STD * torch.randn(n, 2)


def mlp(i, o, h=64):
    return nn.Sequential(nn.Linear(i, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, o))


G, D = mlp(Z, 2), mlp(2, 1)
G_ema = mlp(Z, 2)
G_ema.load_state_dict(G.state_dict())
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.9))
BATCH, STEPS, R1 = 256, 1300, 0.05
scheds = [torch.optim.lr_scheduler.CosineAnnealingLR(o, STEPS, eta_min=1e-4) for o in (opt_g, opt_d)]


def d_step():
    real = real_batch(BATCH).requires_grad_()
    with torch.no_grad():
        fake = G(torch.randn(BATCH, Z))
    d_real, d_fake = D(real), D(fake)
    loss = F.softplus(-d_real).mean() + F.softplus(d_fake).mean()
    grad, = torch.autograd.grad(d_real.sum(), real, create_graph=True)
    penalty = 0.5 * R1 * grad.square().sum(1).mean()
    opt_d.zero_grad()
    (loss + penalty).backward()
    opt_d.step()
    return loss.item()


def g_step():
    loss = F.softplus(-D(G(torch.randn(BATCH, Z)))).mean()
    opt_g.zero_grad()
    loss.backward()
    opt_g.step()
    with torch.no_grad():
        for p, q in zip(G_ema.parameters(), G.parameters()):
            p.lerp_(q, 0.01)
    return loss.item()


@torch.no_grad()
def report(gen, n=4000):
    x = gen(torch.randn(n, Z))
    dist, near = torch.cdist(x, centres).min(1)
    good = dist < 4 * STD
    share = torch.bincount(near[good], minlength=N_MODES).float() / n
    return good.float().mean().item(), share


@torch.no_grad()
def sliced_w1(a, b, n_proj=64):
    d = F.normalize(torch.randn(2, n_proj), dim=0)
    return ((a @ d).sort(0).values - (b @ d).sort(0).values).abs().mean().item()


for step in range(1, STEPS + 1):
    ld, lg = d_step(), g_step()
    for s in scheds:
        s.step()
    if step % 250 == 0:
        good, share = report(G_ema)
        print(f"step {step} D {ld:.3f} (2 ln 2 = {2 * math.log(2):.3f}) G {lg:.3f} on-mode {good:.3f} "
              f"modes {(share > 0.04).sum().item()}/8")

with torch.no_grad():
    sw = sliced_w1(G_ema(torch.randn(4000, Z)), real_batch(4000))
noise = sliced_w1(real_batch(4000), real_batch(4000))
good, share = report(G_ema)
print("mode shares", [round(s, 3) for s in share.tolist()])
print(f"on-mode {good:.3f} modes {(share > 0.04).sum().item()}/8 sliced-W1 {sw:.4f} (real vs real {noise:.4f})")
