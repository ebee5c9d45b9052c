"""Fine-tuning: the backbone is frozen, in eval mode for its batch norm; the head alone is trained."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

torch.manual_seed(6)
digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float32), torch.tensor(digits.target)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 32))
        self.head = nn.Sequential(nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10))

    def forward(self, x):
        return self.head(self.backbone(x))


def train(model, parameters, targets, epochs):
    optimizer = torch.optim.Adam(parameters, lr=3e-3)
    for _ in range(epochs):
        for index in torch.randperm(1500).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(X[index]), targets[index]).backward()
            optimizer.step()


model = Net()
train(model, model.parameters(), y, 4)
for parameter in model.backbone.parameters():
    parameter.requires_grad_(False)
model.eval()
model.head = nn.Sequential(nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 2))
train(model, model.head.parameters(), y % 2, 6)
model.eval()
with torch.no_grad():
    print((model(X[1500:]).argmax(1) == y[1500:] % 2).float().mean().item())
