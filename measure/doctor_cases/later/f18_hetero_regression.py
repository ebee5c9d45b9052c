import math

import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from torch.utils.data import DataLoader, Dataset, random_split


class FriedmanDataset(Dataset):
    def __init__(self, n=2400, seed=0):
        x, y = make_friedman1(n_samples=n, n_features=8, noise=0.0, random_state=seed)
        g = torch.Generator().manual_seed(seed)
        self.x = torch.tensor(x, dtype=torch.float32) * 2 - 1
        y = torch.tensor(y, dtype=torch.float32)
        y = y + torch.randn(n, generator=g) * (0.5 + x[:, 5])
        self.y = (y - y.mean()) / y.std()
        self.y = self.y.float()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class MeanVarianceNet(nn.Module):
    def __init__(self, n_in, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.mu = nn.Linear(hidden, 1)
        self.log_var = nn.Linear(hidden, 1)

    def forward(self, x):
        h = self.body(x)
        return self.mu(h), self.log_var(h).clamp(-8, 8)


def gaussian_nll(mu, log_var, target):
    return 0.5 * (log_var + (target - mu) ** 2 / log_var.exp() + math.log(2 * math.pi)).mean()


class Experiment:
    def __init__(self, seed=0, batch_size=64, lr=2e-3):
        torch.manual_seed(seed)
        ds = FriedmanDataset(seed=seed)
        train, test = random_split(ds, [1800, 600])
        self.train_loader = DataLoader(train, batch_size=batch_size, shuffle=True)
        self.test_loader = DataLoader(test, batch_size=600)
        self.model = MeanVarianceNet(8)
        self.opt = torch.optim.Adam(self.model.parameters(), lr=lr)

    def train_epoch(self):
        self.model.train()
        total = 0.0
        for x, y in self.train_loader:
            mu, log_var = self.model(x)
            loss = gaussian_nll(mu, log_var, y)
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
            total += loss.item()
        return total / len(self.train_loader)

    @torch.no_grad()
    def test(self):
        self.model.eval()
        x, y = next(iter(self.test_loader))
        mu, log_var = self.model(x)
        mu, sigma = mu.flatten(), (0.5 * log_var).exp().flatten()
        r2 = 1 - ((y - mu) ** 2).mean() / y.var()
        inside = ((y - mu).abs() < 1.96 * sigma).float().mean()
        return r2.item(), inside.item(), sigma.mean().item()

    def run(self, epochs=25):
        for e in range(1, epochs + 1):
            nll = self.train_epoch()
            if e % 5 == 0:
                r2, inside, s = self.test()
                print(f"epoch {e} nll {nll:.4f} test R2 {r2:.3f} coverage {inside:.3f} mean sigma {s:.3f}")
        return self.test()


if __name__ == "__main__":
    r2, inside, sigma = Experiment().run()
    print(f"test R2 {r2:.3f} (95% interval holds {100 * inside:.1f}% of the targets, mean sigma {sigma:.2f})")
