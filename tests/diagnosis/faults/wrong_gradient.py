import torch
from diagnosis.faults.made import fit, surface
from torch import nn
from torch.nn import functional as F


class Swish(torch.autograd.Function):
    sign = 1.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        gate = torch.sigmoid(x)
        return grad * Swish.sign * (gate + x * gate * (1 - gate))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.out = nn.Linear(4, 32), nn.Linear(32, 32), nn.Linear(32, 1)

    def forward(self, x):
        return self.out(Swish.apply(self.second(Swish.apply(self.first(x)))))


def train(broken):
    Swish.sign = -1.0 if broken else 1.0
    x, y = surface(600)
    model = Net()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    fit(model, opt, F.mse_loss, x, y[:, None], epochs=14)
