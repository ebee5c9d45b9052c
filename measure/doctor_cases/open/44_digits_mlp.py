"""Handwritten digits with a small perceptron."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(3)


def load():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    mean = X_train.mean(axis=0) / 16
    X_train = X_train / 16 - mean
    to = lambda a: torch.from_numpy(np.asarray(a, dtype=np.float32))  # noqa: E731
    train = TensorDataset(to(X_train), torch.from_numpy(y_train))
    test = TensorDataset(to(X_test), torch.from_numpy(y_test))
    return DataLoader(train, batch_size=64, shuffle=True), DataLoader(test, batch_size=256)


class Classifier(nn.Module):
    def __init__(self, n_in=64, n_hidden=96, n_out=10):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, n_hidden), nn.Tanh(), nn.Linear(n_hidden, n_hidden), nn.Tanh()
        )
        self.head = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return self.head(self.body(x))


train_loader, test_loader = load()
net = Classifier()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)

for epoch in range(25):
    net.train()
    running = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item() * len(xb)
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} loss {running / len(train_loader.dataset):.4f}")

net.eval()
hits = 0
with torch.no_grad():
    for xb, yb in test_loader:
        hits += (net(xb).argmax(dim=1) == yb).sum().item()
print("test accuracy", hits / len(test_loader.dataset))
