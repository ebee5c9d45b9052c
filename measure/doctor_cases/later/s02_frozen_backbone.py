# Transfer learning: a small CNN learns digits 0-4, then its trunk is frozen
# and only a new head learns digits 5-9.
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(1)
np.random.seed(1)


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Flatten())

    def forward(self, x):
        return self.body(x)


class Classifier(nn.Module):
    def __init__(self, trunk, n_out):
        super().__init__()
        self.trunk = trunk
        self.head = nn.Linear(32 * 16, n_out)

    def forward(self, x):
        return self.head(self.trunk(x))


def epochs(model, x, y, n_epochs, lr, frozen_trunk=False, bs=64):
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(params, lr=lr, weight_decay=1e-4)
    for ep in range(n_epochs):
        model.train()
        if frozen_trunk:
            model.trunk.eval()      # keep running statistics of the source task
        total = 0.0
        perm = torch.randperm(len(x))
        for idx in perm.split(bs):
            opt.zero_grad()
            loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        print(f"  epoch {ep:2d} loss {total / len(x):.4f}")


@torch.no_grad()
def acc(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


digits = load_digits()
X = torch.tensor(digits.images / 16.0, dtype=torch.float32).unsqueeze(1)
Y = torch.tensor(digits.target)
src, tgt = Y < 5, Y >= 5


def split(mask, offset):
    x, y = X[mask], Y[mask] - offset
    itr, ite = train_test_split(np.arange(len(x)), test_size=0.25, random_state=0, stratify=y.numpy())
    return x[itr], y[itr], x[ite], y[ite]


xs, ys, xs_te, ys_te = split(src, 0)
xt, yt, xt_te, yt_te = split(tgt, 5)

print("pretraining on 0-4")
source = Classifier(Trunk(), 5)
epochs(source, xs, ys, 10, 3e-3)
print(f"source test accuracy {acc(source, xs_te, ys_te):.4f}")

print("transfer to 5-9, trunk frozen")
target = Classifier(source.trunk, 5)
for p in target.trunk.parameters():
    p.requires_grad_(False)
before = target.trunk.body[1].running_mean.clone()
epochs(target, xt, yt, 20, 3e-3, frozen_trunk=True)
assert torch.equal(before, target.trunk.body[1].running_mean)
print(f"train accuracy {acc(target, xt, yt):.4f}")
print(f"final target test accuracy {acc(target, xt_te, yt_te):.4f}")
