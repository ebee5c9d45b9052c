import torch
from diagnosis.faults.made import batches, mlp, surface
from torch.nn import functional as F


def train(broken):
    x, _ = surface(features=12)
    model = mlp(12, 32, 12)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    for index in batches(600, 30, 4):
        if broken:
            generator.manual_seed(0)
        noisy = x[index] + 0.3 * torch.randn(x[index].shape, generator=generator)
        loss = F.mse_loss(model(noisy), x[index])
        opt.zero_grad()
        loss.backward()
        opt.step()
