import torch
from diagnosis.faults.made import batches, mlp, surface
from torch import nn
from torch.nn import functional as F


def train(broken):
    x, y = surface()
    model = mlp(4, 24, 24, 1, act=nn.Tanh)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for index in batches(600, 300, 15):
        with torch.autocast("cpu", dtype=torch.float16 if broken else torch.bfloat16):
            out = model(x[index])[:, 0]
        loss = F.mse_loss(out.float(), y[index]) * 1e-6
        opt.zero_grad()
        loss.backward()
        opt.step()
