"""A hypernetwork makes the weights of a small conditional regressor; activation with a hand-written backward."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class SwishFn(torch.autograd.Function):
    """x * sigmoid(x); keeps only x for the backward pass."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad_out):
        x, = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad_out * (s + x * s * (1 - s))


swish = SwishFn.apply
assert torch.autograd.gradcheck(swish, (torch.randn(7, dtype=torch.double, requires_grad=True),))


class HyperNet(nn.Module):
    """condition c (2 numbers) -> weights of a 1-H-1 network that is then applied to x."""

    def __init__(self, h=16, width=64):
        super().__init__()
        self.h = h
        self.inp, self.mid = nn.Linear(2, width), nn.Linear(width, width)
        self.out = nn.Linear(width, 3 * h + 1)
        nn.init.normal_(self.out.weight, std=0.02)
        with torch.no_grad():                      # a sensible main network at the start
            self.out.bias[:h] = torch.randn(h) * 1.5
            self.out.bias[h:2 * h] = torch.rand(h) * 4 - 2
            self.out.bias[2 * h:] = torch.randn(h + 1) / h ** 0.5

    def forward(self, c, x):
        w = self.out(swish(self.mid(swish(self.inp(c)))))
        w1, b1, w2, b2 = w.split([self.h, self.h, self.h, 1], dim=1)
        hidden = torch.tanh(x[:, :, None] * w1[:, None, :] + b1[:, None, :])
        return (hidden * w2[:, None, :]).sum(-1) + b2


def batch(n, points, noise, gen):
    c = 2 * torch.rand(n, 2, generator=gen) - 1
    x = 4 * torch.rand(n, points, generator=gen) - 2
    clean = c[:, :1] * torch.sin(2 * x) + torch.cos(x + 1.5 * c[:, 1:])
    return c, x, clean, clean + noise * torch.randn(n, points, generator=gen)


def main():
    torch.manual_seed(0)
    noise, steps = 0.1, 1400
    gen = torch.Generator().manual_seed(1)
    test_c, test_x, test_clean, test_y = batch(2000, 16, noise, torch.Generator().manual_seed(2))
    net = HyperNet()
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=steps, pct_start=0.1)
    window = []
    for step in range(1, steps + 1):
        c, x, _, y = batch(64, 16, noise, gen)
        loss = F.mse_loss(net(c, x), y)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        window.append(loss.item())
        if step % 200 == 0:
            with torch.no_grad():
                err = F.mse_loss(net(test_c, test_x), test_clean).item()
            print(f"step {step} train mse {sum(window) / len(window):.5f} (noise {noise ** 2:.3f}) error to the clean function {err:.5f}")
            window.clear()
    with torch.no_grad():
        pred = net(test_c, test_x)
    print(f"test mse {F.mse_loss(pred, test_y):.5f}, noise floor {noise ** 2:.5f}, target variance {test_y.var():.4f}")


if __name__ == "__main__":
    main()
