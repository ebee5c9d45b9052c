"""Regression with an error bar: average over random thinned networks."""

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(207)


def curve(n, noise=0.1):
    x = torch.rand(n, 1) * 6 - 3
    return x, torch.sin(x) + 0.3 * x + noise * torch.randn(n, 1)


class Uncertain(nn.Module):
    def __init__(self, width=128, p=0.1):
        super().__init__()
        self.p = p
        self.fc1 = nn.Linear(1, width)
        self.fc2 = nn.Linear(width, width)
        self.fc3 = nn.Linear(width, 1)

    def forward(self, x):
        x = F.dropout(torch.tanh(self.fc1(x)), self.p)
        x = F.dropout(torch.tanh(self.fc2(x)), self.p)
        return self.fc3(x)

    @torch.no_grad()
    def predict(self, x, passes=50):
        draws = torch.stack([self(x) for _ in range(passes)])
        return draws.mean(0), draws.std(0)


x_train, y_train = curve(600)
x_test, y_test = curve(300)
model = Uncertain()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, weight_decay=1e-5)

for epoch in range(80):
    for idx in torch.randperm(len(x_train)).split(60):
        loss = F.mse_loss(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 20 == 19:
        print("epoch", epoch + 1, "loss", round(loss.item(), 4))

mean, spread = model.predict(x_test)
print("mean spread", spread.mean().item())
print("R2", 1 - ((mean - y_test).pow(2).mean() / y_test.var()).item())
