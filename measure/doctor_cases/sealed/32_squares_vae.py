import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(252)


def squares(n, side=9):
    """Bright squares of three sizes anywhere."""
    x = torch.zeros(n, side, side)
    size = torch.randint(2, 5, (n,))
    for k in range(n):
        s = size[k].item()
        i, j = torch.randint(side - s + 1, (2,)).tolist()
        x[k, i : i + s, j : j + s] = 1
    return x.flatten(1)


class VAE(nn.Module):
    def __init__(self, latent=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(81, 128), nn.ReLU(), nn.Linear(128, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, 128), nn.ReLU(), nn.Linear(128, 81))

    def forward(self, x):
        mu, logvar = self.encoder(x).chunk(2, dim=1)
        z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
        return self.decoder(z), mu, logvar


train, test = squares(1500), squares(300)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(30):
    beta = min(1.0, epoch / 10)
    for x in train[torch.randperm(1500)].split(50):
        logits, mu, logvar = model(x)
        rec = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()
        loss = rec + beta * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} rec {rec.item() / 50:.2f} kl {kl.item() / 50:.2f}")

model.eval()
with torch.no_grad():
    shown = model.decoder(model.encoder(test)[:, :8]) > 0
    bright = test > 0
print("overlap", ((shown & bright).sum() / (shown | bright).sum()).item())
