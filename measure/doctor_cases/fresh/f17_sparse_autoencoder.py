# Autoencoder with my own activation (soft threshold, as in LISTA), written as an
# autograd Function because the real one will get a CUDA kernel later.
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(9)
np.random.seed(9)


class SoftThreshold(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.save_for_backward(x)
        ctx.lam = lam
        return torch.sign(x) * torch.clamp(x.abs() - lam, min=0.0)

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[x.abs() < ctx.lam] = 0
        return grad_input * torch.sign(x), None


class Shrink(nn.Module):
    def __init__(self, lam):
        super().__init__()
        self.lam = lam

    def forward(self, x):
        return SoftThreshold.apply(x, self.lam)


class SparseAE(nn.Module):
    def __init__(self, d_in=40, d_code=12, lam=0.1):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(d_in, 64), Shrink(lam), nn.Linear(64, d_code), Shrink(lam))
        self.decoder = nn.Sequential(nn.Linear(d_code, 64), Shrink(lam), nn.Linear(64, d_in))

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


def make_signals(n, d=40, n_atoms=12, k=3):
    """sums of k out of n_atoms smooth bumps"""
    t = np.linspace(0, 1, d)
    atoms = np.stack([np.exp(-((t - c) / 0.06) ** 2) for c in np.linspace(0.05, 0.95, n_atoms)])
    coef = np.zeros((n, n_atoms))
    for i in range(n):
        coef[i, np.random.choice(n_atoms, k, replace=False)] = np.random.uniform(-2, 2, k)
    x = coef @ atoms
    return torch.tensor(x / x.std(), dtype=torch.float32)


x_train, x_test = make_signals(2000), make_signals(400)
model = SparseAE()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
l1 = 1e-4
print("variance of the test signals: %.3f" % x_test.var().item())

for epoch in range(30):
    model.train()
    perm = torch.randperm(len(x_train))
    running = 0.0
    for i in range(0, len(perm), 50):
        xb = x_train[perm[i:i + 50]]
        opt.zero_grad()
        recon, code = model(xb)
        loss = mse(recon, xb) + l1 * code.abs().mean()
        loss.backward()
        opt.step()
        running += loss.item()
    if epoch % 5 == 4:
        model.eval()
        with torch.no_grad():
            recon, code = model(x_test)
        # also played with lr and width, no luck
        print("epoch %2d  train loss %.4f  test mse %.4f  zeros in the code %.2f"
              % (epoch + 1, running / 40, mse(recon, x_test).item(), (code == 0).float().mean().item()))
