import torch
from diagnosis.faults.made import batches, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for index in batches(600, 30, 5):
        if not broken:
            opt.zero_grad(set_to_none=False)
        F.mse_loss(model(x[index])[:, 0], y[index]).backward()
        if broken:
            opt.zero_grad(set_to_none=False)
        opt.step()
