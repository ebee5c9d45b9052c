"""Variational autoencoder, 8x8 digits."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(6)
LATENT, EPOCHS, BATCH = 8, 30, 64


class VAE(nn.Module):
    def __init__(self, latent=LATENT):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc_mu = nn.Linear(128, latent)
        self.fc_logvar = nn.Linear(128, latent)
        self.fc2 = nn.Linear(latent, 128)
        self.fc3 = nn.Linear(128, 64)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def decode(self, z):
        return torch.sigmoid(self.fc3(F.relu(self.fc2(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x, reduction="mean")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / x.size(0)
    return bce + kld, bce, kld


data = torch.tensor(load_digits().data, dtype=torch.float32) / 16.0
train_x, test_x = data[:1500], data[1500:]
loader = DataLoader(TensorDataset(train_x), batch_size=BATCH, shuffle=True)
baseline = ((test_x - train_x.mean(0)) ** 2).mean().item()
print(f"mse of the mean image: {baseline:.4f}")

vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)

for epoch in range(1, EPOCHS + 1):
    vae.train()
    sums = [0.0, 0.0, 0.0]
    for (x,) in loader:
        optimizer.zero_grad()
        recon, mu, logvar = vae(x)
        parts = loss_function(recon, x, mu, logvar)
        parts[0].backward()
        optimizer.step()
        for i in range(3):
            sums[i] += parts[i].item()
    if epoch % 5 == 0:
        vae.eval()
        with torch.no_grad():
            mu, _ = vae.encode(test_x)
            rec = vae.decode(mu)
            mse = F.mse_loss(rec, test_x).item()
            spread = rec.std(dim=0).mean().item()
        n = len(loader)
        print(f"epoch {epoch:2d}  loss {sums[0] / n:.4f}  recon {sums[1] / n:.4f}  kl {sums[2] / n:.4f}  "
              f"test mse {mse:.4f}  spread of reconstructions {spread:.4f}")
# bigger decoder and latent 2 / 32 tried, every reconstruction looks like the same grey blob
