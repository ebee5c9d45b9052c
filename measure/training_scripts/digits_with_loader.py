"""Handwritten digits, a network of two layers, a DataLoader."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
pictures, labels = load_digits(return_X_y=True)
x = torch.tensor(pictures, dtype=torch.float32) / 16
y = torch.tensor(labels)
loader = DataLoader(TensorDataset(x, y), batch_size=64, shuffle=True)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 24)
        self.out = nn.Linear(24, 10)

    def forward(self, pictures):
        return self.out(torch.relu(self.hidden(pictures)))


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for _ in range(4):
    for xb, yb in loader:
        loss = nn.functional.cross_entropy(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
accuracy = (model(x).argmax(1) == y).float().mean().item()
print(f"training accuracy: {accuracy:.3f}")
