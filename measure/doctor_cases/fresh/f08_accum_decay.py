# Two-spirals classifier, micro batches of 8 (my real inputs are huge) with gradient
# accumulation, and an exponential decay of the learning rate over the epochs.
import math

import torch
from torch import nn

cfg = {
    "n_per_class": 800,
    "micro_batch": 8,
    "accum_steps": 4,
    "epochs": 15,
    "lr": 5e-3,
    "gamma": 0.93,      # per epoch, from the paper
}
torch.manual_seed(13)


def spirals(n, noise=0.08):
    t = torch.sqrt(torch.rand(n)) * 2.2 * math.pi
    a = torch.stack([t * torch.cos(t), t * torch.sin(t)], 1) / 3
    t2 = torch.sqrt(torch.rand(n)) * 2.2 * math.pi
    b = -torch.stack([t2 * torch.cos(t2), t2 * torch.sin(t2)], 1) / 3
    x = torch.cat([a, b]) + noise * torch.randn(2 * n, 2)
    y = torch.cat([torch.zeros(n), torch.ones(n)]).long()
    p = torch.randperm(2 * n)
    return x[p], y[p]


X, Y = spirals(cfg["n_per_class"])
XV, YV = spirals(300)

model = nn.Sequential(
    nn.Linear(2, 64), nn.Tanh(),
    nn.Linear(64, 64), nn.Tanh(),
    nn.Linear(64, 64), nn.Tanh(),
    nn.Linear(64, 2),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=cfg["gamma"])


def val_acc():
    model.eval()
    with torch.no_grad():
        out = model(XV)
    return loss_fn(out, YV).item(), (out.argmax(1) == YV).float().mean().item()


for epoch in range(1, cfg["epochs"] + 1):
    model.train()
    perm = torch.randperm(len(X))
    optimizer.zero_grad()
    total = 0.0
    n_batches = len(X) // cfg["micro_batch"]
    for step in range(n_batches):
        idx = perm[step * cfg["micro_batch"]:(step + 1) * cfg["micro_batch"]]
        loss = loss_fn(model(X[idx]), Y[idx])
        (loss / cfg["accum_steps"]).backward()
        total += loss.item()
        if (step + 1) % cfg["accum_steps"] == 0:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
    vl, va = val_acc()
    # tried a wider network (256) and 100 epochs too
    print(f"epoch {epoch:2d}  train loss {total / n_batches:.4f}  val loss {vl:.4f}  val acc {va:.3f}")
