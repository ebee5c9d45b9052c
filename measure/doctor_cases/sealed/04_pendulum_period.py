import torch
from torch import nn
from torch.optim.lr_scheduler import ExponentialLR

torch.manual_seed(45)


def pendulum(n):
    """Period of a pendulum by length, amplitude and damping."""
    length = torch.rand(n, 1) * 2 + 0.5
    amplitude = torch.rand(n, 1) * 2.5
    damping = torch.rand(n, 1) * 0.5
    period = 2 * torch.pi * (length / 9.81).sqrt() * (1 + amplitude**2 / 16 + amplitude**4 / 300)
    return torch.cat([length, amplitude, damping], 1), period / (1 - damping**2).sqrt()


class PeriodNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(3, 40)
        self.mid = nn.Linear(40, 40)
        self.out = nn.Linear(40, 1)

    def forward(self, x):
        x = torch.tanh(self.inp(x - 1))
        x = torch.tanh(self.mid(x))
        return self.out(x)


def main():
    x, t = pendulum(1500)
    x_val, t_val = pendulum(400)
    net = PeriodNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    scheduler = ExponentialLR(optimizer, gamma=0.9)
    mse = nn.MSELoss()
    for epoch in range(30):
        running = 0.0
        for idx in torch.randperm(len(x)).split(30):
            optimizer.zero_grad()
            loss = mse(net(x[idx]), t[idx])
            loss.backward()
            optimizer.step()
            scheduler.step()
            running += loss.item()
        if epoch % 5 == 0:
            print("epoch", epoch, "loss", round(running / 50, 5))
    with torch.no_grad():
        score = 1 - mse(net(x_val), t_val) / t_val.var()
    print("r2", score.item())


main()
