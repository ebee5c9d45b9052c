import numpy as np
import torch

rng = np.random.default_rng(2)
torch.manual_seed(2)

knots = np.linspace(-3, 3, 25)
x = rng.uniform(-3, 3, size=500)
y = np.sin(1.5 * x) + 0.3 * x + rng.normal(0, 0.1, size=500)


def basis(x):
    """Gaussian bumps at the knots, then two learned layers."""
    return torch.tensor(np.exp(-((x[:, None] - knots) ** 2) / 0.5), dtype=torch.float32)


A, target = basis(x[:400]), torch.tensor(y[:400], dtype=torch.float32)
A_test, target_test = basis(x[400:]), torch.tensor(y[400:], dtype=torch.float32)

first = torch.empty(25, 16).normal_(0, 0.3).requires_grad_()
second = torch.empty(16).normal_(0, 0.3).requires_grad_()
shift = torch.zeros((), requires_grad=True)
params = [first, second, shift]


def model(A):
    return torch.nn.functional.softplus(A @ first) @ second + shift


lr, batch = 0.05, 50
for epoch in range(60):
    order = torch.randperm(len(A))
    for start in range(0, len(A), batch):
        i = order[start : start + batch]
        loss = (model(A[i]) - target[i]).square().mean()
        loss.backward()
        with torch.no_grad():
            for p in params:
                p -= lr * p.grad
    if epoch % 15 == 0:
        print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    mse = (model(A_test) - target_test).square().mean()
print("R2", (1 - mse / target_test.var()).item())
