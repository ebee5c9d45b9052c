import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

torch.manual_seed(0)

digits = load_digits().data.astype("float32") / 16.0
train_x, test_x = train_test_split(digits, test_size=0.2, random_state=0)
train_x, test_x = torch.tensor(train_x), torch.tensor(test_x)
loader = DataLoader(train_x, batch_size=64, shuffle=True)


class VAE(nn.Module):
    def __init__(self, n_in=64, n_hidden=128, n_latent=10):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU())
        self.fc_mu = nn.Linear(n_hidden, n_latent)
        self.fc_logvar = nn.Linear(n_hidden, n_latent)
        self.dec = nn.Sequential(
            nn.Linear(n_latent, n_hidden), nn.ReLU(),
            nn.Linear(n_hidden, n_in), nn.Sigmoid(),
        )

    def encode(self, x):
        h = self.enc(x)
        return self.fc_mu(h), self.fc_logvar(h)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.reparameterize(mu, logvar)
        return self.dec(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    recon = F.binary_cross_entropy(recon_x, x)
    kld = -0.5 * torch.mean(torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1))
    return recon + kld, recon, kld


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(1, 33):
    model.train()
    tot = rec = kl = 0.0
    for x in loader:
        optimizer.zero_grad()
        recon_x, mu, logvar = model(x)
        loss, r, k = loss_function(recon_x, x, mu, logvar)
        loss.backward()
        optimizer.step()
        tot += loss.item()
        rec += r.item()
        kl += k.item()
    if epoch % 4 == 0:
        n = len(loader)
        print("====> Epoch: {} loss {:.4f} recon {:.4f} kl {:.4f}".format(epoch, tot / n, rec / n, kl / n))

model.eval()
with torch.no_grad():
    mu, _ = model.encode(test_x)
    out = model.dec(mu)
    mse = F.mse_loss(out, test_x).item()
    base = F.mse_loss(train_x.mean(0).expand_as(test_x), test_x).item()
    spread = out.std(0).mean().item()

print("spread of the reconstructions over the test images: {:.4f} (data {:.4f})".format(
    spread, test_x.std(0).mean().item()))
print("share of the pixel variance explained: {:.3f}".format(1 - mse / base))
