"""Physics-informed network for u_t = 0.1 u_xx on [0, 1], u(x, 0) = sin(pi x) + 0.5 sin(3 pi x), u = 0 at the ends."""
import math

import torch
import torch.nn as nn

torch.set_default_dtype(torch.float32)
torch.manual_seed(0)
ALPHA = 0.1


def exact(x, t):
    return (torch.sin(math.pi * x) * torch.exp(-ALPHA * math.pi ** 2 * t)
            + 0.5 * torch.sin(3 * math.pi * x) * torch.exp(-9 * ALPHA * math.pi ** 2 * t))


class Net(nn.Module):
    def __init__(self, h=40):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, h), nn.Linear(h, h), nn.Linear(h, h)])
        self.out = nn.Linear(h, 1)
        for m in [*self.layers, self.out]:
            nn.init.xavier_normal_(m.weight)
            nn.init.zeros_(m.bias)

    def forward(self, x, t):
        z = torch.cat([2 * x - 1, 2 * t - 1], 1)
        for layer in self.layers:
            z = torch.tanh(layer(z))
        return self.out(z)


def residual(net, x, t):
    x.requires_grad_(True)
    t.requires_grad_(True)
    u = net(x, t)
    u_x, u_t = torch.autograd.grad(u.sum(), (x, t), create_graph=True)
    u_xx, = torch.autograd.grad(u_x.sum(), x, create_graph=True)
    return u_t - ALPHA * u_xx


def losses(net, n=200):
    pde = residual(net, torch.rand(n, 1), torch.rand(n, 1)).pow(2).mean()
    x0 = torch.rand(100, 1)
    initial = (net(x0, torch.zeros_like(x0)) - exact(x0, torch.zeros_like(x0))).pow(2).mean()
    tb = torch.rand(50, 1)
    edge = net(torch.zeros_like(tb), tb).pow(2).mean() + net(torch.ones_like(tb), tb).pow(2).mean()
    return pde, initial, edge


@torch.no_grad()
def relative_error(net, m=61):
    x, t = torch.meshgrid(torch.linspace(0, 1, m), torch.linspace(0, 1, m), indexing="ij")
    x, t = x.reshape(-1, 1), t.reshape(-1, 1)
    u = exact(x, t)
    return ((net(x, t) - u).norm() / u.norm()).item()


def train(net, steps=1300, lr=8e-3):
    opt = torch.optim.Adam(net.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, lr, total_steps=steps, pct_start=0.1)
    for step in range(1, steps + 1):
        pde, initial, edge = losses(net)
        loss = pde + 20 * initial + 20 * edge
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 200 == 0:
            print(f"step {step} pde {pde.item():.2e} initial {initial.item():.2e} edge {edge.item():.2e} "
                  f"relative L2 error {relative_error(net):.4f}")


if __name__ == "__main__":
    net = Net()
    print(f"relative L2 error before training {relative_error(net):.3f}")
    train(net)
    print(f"final relative L2 error against the exact solution {relative_error(net):.5f}")
