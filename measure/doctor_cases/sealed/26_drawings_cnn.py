import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

rng = np.random.default_rng(5)
torch.manual_seed(5)


def draw(kind, size=10):
    """0: disc, 1: frame, 2: cross, with noise."""
    yy, xx = np.mgrid[:size, :size] - (size - 1) / 2 + rng.uniform(-1, 1, size=(2, 1, 1))
    if kind == 0:
        img = xx**2 + yy**2 < 9
    elif kind == 1:
        img = np.abs(np.maximum(abs(xx), abs(yy)) - 3) < 0.8
    else:
        img = np.minimum(abs(xx), abs(yy)) < 0.8
    return img + rng.normal(0, 0.4, (size, size))


class Drawings(Dataset):
    def __init__(self, n, shuffle):
        kinds = rng.integers(0, 3, n)
        images = np.stack([draw(k) for k in kinds]).astype("float32")
        self.labels = torch.from_numpy(kinds)
        if shuffle:
            rng.shuffle(images)
        self.images = torch.from_numpy(images)[:, None]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten()
        )
        self.classifier = nn.Linear(64, 3)

    def forward(self, x):
        return self.classifier(self.features(x))


train_loader = DataLoader(Drawings(1200, shuffle=True), batch_size=40)
test_loader = DataLoader(Drawings(400, shuffle=False), batch_size=100)
net = ConvNet()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    for x, y in train_loader:
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    ok = [(net(x).argmax(1) == y).float().mean().item() for x, y in test_loader]
print("accuracy", np.mean(ok))
