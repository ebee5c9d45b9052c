"""On which arm of a spiral does a point lie? This runs without an error, and hardly learns. Why not?"""

import math

import torch
from torch import nn

torch.manual_seed(0)


def spiral(n):
    arm = torch.randint(2, (n,))
    turn = torch.rand(n)
    angle = 2.5 * math.pi * turn + math.pi * arm
    radius = 0.3 + 2 * turn
    points = torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)
    return points + 0.05 * torch.randn(n, 2), arm


class Network(nn.Module):
    def __init__(self, width=24, depth=4):
        super().__init__()
        sizes = [2] + [width] * depth
        self.hidden = [nn.Linear(sizes[i], sizes[i + 1]) for i in range(depth)]
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))
        return self.out(x)


points, arms = spiral(1000)
network = Network()
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
for _ in range(30):
    for rows in torch.randperm(len(points)).split(50):
        loss = nn.functional.cross_entropy(network(points[rows]), arms[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with torch.no_grad():
    right = (network(points).argmax(1) == arms).float().mean()
print(f"right: {right:.0%}")
