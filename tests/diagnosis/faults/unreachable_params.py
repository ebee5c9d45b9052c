import torch
from diagnosis.faults.made import fit, surface
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, broken):
        super().__init__()
        self.broken = broken
        self.first, self.skip, self.last = nn.Linear(4, 24), nn.Linear(4, 24), nn.Linear(24, 1)

    def forward(self, x):
        h, s = torch.tanh(self.first(x)), self.skip(x)
        return self.last(h if self.broken else h + s)[:, 0]


def train(broken):
    x, y = surface()
    model = Net(broken)
    fit(model, torch.optim.Adam(model.parameters(), lr=0.01), F.mse_loss, x, y, epochs=10)
