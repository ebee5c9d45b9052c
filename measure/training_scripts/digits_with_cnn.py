"""Handwritten digits, a small convolutional network."""

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(4)
pictures, labels = load_digits(return_X_y=True)
x = torch.tensor(pictures, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
y = torch.tensor(labels)
model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(54, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for _ in range(3):
    for rows in torch.randperm(len(x)).split(64):
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"accuracy: {(model(x).argmax(1) == y).float().mean().item():.3f}")
