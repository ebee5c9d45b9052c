import torch
from torch import nn

torch.manual_seed(3)
generator = nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(0.2), nn.BatchNorm1d(32), nn.Linear(32, 2))
critic = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Sigmoid())
opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCELoss()
for _step in range(300):
    angle = 6.2832 * torch.rand(64)
    real = torch.stack([torch.cos(angle), torch.sin(angle)], 1)
    ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
    fake = generator(torch.randn(64, 4))
    opt_d.zero_grad()
    loss_d = bce(critic(real), ones) + bce(critic(fake.detach()), zeros)
    loss_d.backward()
    opt_d.step()
    opt_g.zero_grad()
    loss_g = bce(critic(fake), ones)
    loss_g.backward()
    opt_g.step()
generator.eval()
with torch.no_grad():
    print(generator(torch.randn(500, 4)).norm(dim=1).mean().item())
