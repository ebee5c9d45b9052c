import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(spread=1.5)
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = 5000 if broken else 20
    scheduler = torch.optim.lr_scheduler.LinearLR(opt, start_factor=1e-3, total_iters=steps)
    for index in batches(600, 30, 10):
        opt.zero_grad()
        F.cross_entropy(model(x[index]), y[index]).backward()
        opt.step()
        scheduler.step()
