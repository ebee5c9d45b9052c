"""Regression with micro batches, accumulated gradients and a warm-up that starts at lr 0."""
import math

import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)
ACCUM, MICRO, EPOCHS, PEAK_LR, WARM = 4, 16, 18, 5e-3, 60

X, y = make_friedman1(n_samples=2500, n_features=8, noise=0.5, random_state=0)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
train_dl = DataLoader(TensorDataset(X[:2000], y[:2000]), batch_size=MICRO, shuffle=True)
xv, yv = X[2000:], y[2000:]

net = nn.Sequential(nn.Linear(8, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
decay, no_decay = [], []
for name, p in net.named_parameters():
    (decay if p.ndim > 1 else no_decay).append(p)
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.01},
                         {"params": no_decay, "weight_decay": 0.0}], lr=PEAK_LR)
updates_per_epoch = math.ceil(len(train_dl) / ACCUM)
total_updates = updates_per_epoch * EPOCHS


def lr_lambda(u):
    if u < WARM:
        return u / WARM  # the very first update has lr 0, that is intended
    t = (u - WARM) / max(1, total_updates - WARM)
    return 0.5 * (1 + math.cos(math.pi * t))


sched = torch.optim.lr_scheduler.LambdaLR(opt, lr_lambda)
loss_fn = nn.MSELoss(reduction="sum")
updates = 0
for epoch in range(1, EPOCHS + 1):
    net.train()
    total, pending = 0.0, 0
    for i, (xb, yb) in enumerate(train_dl):
        loss = loss_fn(net(xb), yb)
        loss.backward()
        total += loss.item()
        pending += len(xb)
        if (i + 1) % ACCUM == 0 or i + 1 == len(train_dl):
            for p in net.parameters():
                p.grad /= pending  # sum -> mean over what was really accumulated
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
            opt.zero_grad()
            sched.step()
            updates += 1
            pending = 0
    if epoch % 3 == 0 or epoch == 1:
        net.eval()
        with torch.no_grad():
            err = ((net(xv) - yv) ** 2).mean().item()
        print(f"epoch {epoch:2d} updates {updates:4d} lr {sched.get_last_lr()[0]:.2e} "
              f"train mse {total / 2000:.4f} val mse {err:.4f} val R2 {1 - err / yv.var().item():.3f}")
