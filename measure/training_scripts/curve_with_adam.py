"""A curve, in batches of a permutation that the script cuts itself, with a loss that it writes itself."""

import torch
from torch import nn

torch.manual_seed(2)
x = torch.linspace(-1, 1, 128).unsqueeze(1)
y = torch.sin(5 * x) + 0.1 * torch.randn_like(x)
net = nn.Sequential(nn.Linear(1, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 1))
for layer in net[::2]:
    nn.init.xavier_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
adam = torch.optim.Adam(net.parameters(), lr=3e-3)
for _ in range(40):
    order = torch.randperm(len(x))
    for rows in order.split(16):
        adam.zero_grad()
        loss = ((net(x[rows]) - y[rows]) ** 2).mean()
        loss.backward()
        adam.step()
with torch.no_grad():
    print("final mse", ((net(x) - y) ** 2).mean().item())
