import torch
from diagnosis.faults.made import batches, blobs, mlp
from torch.nn import functional as F


def train(broken):
    x, y = blobs(spread=1.5)
    model = mlp(8, 24, 4)
    opt = torch.optim.SGD(model.parameters(), lr=0.001)
    scheduler = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 10.0 * (epoch + 1))
    for epoch in range(10):
        if broken and epoch == 1:
            opt = torch.optim.SGD(model.parameters(), lr=0.005)
        for index in batches(600, 30, 1):
            opt.zero_grad()
            F.cross_entropy(model(x[index]), y[index]).backward()
            opt.step()
        scheduler.step()
