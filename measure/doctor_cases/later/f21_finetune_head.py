import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
np.random.seed(0)


class SmallCNN(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        )
        self.fc = nn.Linear(32 * 4 * 4, num_classes)

    def forward(self, x):
        return self.fc(torch.flatten(self.features(x), 1))


def digit_loaders(classes, n_train, batch_size=32):
    X, y = load_digits(return_X_y=True)
    keep = np.isin(y, classes)
    X, y = X[keep] / 16.0, np.searchsorted(classes, y[keep])
    order = np.random.permutation(len(y))
    X = torch.tensor(X[order], dtype=torch.float32).view(-1, 1, 8, 8)
    y = torch.tensor(y[order])
    train = TensorDataset(X[:n_train], y[:n_train])
    test = TensorDataset(X[n_train:], y[n_train:])
    return DataLoader(train, batch_size=batch_size, shuffle=True), DataLoader(test, batch_size=200)


def train_model(model, loader, test_loader, optimizer, epochs, tag):
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"[{tag}] epoch {epoch} loss {total / len(loader):.4f} test acc {test_model(model, test_loader):.3f}")


def test_model(model, loader):
    model.eval()
    correct = n = 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum().item()
            n += len(y)
    return correct / n


# ---- "pretrained" network: digits 0-5
source_train, source_test = digit_loaders([0, 1, 2, 3, 4, 5], 800)
pretrained = SmallCNN(6)
train_model(pretrained, source_train, source_test, torch.optim.Adam(pretrained.parameters(), lr=1e-3), 4, "pretrain")
weights = copy.deepcopy(pretrained.state_dict())

# ---- new task: digits 6-9, only the classifier is trained
target_train, target_test = digit_loaders([6, 7, 8, 9], 240)
model = SmallCNN(6)
model.load_state_dict(weights)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for param in model.parameters():
    param.requires_grad = False
model.fc = nn.Linear(model.fc.in_features, 4)

train_model(model, target_train, target_test, optimizer, 12, "finetune")
print(f"accuracy on the new classes: {test_model(model, target_test):.3f}")
