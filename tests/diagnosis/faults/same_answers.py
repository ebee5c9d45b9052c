import torch
from diagnosis.faults.made import batches
from torch import nn
from torch.nn import functional as F

PLACES = 12


class Decoder(nn.Module):
    """Answers for all places at once, from what is to tell them apart."""

    def __init__(self):
        super().__init__()
        self.first, self.place, self.out = nn.Linear(3, 24), nn.Linear(1, 24), nn.Linear(24, 2)

    def forward(self, row, place):
        return self.out(torch.tanh(self.first(row)[:, None] + self.place(place)))


def train(broken):
    row = torch.randn(400, 3)
    place = torch.linspace(-2, 2, PLACES).reshape(1, PLACES, 1).expand(400, -1, -1)
    y = torch.cat([torch.sin(place + row[:, None, :1]), place * row[:, None, 1:2]], 2)
    model = Decoder()
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    given = torch.zeros_like(place) if broken else place.contiguous()
    for rows in batches(400, 25, 25):
        opt.zero_grad()
        F.mse_loss(model(row[rows], given[rows]), y[rows]).backward()
        opt.step()
