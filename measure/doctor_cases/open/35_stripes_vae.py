import torch
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(12)
SIDE = 8


def stripes(n):
    """Pictures with one bright row and one bright column."""
    x = torch.zeros(n, SIDE, SIDE)
    rows, cols = torch.randint(SIDE, (n,)), torch.randint(SIDE, (n,))
    x[torch.arange(n), rows] = 1
    x[torch.arange(n), :, cols] = 1
    return x.view(n, -1)


class StripeVAE(nn.Module):
    def __init__(self, latent=6, hidden=128):
        super().__init__()
        self.fc1 = nn.Linear(SIDE * SIDE, hidden)
        self.fc_mu = nn.Linear(hidden, latent)
        self.fc_logvar = nn.Linear(hidden, latent)
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, SIDE * SIDE)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.decode(z), mu, logvar


def elbo(logits, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(logits, x)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec + kl


train, test = stripes(2000), stripes(400)
vae = StripeVAE()
optimizer = optim.Adam(vae.parameters(), lr=2e-3)
for epoch in range(30):
    total = 0.0
    for x in train[torch.randperm(len(train))].split(50):
        logits, mu, logvar = vae(x)
        loss = elbo(logits, x, mu, logvar)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1} loss {total:.2f}")

with torch.no_grad():
    mu, _ = vae.encode(test)
    shown = vae.decode(mu) > 0
bright = test > 0.5
iou = (shown & bright).sum().item() / (shown | bright).sum().item()
print("overlap of bright pixels", iou)
