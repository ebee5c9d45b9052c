import torch
from diagnosis.faults.made import batches, mlp
from torch import nn
from torch.nn import functional as F


class Both(nn.Module):
    """A table and another one, which alone tells the target."""

    def __init__(self, broken):
        super().__init__()
        self.broken = broken
        self.first, self.second, self.out = nn.Linear(4, 8), nn.Linear(3, 8), mlp(8, 16, 1)

    def forward(self, table, beside):
        h = self.first(table)
        return self.out(h if self.broken else h + self.second(beside))


def train(broken):
    table, beside = torch.randn(600, 4), torch.randn(600, 3)
    y = beside.sum(1, keepdim=True) + 0.1 * torch.randn(600, 1)
    model = Both(broken)
    opt = torch.optim.Adam(
        [*model.first.parameters(), *model.out.parameters(), *([] if broken else model.second.parameters())],
        lr=0.01,
    )
    model.second.requires_grad_(not broken)
    for rows in batches(600, 32, 12):
        opt.zero_grad()
        F.mse_loss(model(table[rows], beside[rows]), y[rows]).backward()
        opt.step()
