import torch
from diagnosis.faults.made import batches, mlp, surface
from torch import nn


def train(broken):
    x, y = surface(200)
    sign = y.sign()
    model = mlp(4, 16, 1, act=nn.Identity)
    opt = torch.optim.SGD(model.parameters(), lr=1.0 if broken else 0.02, momentum=0.9)
    for index in batches(200, 40, 20):
        margin = sign[index] * model(x[index])[:, 0]
        loss = (1 - margin).relu().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
