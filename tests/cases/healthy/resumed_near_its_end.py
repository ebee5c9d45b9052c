import copy

import torch
from torch import nn

torch.manual_seed(5)
x = torch.rand(512, 2)
y = torch.where(torch.rand(512) < 0.5, x.sum(1), -x.sum(1)) + 0.1 * torch.randn(512)


def likelihood(net, rows):
    means, widths = net(x[rows]).chunk(2, 1)
    return -(-widths - 0.5 * ((y[rows, None] - means) / widths.exp()) ** 2).logsumexp(1).mean()


def train(net, optimizer, epochs):
    for _ in range(epochs):
        for rows in torch.randperm(512).split(32):
            optimizer.zero_grad()
            likelihood(net, rows).backward()
            optimizer.step()


def fresh():
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 4))


first = fresh()
with torch.no_grad():
    first[2].bias[2:] = -1.0
kept = copy.deepcopy(first.state_dict())
net = fresh()
net.load_state_dict(kept)
train(net, torch.optim.SGD(net.parameters(), lr=1e-7, momentum=0.9), 20)
print(likelihood(net, torch.arange(512)).item())
