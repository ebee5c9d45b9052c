# Label smoothing + exponential moving average of the weights; only the average is
# evaluated. The training loss cannot go below ~0.5 with smoothing 0.1, do not worry.
import copy

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class EMA:
    def __init__(self, model, decay):
        self.shadow = copy.deepcopy(model).eval()
        self.decay, self.n = decay, 0
        for p in self.shadow.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.mul_(d).add_(p, alpha=1 - d)
        for s, b in zip(self.shadow.buffers(), model.buffers()):
            s.copy_(b)


def build():
    return nn.Sequential(nn.Conv2d(1, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Conv2d(24, 48, 3, padding=1), nn.BatchNorm2d(48), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Dropout(0.3), nn.Linear(48 * 4, 10))


def jitter(x):
    """shift by up to one pixel"""
    dy, dx = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(x, (dy, dx), dims=(2, 3))


def main():
    torch.manual_seed(4)
    d = load_digits()
    x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16
    y = torch.tensor(d.target)
    perm = torch.randperm(len(x))
    x, y = x[perm], y[perm]
    dl = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=50, shuffle=True)
    xv, yv = x[1400:], y[1400:]

    model = build()
    ema = EMA(model, decay=0.98)
    smooth = nn.CrossEntropyLoss(label_smoothing=0.1)
    hard = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=10)
    for epoch in range(1, 11):
        model.train()
        tot = 0.0
        for xb, yb in dl:
            loss = smooth(model(jitter(xb)), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
            ema.update(model)
            tot += loss.item()
        sched.step()
        with torch.no_grad():
            out = ema.shadow(xv)
        print(f"epoch {epoch:2d} smoothed train loss {tot / len(dl):.4f} | EMA val loss {hard(out, yv):.4f} "
              f"val acc {(out.argmax(1) == yv).float().mean():.4f}")


if __name__ == "__main__":
    main()
