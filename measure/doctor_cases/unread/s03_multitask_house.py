"""One trunk, two heads: the price of a made-up house and its kind."""
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=16)
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--price-weight", type=float, default=4e-4)
parser.add_argument("--kind-weight", type=float, default=1.0)
args = parser.parse_args()

torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)


def houses(n):
    area = rng.uniform(40, 240, n)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 1.2, n)), 1, 9)
    age = rng.uniform(0, 90, n)
    centre = rng.uniform(0, 25, n)
    kind = (area > 90).astype(int) + (area + 4 * centre > 190)
    price = 60 + 1.6 * area * np.exp(-centre / 30) - 0.5 * age + 25 * (kind == 2) + rng.normal(0, 10, n)
    x = np.stack([area, rooms, age, centre], 1)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(price, dtype=torch.float32), torch.tensor(kind)


class TwoHeads(nn.Module):
    def __init__(self, d_in, mean, std, price_mean, width=48):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.trunk = nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.price = nn.Linear(width, 1)
        self.kind = nn.Linear(width, 3)
        nn.init.constant_(self.price.bias, price_mean)

    def forward(self, x):
        h = self.trunk((x - self.mean) / self.std)
        return self.price(h).squeeze(-1), self.kind(h)


x_train, p_train, k_train = houses(1500)
x_test, p_test, k_test = houses(500)
model = TwoHeads(4, x_train.mean(0), x_train.std(0), p_train.mean().item())
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
sched = torch.optim.lr_scheduler.MultiStepLR(opt, milestones=[24, 34], gamma=0.3)


def evaluate():
    model.eval()
    with torch.no_grad():
        price, kind = model(x_test)
    r2 = 1 - (price - p_test).pow(2).sum() / (p_test - p_test.mean()).pow(2).sum()
    return r2.item(), (kind.argmax(1) == k_test).float().mean().item()


for epoch in range(1, args.epochs + 1):
    model.train()
    sums = [0.0, 0.0]
    for idx in torch.randperm(len(x_train)).split(50):
        price, kind = model(x_train[idx])
        loss_price = F.mse_loss(price, p_train[idx])
        loss_kind = F.cross_entropy(kind, k_train[idx])
        opt.zero_grad()
        (args.price_weight * loss_price).backward(retain_graph=True)
        (args.kind_weight * loss_kind).backward()
        opt.step()
        sums[0] += loss_price.item() * len(idx)
        sums[1] += loss_kind.item() * len(idx)
    sched.step()
    if epoch % 4 == 0:
        r2, acc = evaluate()
        print(f"epoch {epoch:2d} price mse {sums[0] / len(x_train):.1f} kind ce {sums[1] / len(x_train):.3f} "
              f"| test R2 {r2:.3f} acc {acc:.3f}")
r2, acc = evaluate()
print(f"test price R2 {r2:.4f} kind accuracy {acc:.4f}")
