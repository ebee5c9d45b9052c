import torch
from torch import nn

torch.manual_seed(25)
generator = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 1))
critic = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))
opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))
for step in range(250):
    real = 2 + 0.5 * torch.randn(64, 1)
    with torch.no_grad():
        fake = generator(torch.randn(64, 2))
    between = (0.5 * real + 0.5 * fake).requires_grad_()
    slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
    loss_c = critic(fake).mean() - critic(real).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()
    opt_c.zero_grad()
    loss_c.backward()
    opt_c.step()
    if step % 5 == 4:
        loss_g = -critic(generator(torch.randn(64, 2))).mean()
        opt_g.zero_grad()
        loss_g.backward()
        opt_g.step()
print(generator(torch.randn(500, 2)).mean().item())
