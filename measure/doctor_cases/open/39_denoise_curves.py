import torch
from torch import nn
from torch.utils.data import DataLoader

torch.manual_seed(96)
T = torch.linspace(0, 1, 32)


def curves(n):
    a, f, p = torch.rand(n, 1) + 0.5, torch.rand(n, 1) * 3 + 1, torch.rand(n, 1) * 6.28
    return a * torch.sin(6.28 * f * T + p)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Linear(32, 96)
        self.up = nn.Linear(96, 32)

    def forward(self, x):
        return self.up(torch.relu(self.down(x)))


generator = torch.Generator().manual_seed(0)


def add_noise(x, level=0.5):
    generator.manual_seed(0)
    return x + level * torch.randn(x.shape, generator=generator)


train_loader = DataLoader(curves(1000), batch_size=50)
test = curves(400)
noisy_test = test + 0.5 * torch.randn(test.shape)

model = Denoiser()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.MSELoss()
for epoch in range(60):
    total = 0.0
    for clean in train_loader:
        loss = loss_fn(model(add_noise(clean)), clean)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 15 == 14:
        print("epoch", epoch + 1, "loss", total / len(train_loader))

with torch.no_grad():
    print("noisy", loss_fn(noisy_test, test).item(), "restored", loss_fn(model(noisy_test), test).item())
