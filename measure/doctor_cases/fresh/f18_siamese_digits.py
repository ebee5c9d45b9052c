"""Siamese network with the contrastive loss (Hadsell, Chopra, LeCun 2006) on digits."""
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


def seed_all(s):
    random.seed(s)
    torch.manual_seed(s)


class PairDataset(Dataset):
    """returns two images and 1.0 if they show the same digit, else 0.0"""

    def __init__(self, x, y, n_pairs):
        self.x, self.y, self.n_pairs = x, y, n_pairs
        self.by_class = {c: (y == c).nonzero().ravel().tolist() for c in range(10)}

    def __len__(self):
        return self.n_pairs

    def __getitem__(self, _):
        i = random.randrange(len(self.x))
        c = int(self.y[i])
        same = random.random() < 0.5
        if same:
            j = random.choice(self.by_class[c])
        else:
            other = random.choice([k for k in range(10) if k != c])
            j = random.choice(self.by_class[other])
        return self.x[i], self.x[j], torch.tensor(float(same))


class EmbeddingNet(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                  nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Linear(32 * 4, dim)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


def euclidean(a, b):
    return torch.sqrt(((a - b) ** 2).sum(dim=1))


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, z1, z2, same):
        d = euclidean(z1, z2)
        pos = same * d.pow(2)
        neg = (1 - same) * F.relu(self.margin - d).pow(2)
        return 0.5 * (pos + neg).mean()


@torch.no_grad()
def pair_accuracy(net, loader, thr=0.5):
    net.eval()
    hit = n = 0
    for a, b, same in loader:
        pred = (euclidean(net(a), net(b)) < thr).float()
        hit += (pred == same).sum().item()
        n += len(same)
    return hit / n


seed_all(12)
digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16.0
Y = torch.tensor(digits.target)
train_dl = DataLoader(PairDataset(X[:1300], Y[:1300], 4000), batch_size=64)
test_dl = DataLoader(PairDataset(X[1300:], Y[1300:], 1000), batch_size=200)

net = EmbeddingNet()
crit = ContrastiveLoss()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(1, 7):
    net.train()
    total = 0.0
    for a, b, same in train_dl:
        opt.zero_grad()
        loss = crit(net(a), net(b), same)
        loss.backward()
        opt.step()
        total += loss.item()
    # same with lr = 1e-5
    print(f"epoch {epoch}: contrastive loss {total / len(train_dl):.4f}, "
          f"test pair accuracy {pair_accuracy(net, test_dl):.3f}")
