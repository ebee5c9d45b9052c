import torch
from diagnosis.faults.made import fit, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 1)
    opt = torch.optim.SGD(model.parameters(), lr=0.02)
    fit(model, opt, lambda out, t: (-1 if broken else 1) * F.mse_loss(out[:, 0], t), x, y, epochs=12)
