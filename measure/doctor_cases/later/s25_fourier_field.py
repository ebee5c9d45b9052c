"""Neural field: fit an image from pixel coordinates with random Fourier features; test on pixels left out."""
import argparse
import math

import numpy as np
import torch
import torch.nn as nn


class FourierField(nn.Module):
    def __init__(self, n_freq=64, scale=2.0, hidden=96, seed=0):
        super().__init__()
        g = torch.Generator().manual_seed(seed)
        self.register_buffer("B", torch.randn(2, n_freq, generator=g) * scale)
        self.mlp = nn.Sequential(nn.Linear(2 * n_freq, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 3))

    def forward(self, xy):
        proj = 2 * math.pi * xy @ self.B
        return torch.sigmoid(self.mlp(torch.cat([proj.sin(), proj.cos()], -1)))


def make_image(size=64):
    """Gratings, a disc and a few blobs; edges are soft, no detail is finer than the pixel grid can carry."""
    g = np.random.default_rng(5)
    axis = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(axis, axis)
    img = np.zeros((size, size, 3), np.float32)
    for c in range(3):
        for _ in range(4):
            fx, fy, ph = g.uniform(-4, 4), g.uniform(-4, 4), g.uniform(0, 2 * np.pi)
            img[..., c] += 0.1 * np.sin(2 * np.pi * (fx * x + fy * y) + ph)
        for _ in range(5):
            cx, cy, w = g.uniform(0, 1), g.uniform(0, 1), g.uniform(0.04, 0.12)
            img[..., c] += g.uniform(-0.5, 0.5) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * w * w))
    disc = 1 / (1 + np.exp((np.hypot(x - 0.4, y - 0.6) - 0.22) / 0.012))
    img += disc[..., None] * np.array([0.35, -0.2, 0.1])
    return torch.from_numpy(np.clip(0.5 + 0.5 * img, 0, 1).astype(np.float32))


def psnr(a, b):
    return -10 * torch.log10((a - b).square().mean()).item()


def main(argv=None):
    ap = argparse.ArgumentParser()
    ap.add_argument("--size", type=int, default=64)
    ap.add_argument("--steps", type=int, default=700)
    ap.add_argument("--lr", type=float, default=1e-2)
    ap.add_argument("--batch", type=int, default=1024)
    args = ap.parse_args(argv)
    torch.manual_seed(0)

    img = make_image(args.size)
    axis = (torch.arange(args.size) + 0.5) / args.size
    yy, xx = torch.meshgrid(axis, axis, indexing="ij")
    xy, rgb = torch.stack([xx, yy], -1).reshape(-1, 2), img.reshape(-1, 3)
    perm = torch.randperm(len(xy))
    n_test = len(xy) // 5
    test, train = perm[:n_test], perm[n_test:]
    const = psnr(rgb[train].mean(0).expand(n_test, 3), rgb[test])
    print(f"{len(train)} train pixels, {n_test} held out; mean colour reaches {const:.2f} dB")

    field = FourierField()
    opt = torch.optim.Adam(field.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.steps)
    for step in range(1, args.steps + 1):
        idx = train[torch.randint(len(train), (args.batch,))]
        loss = (field(xy[idx]) - rgb[idx]).square().mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        if step % 100 == 0:
            with torch.no_grad():
                print(f"step {step} batch mse {loss.item():.6f} train {psnr(field(xy[train]), rgb[train]):.2f} dB "
                      f"held-out {psnr(field(xy[test]), rgb[test]):.2f} dB")
    with torch.no_grad():
        print(f"final PSNR train {psnr(field(xy[train]), rgb[train]):.2f} dB held-out {psnr(field(xy[test]), rgb[test]):.2f} dB")


if __name__ == "__main__":
    main()
