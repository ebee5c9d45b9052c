import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(237)


def calls(n):
    """Calls in an hour by hour of the day and temperature."""
    hour = torch.rand(n) * 24
    warm = torch.randn(n)
    rate = 8 + 6 * torch.sin(hour / 24 * 6.283) + 2 * warm.relu()
    x = torch.stack([torch.sin(hour / 24 * 6.283), torch.cos(hour / 24 * 6.283), warm], 1)
    return x, torch.poisson(rate)


class RateNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.rate = nn.Sequential(nn.Linear(32, 1), nn.Softplus())

    def forward(self, x):
        return self.rate(self.body(x)).squeeze(1)


loader = DataLoader(TensorDataset(*calls(2000)), batch_size=64, shuffle=True)
x_test, k_test = calls(600)
model = RateNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
criterion = nn.PoissonNLLLoss(log_input=False)
for epoch in range(20):
    total = 0.0
    for x, k in loader:
        loss = criterion(model(x), k)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(total / len(loader), 4))


def deviance(rate, k):
    return 2 * (torch.xlogy(k, k / rate) - (k - rate)).mean()


with torch.no_grad():
    explained = 1 - deviance(model(x_test), k_test) / deviance(k_test.mean().expand_as(k_test), k_test)
print("deviance explained", explained.item())
