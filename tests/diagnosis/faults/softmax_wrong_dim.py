import torch
from torch import nn
from torch.nn import functional as F


class Lookup(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.q, self.k = nn.Linear(6, 16), nn.Linear(6, 16)
        self.out = nn.Linear(4, 4)

    def forward(self, asked, keys, values):
        scores = self.q(asked) @ self.k(keys).transpose(1, 2) / 4
        return self.out(scores.softmax(dim=self.dim) @ values)


def train(broken):
    model = Lookup(1 if broken else 2)
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        places = torch.rand(32, 6).argsort(1)[:, :5]
        labels = torch.randint(4, (32, 5))
        which = torch.randint(5, (32, 3))
        keys, values = F.one_hot(places, 6).float(), F.one_hot(labels, 4).float()
        asked = F.one_hot(places.gather(1, which), 6).float()
        opt.zero_grad()
        out = model(asked, keys, values)
        F.cross_entropy(out.flatten(0, 1), labels.gather(1, which).flatten()).backward()
        opt.step()
