"""Self-supervised features: the student predicts the slow teacher's view of the same digit."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

torch.manual_seed(136)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16, dtype=torch.float32)


def view(x):
    keep = (torch.rand_like(x) < 0.8).float()
    return x * keep + 0.1 * torch.randn_like(x)


class Pair:
    def __init__(self, dim=16):
        self.student = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))
        self.teacher = self.student
        self.momentum = 0.99

    def parameters(self):
        return self.student.parameters()

    @torch.no_grad()
    def follow(self):
        for slow, fast in zip(self.teacher.parameters(), self.student.parameters(), strict=True):
            slow.mul_(self.momentum).add_(fast, alpha=1 - self.momentum)

    def loss(self, x):
        p = self.student(view(x))
        z = self.teacher(view(x))
        return F.mse_loss(p, z)


pair = Pair()
optimizer = torch.optim.Adam(pair.parameters(), lr=2e-3)
for epoch in range(20):
    for idx in torch.randperm(1300).split(100):
        loss = pair.loss(X[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        pair.follow()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(loss.item(), 5))

with torch.no_grad():
    features = pair.student(X)
probe = LogisticRegression(max_iter=300).fit(features[:1300], y[:1300])
print("probe accuracy", probe.score(features[1300:], y[1300:]))
