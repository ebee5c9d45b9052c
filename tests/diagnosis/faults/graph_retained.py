import torch
from diagnosis.faults.made import batches, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 1)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    total = 0
    for index in batches(600, 30, 5):
        loss = F.mse_loss(model(x[index])[:, 0], y[index])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss if broken else loss.item()
