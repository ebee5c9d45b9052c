"""One trunk, two heads: price and kind of an object."""

import numpy as np
import torch
import torch.nn as nn

np.random.seed(4)
torch.manual_seed(4)

n = 1600
features = np.random.randn(n, 8)
area = np.exp(0.4 * features[:, 0] + 0.2 * features[:, 1])
price = 200_000 * area * (1 + 0.05 * np.random.randn(n))
angle = np.arctan2(features[:, 2], features[:, 3])
kind = ((angle + np.pi) / (2 * np.pi) * 4).astype(int).clip(0, 3)

X = torch.tensor(features, dtype=torch.float32)
price = torch.tensor(price, dtype=torch.float32)
kind = torch.tensor(kind)


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU())
        self.price_head = nn.Linear(48, 1)
        self.kind_head = nn.Linear(48, 4)

    def forward(self, x):
        h = self.trunk(x)
        return self.price_head(h)[:, 0], self.kind_head(h)


class Trainer:
    def __init__(self, model, lr=0.02):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.mse = nn.MSELoss()
        self.ce = nn.CrossEntropyLoss()

    def step(self, x, price, kind):
        p, logits = self.model(x)
        total = self.mse(p, price) + self.ce(logits, kind)
        self.optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return total.item()

    def fit(self, epochs, batch=50):
        for epoch in range(epochs):
            for i in torch.randperm(1200).split(batch):
                total = self.step(X[i], price[i], kind[i])
            if epoch % 10 == 9:
                print("epoch", epoch + 1, "total", total)


net = TwoHeads()
Trainer(net).fit(40)
with torch.no_grad():
    _, logits = net(X[1200:])
print("kind accuracy", (logits.argmax(1) == kind[1200:]).float().mean().item())
