import torch
from torch import nn

torch.manual_seed(20)
angle = 6.2832 * torch.rand(1000)
data = torch.stack([angle.cos(), angle.sin()], 1)
steps = torch.linspace(1e-3, 0.2, 50)
kept = torch.cumprod(1 - steps, 0)
model = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for _step in range(300):
    x = data[torch.randint(1000, (64,))]
    t = torch.randint(50, (64,))
    noise = torch.randn_like(x)
    share = kept[t][:, None]
    noisy = share.sqrt() * x + (1 - share).sqrt() * noise
    predicted = model(torch.cat([noisy, t[:, None] / 50], 1))
    loss = nn.functional.mse_loss(predicted, noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item())
