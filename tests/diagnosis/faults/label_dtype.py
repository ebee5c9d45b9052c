import torch
from diagnosis.faults.made import fit, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    y = torch.sigmoid(y) * 0.9
    y = y.long() if broken else y
    model = mlp(4, 24, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(model, opt, lambda out, t: F.mse_loss(out[:, 0], t.float()), x, y)
