import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch import nn
from torch.nn import functional as F


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = mlp(8, 24, 24)
        self.price, self.kind = nn.Linear(24, 1), nn.Linear(24, 4)

    def forward(self, x):
        h = self.trunk(x).relu()
        return self.price(h)[:, 0], self.kind(h)


def train(broken):
    x, y = blobs(400)
    price = x[:, 0] + 0.5 * x[:, 1]
    price = 100_000 * price if broken else price
    model = Two()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for index in batches(400, 40, 12):
        guess, kind = model(x[index])
        loss = F.mse_loss(guess, price[index]) + F.cross_entropy(kind, y[index])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
