import math

import torch
from sklearn.datasets import make_moons
from torch import nn

torch.manual_seed(210)


class RandomFourier(nn.Module):
    """Approximates a Gaussian kernel; its weights stay as drawn."""

    def __init__(self, n_in, n_features, scale=2.0):
        super().__init__()
        self.project = nn.Linear(n_in, n_features)
        nn.init.normal_(self.project.weight, std=scale)
        nn.init.uniform_(self.project.bias, 0, 2 * math.pi)
        self.project.requires_grad_(False)
        self.norm = math.sqrt(2 / n_features)

    def forward(self, x):
        return self.norm * torch.cos(self.project(x))


def get(n, seed):
    X, y = make_moons(n, noise=0.15, random_state=seed)
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


x_train, y_train = get(800, 0)
x_test, y_test = get(800, 1)
model = nn.Sequential(RandomFourier(2, 300), nn.Linear(300, 1))
trainable = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.Adam(trainable, lr=0.05)
loss_fn = nn.BCEWithLogitsLoss()

for epoch in range(30):
    epoch_loss = 0.0
    for idx in torch.randperm(800).split(50):
        loss = loss_fn(model(x_train[idx])[:, 0], y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    if epoch % 10 == 0:
        print("epoch", epoch, "loss", epoch_loss / 16)

with torch.no_grad():
    correct = ((model(x_test)[:, 0] > 0).float() == y_test).float()
print("accuracy", correct.mean().item())
