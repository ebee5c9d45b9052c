import torch
from torch import nn

torch.manual_seed(23)
net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
mse = nn.MSELoss()
for _step in range(400):
    t = torch.linspace(0, 2, 40).unsqueeze(1).requires_grad_()
    u = net(t)
    slope = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    residual = slope + u  # u' = -u, u(0) = 1
    start = net(torch.zeros(1, 1))
    loss = mse(residual, torch.zeros_like(residual)) + mse(start, torch.ones_like(start))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(net(torch.tensor([[1.0]])).item())
