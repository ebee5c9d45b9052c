"""Predictive uncertainty by MC dropout: at test the network stays in train() on purpose and is run 50 times."""
import argparse

import torch
import torch.nn as nn


def target(x):
    return torch.sin(4 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.3 * x[:, 3]


def make(n, noise, seed):
    g = torch.Generator().manual_seed(seed)
    x = 2 * torch.rand(n, 5, generator=g) - 1
    f = target(x)
    return x, f + noise * torch.randn(n, generator=g), f


class Net(nn.Module):
    def __init__(self, d, h=128, p=0.05):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(d, h), nn.ReLU(), nn.Dropout(p), nn.Linear(h, h), nn.ReLU(), nn.Dropout(p), nn.Linear(h, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


def train(model, x, y, epochs, bs, lr):
    opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, lr, epochs=epochs, steps_per_epoch=-(-len(x) // bs))
    for ep in range(1, epochs + 1):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(bs):
            loss = nn.functional.mse_loss(model(x[idx]), y[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            sched.step()
            total += loss.item() * len(idx)
        if ep % 5 == 0:
            print(f"epoch {ep:3d} mse {total / len(x):.4f}")


@torch.no_grad()
def mc_predict(model, x, passes=50):
    model.train()                      # dropout masks are the samples from the posterior
    draws = torch.stack([model(x) for _ in range(passes)])
    return draws.mean(0), draws.std(0)


@torch.no_grad()
def plain_predict(model, x):
    model.eval()
    return model(x)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--noise", type=float, default=0.3)
    ap.add_argument("--epochs", type=int, default=25)
    args = ap.parse_args()
    torch.manual_seed(0)
    x, y, _ = make(6000, args.noise, 1)
    x_te, y_te, f_te = make(3000, args.noise, 2)

    model = Net(5)
    train(model, x, y, args.epochs, bs=100, lr=6e-3)

    mean, spread = mc_predict(model, x_te)
    rmse_mc = (mean - y_te).square().mean().sqrt().item()
    rmse_plain = (plain_predict(model, x_te) - y_te).square().mean().sqrt().item()
    far, _, _ = make(3000, 0.0, 3)
    _, spread_far = mc_predict(model, far * 4)
    total_sd = (spread.square() + args.noise ** 2).sqrt()
    inside = ((y_te - mean).abs() < 1.645 * total_sd).float().mean().item()
    var_y = y_te.var().item()
    print(f"spread in range {spread.mean():.3f}, far outside {spread_far.mean():.3f}")
    print(f"90 % interval covers {inside:.3f}; error to the noise-free target {(mean - f_te).square().mean().sqrt():.3f}")
    print(f"test rmse MC {rmse_mc:.4f} plain {rmse_plain:.4f} (noise {args.noise}), R2 {1 - rmse_mc ** 2 / var_y:.4f}")


if __name__ == "__main__":
    main()
