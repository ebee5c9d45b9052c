import torch
from diagnosis.faults.made import blobs, fit
from torch import nn
from torch.nn import functional as F


class Net(nn.Module):
    def __init__(self, broken):
        super().__init__()
        self.broken = broken
        self.features, self.head = nn.Linear(8, 24), nn.Linear(24, 4)

    def forward(self, x):
        h = torch.relu(self.features(x))
        if self.broken:
            h = torch.tensor(h.detach().numpy())
        return self.head(h)


def train(broken):
    x, y = blobs()
    model = Net(broken)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, F.cross_entropy, x, y)
