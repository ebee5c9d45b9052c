import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

# Two-tower contrastive retrieval (as CLIP): "image" and "text" vectors share a latent of 8 numbers.
rng = np.random.default_rng(0)
torch.manual_seed(0)
LATENT, DX, DY = 8, 40, 30
Ax, Ay = rng.normal(size=(LATENT, DX)), rng.normal(size=(LATENT, DY))


def pairs(n):
    z = rng.normal(size=(n, LATENT))
    x = np.tanh(z @ Ax / 3) + 0.15 * rng.normal(size=(n, DX))
    y = np.sin(z @ Ay / 3) + 0.15 * rng.normal(size=(n, DY))
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


def tower(d_in):
    return nn.Sequential(nn.Linear(d_in, 128), nn.GELU(), nn.LayerNorm(128), nn.Linear(128, 16))


class TwoTower(nn.Module):
    def __init__(self):
        super().__init__()
        self.fx, self.fy = tower(DX), tower(DY)
        self.log_temp = nn.Parameter(torch.tensor(np.log(1 / 0.1), dtype=torch.float32))

    def logits(self, x, y):
        u, v = F.normalize(self.fx(x), dim=-1), F.normalize(self.fy(y), dim=-1)
        return self.log_temp.clamp(max=np.log(100.0)).exp() * u @ v.T


def info_nce(logits):
    target = torch.arange(len(logits))
    return 0.5 * (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target))


@torch.no_grad()
def recall(model, x, y, k=1):
    model.eval()
    top = model.logits(x, y).topk(k, dim=1).indices
    model.train()
    return (top == torch.arange(len(x))[:, None]).any(1).float().mean().item()


def least_squares_recall(train, test, k=1):
    """Linear baseline: ridge regression from x to y, then nearest neighbour."""
    X, Y = train[0].numpy(), train[1].numpy()
    W = np.linalg.solve(X.T @ X + 1e-1 * np.eye(DX), X.T @ Y)
    d = torch.cdist(torch.tensor(test[0].numpy() @ W, dtype=torch.float32), test[1])
    return (d.topk(k, largest=False).indices == torch.arange(len(test[0]))[:, None]).any(1).float().mean().item()


train, test = pairs(80000), pairs(500)
model = TwoTower()
opt = torch.optim.AdamW([{"params": [p for n, p in model.named_parameters() if p.ndim > 1], "weight_decay": 0.01},
                         {"params": [p for n, p in model.named_parameters() if p.ndim <= 1], "weight_decay": 0.0}], lr=2e-3)
epochs, bs = 3, 256
sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=4e-3, total_steps=epochs * (len(train[0]) // bs))
print(f"chance loss ln(256) = {np.log(bs):.3f}")
for epoch in range(1, epochs + 1):
    losses = []
    for idx in torch.randperm(len(train[0])).split(bs):
        if len(idx) < bs:         # a short last batch has fewer negatives
            continue
        loss = info_nce(model.logits(train[0][idx], train[1][idx]))
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        sched.step()
        losses.append(loss.item())
        if len(losses) % 104 == 0:
            print(f"epoch {epoch} loss {np.mean(losses[-104:]):.4f} temperature {1 / model.log_temp.exp().item():.3f} "
                  f"recall@1 of 500: {recall(model, *test):.3f}")
print(f"linear baseline recall@1 {least_squares_recall(train, test):.3f}")
print(f"final recall@1 {recall(model, *test):.4f} recall@5 {recall(model, *test, k=5):.4f}")
