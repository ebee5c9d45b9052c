"""Small residual network on the 8x8 digits."""
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    width: int = 16
    batch_size: int = 32
    epochs: int = 5
    lr: float = 2e-3
    n_train_per_class: int = 130
    seed: int = 1


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Identity()
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return torch.relu(out + self.shortcut(x))


class MiniResNet(nn.Module):
    def __init__(self, width, num_classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.layer1 = BasicBlock(width, width)
        self.layer2 = BasicBlock(width, 2 * width, stride=2)
        self.fc = nn.Linear(2 * width, num_classes)

    def forward(self, x):
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(x.mean(dim=(2, 3)))


def read_class_folders(cfg):
    """Same layout as ImageFolder."""
    images, targets = load_digits(return_X_y=True)
    images = (images / 16.0).astype(np.float32).reshape(-1, 1, 8, 8)
    train, test = [], []
    for c in range(10):
        idx = np.flatnonzero(targets == c)
        train.extend((images[i], c) for i in idx[:cfg.n_train_per_class])
        test.extend((images[i], c) for i in idx[cfg.n_train_per_class:])
    to_ds = lambda s: TensorDataset(torch.tensor(np.stack([a for a, _ in s])), torch.tensor([b for _, b in s]))
    return to_ds(train), to_ds(test)


@torch.no_grad()
def accuracy(model, loader):
    model.eval()
    hits = sum((model(x).argmax(1) == y).sum().item() for x, y in loader)
    return hits / len(loader.dataset)


def train(cfg):
    torch.manual_seed(cfg.seed)
    train_ds, test_ds = read_class_folders(cfg)
    train_loader = DataLoader(train_ds, batch_size=cfg.batch_size, num_workers=0)
    test_loader = DataLoader(test_ds, batch_size=128)
    model = MiniResNet(cfg.width)
    opt = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        seen = hits = 0
        for x, y in train_loader:
            logits = model(x)
            loss = nn.functional.cross_entropy(logits, y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            hits += (logits.argmax(1) == y).sum().item()
            seen += len(y)
        print(f"epoch {epoch}: train acc {hits / seen:.3f} val acc {accuracy(model, test_loader):.3f}")
    return accuracy(model, test_loader)


if __name__ == "__main__":
    print(f"val accuracy = {train(Config()):.3f}")
