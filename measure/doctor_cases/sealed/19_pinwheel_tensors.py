"""Two-layer classifier on raw tensors."""

import math

import torch

torch.manual_seed(40)
gen = torch.Generator().manual_seed(40)
N_IN, N_HIDDEN, N_OUT = 2, 12, 3


def pinwheel(n):
    k = torch.randint(N_OUT, (n,), generator=gen)
    r = torch.rand(n, generator=gen) * 2 + 0.2
    angle = k * 2 * math.pi / N_OUT + 1.6 * r + 0.15 * torch.randn(n, generator=gen)
    return torch.stack([r * angle.cos(), r * angle.sin()], 1), k


W1 = (torch.randn(N_IN, N_HIDDEN, generator=gen) * 0.05).requires_grad_()
b1 = torch.zeros(N_HIDDEN, requires_grad=True)
W2 = (torch.randn(N_HIDDEN, N_OUT, generator=gen) * 0.1).requires_grad_()
b2 = torch.zeros(N_OUT, requires_grad=True)


def forward(x):
    h = torch.tanh(x @ W1 + b1)
    return h @ W2 + b2


def log_likelihood(scores, k):
    log_p = scores - scores.logsumexp(dim=1, keepdim=True)
    return log_p[torch.arange(len(k)), k].mean()


x_train, k_train = pinwheel(1200)
x_test, k_test = pinwheel(600)
optimizer = torch.optim.Adam([W2, b2], lr=0.03)

for step in range(1500):
    i = torch.randint(len(x_train), (100,), generator=gen)
    loss = -log_likelihood(forward(x_train[i]), k_train[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 300 == 0:
        print(step, round(loss.item(), 4))

with torch.no_grad():
    print("accuracy", (forward(x_test).argmax(1) == k_test).float().mean().item())
