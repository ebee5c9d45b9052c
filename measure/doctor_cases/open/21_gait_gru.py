import math

import torch
from torch import nn

torch.manual_seed(9)
T, FEATURES, CLASSES = 20, 3, 4


def record(kind):
    """One recording (time, channel): the kind sets the pace."""
    t = torch.arange(T) / T
    pace = 1.0 + 1.5 * kind
    phase = torch.rand(FEATURES) * 2 * math.pi
    wave = torch.sin(2 * math.pi * pace * t[:, None] + phase)
    return wave + 0.3 * torch.randn(T, FEATURES)


kinds = torch.randint(CLASSES, (1500,))
records = [record(k.item()) for k in kinds]


def collate(indices):
    x = torch.stack([records[i] for i in indices], dim=1)
    n_steps, n_batch, n_feat = x.shape
    x = x.view(n_batch, n_steps, n_feat)
    return x, kinds[indices]


class GaitNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(FEATURES, 40, batch_first=True)
        self.head = nn.Sequential(nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, CLASSES))

    def forward(self, x):
        _, h = self.gru(x)
        return self.head(h[-1])


net = GaitNet()
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(14):
    for idx in torch.randperm(1200).split(40):
        x, y = collate(idx)
        loss = nn.functional.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 0:
        print("epoch", epoch, "loss", loss.item())

hits = 0
with torch.no_grad():
    for idx in torch.arange(1200, 1500).split(60):
        x, y = collate(idx)
        hits += (net(x).argmax(1) == y).sum().item()
print("accuracy", hits / 300)
