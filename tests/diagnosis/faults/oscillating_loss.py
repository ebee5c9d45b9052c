import torch
from diagnosis.faults.made import surface
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = surface(120)
    model = nn.Linear(4, 1)
    opt = torch.optim.SGD(model.parameters(), lr=3.0 if broken else 0.05)
    for _ in range(120):
        opt.zero_grad()
        (F.l1_loss if broken else F.mse_loss)(model(x * 1.0)[:, 0], y).backward()
        opt.step()
