import torch
from diagnosis.faults.made import fit, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    y = torch.where(torch.rand(600, generator=torch.Generator().manual_seed(1)) < 0.7, 0.0, 3 + y)
    model = mlp(4, 24, 1)
    loss = F.l1_loss if broken else F.mse_loss
    y = y if broken else surface()[1]
    fit(model, torch.optim.Adam(model.parameters(), lr=0.005), lambda o, t: loss(o[:, 0], t), x, y, epochs=8)
