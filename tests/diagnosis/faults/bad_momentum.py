import torch
from diagnosis.faults.made import fit, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 1)
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.999 if broken else 0.9)
    fit(model, opt, lambda o, t: F.mse_loss(o[:, 0], t), x, y, epochs=8)
