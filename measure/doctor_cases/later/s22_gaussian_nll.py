"""Heteroscedastic regression: the network predicts mean and variance; the NLL may go below zero."""
import math

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def true_mean(x):
    return torch.sin(3 * x) * 0.5


def true_std(x):
    return 0.03 + 0.12 * torch.sigmoid(4 * x)


def make(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = 4 * torch.rand(n, 1, generator=g) - 2
    return x, true_mean(x) + true_std(x) * torch.randn(n, 1, generator=g)


class MeanVar(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.mean = nn.Linear(hidden, 1)
        self.raw_var = nn.Linear(hidden, 1)
        nn.init.constant_(self.raw_var.bias, -2.0)

    def forward(self, x):
        h = self.body(x)
        return self.mean(h), nn.functional.softplus(self.raw_var(h)) + 1e-5


def run_epoch(model, loader, crit, opt=None):
    model.train(opt is not None)
    total = n = 0
    with torch.set_grad_enabled(opt is not None):
        for x, y in loader:
            mean, var = model(x)
            loss = crit(mean, y, var)
            if opt is not None:
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                opt.step()
            total += loss.item() * len(x)
            n += len(x)
    return total / n


def main():
    torch.manual_seed(0)
    train, val = random_split(TensorDataset(*make(6000, 1)), [5000, 1000])
    test_x, test_y = make(10000, 2)
    train_dl = DataLoader(train, batch_size=125, shuffle=True)
    val_dl = DataLoader(val, batch_size=1000)
    model = MeanVar()
    crit = nn.GaussianNLLLoss(full=True)
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.3, patience=4)
    best, best_state = math.inf, None
    for epoch in range(1, 41):
        tr = run_epoch(model, train_dl, crit, opt)
        va = run_epoch(model, val_dl, crit)
        plateau.step(va)
        if va < best:
            best, best_state = va, {k: v.clone() for k, v in model.state_dict().items()}
        if epoch % 5 == 0:
            print(f"epoch {epoch} lr {opt.param_groups[0]['lr']:.1e} train nll {tr:+.4f} val nll {va:+.4f}")
    model.load_state_dict(best_state)
    model.eval()
    with torch.no_grad():
        mean, var = model(test_x)
        nll = crit(mean, test_y, var).item()
        oracle = crit(true_mean(test_x), test_y, true_std(test_x) ** 2).item()
        z = ((test_y - mean) / var.sqrt()).numpy()
    print(f"standardised residuals: std {z.std():.3f}, within 1 sigma {np.mean(np.abs(z) < 1):.3f} (should be 0.683)")
    print(f"test nll {nll:+.4f}, with the true mean and variance {oracle:+.4f}")


if __name__ == "__main__":
    main()
