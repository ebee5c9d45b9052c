import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, *, broken):
        super().__init__()
        self.broken = broken
        self.first, self.middle, self.last = nn.Linear(8, 24), nn.Linear(24, 24), nn.Linear(24, 4)

    def forward(self, x):
        h = self.first(x).relu()
        h = (nn.Linear(24, 24) if self.broken else self.middle)(h).relu()
        return self.last(h)


def train(broken):
    x, y = blobs()
    model = Net(broken=broken)
    if broken:
        del model.middle
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y, epochs=4)
