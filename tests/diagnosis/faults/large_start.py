import torch
from diagnosis.faults.made import blobs
from torch import nn
from torch.nn import functional as F


class Neighbours(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(8, 16), nn.Linear(16, 4)

    def forward(self, x, near):
        return near @ self.second((near @ self.first(x)).relu())


def train(broken):
    x, y = blobs(120)
    near = (torch.rand(120, 120) < torch.where(y[:, None] == y, 0.5, 0.1)).float()
    near = near if broken else near / near.sum(1, keepdim=True)
    model = Neighbours()
    opt = torch.optim.Adam(model.parameters(), lr=0.001 if broken else 0.02)
    for _ in range(70):
        opt.zero_grad()
        F.cross_entropy(model(x, near), y).backward()
        opt.step()
