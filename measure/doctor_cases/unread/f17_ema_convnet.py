"""Digit ConvNet; an exponential moving average of the weights is what gets evaluated."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 33
torch.manual_seed(SEED)


class ConvNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2))
        self.classifier = nn.Linear(8 * width, 10)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class ModelEMA:
    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).eval()
        self.decay = decay
        self.updates = 0
        for p in self.module.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        d = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for avg, p in zip(self.module.parameters(), model.parameters()):
            avg.mul_(d).add_(p, alpha=1 - d)


def load():
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X, dtype=torch.float32).view(-1, 1, 8, 8) / 16.0
    y = torch.tensor(y)
    tr, te = train_test_split(range(len(X)), test_size=0.35, random_state=SEED, stratify=y.numpy())
    return X[tr], y[tr], X[te], y[te]


def jitter(x):
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(x, (dy, dx), dims=(2, 3)) + 0.05 * torch.randn_like(x)


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    logits = model(x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main():
    x_train, y_train, x_test, y_test = load()
    model = ConvNet()
    ema = ModelEMA(model)
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(1, 11):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x_train)).split(48):
            loss = F.cross_entropy(model(jitter(x_train[idx])), y_train[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            ema.update(model)
            total += loss.item() * len(idx)
        test_loss, acc = evaluate(ema.module, x_test, y_test)
        print(f"epoch {epoch:2d} train loss {total / len(x_train):.4f} ema test loss {test_loss:.4f} acc {acc:.4f}")
    test_loss, acc = evaluate(ema.module, x_test, y_test)
    print(f"EMA model: test loss {test_loss:.4f} accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
