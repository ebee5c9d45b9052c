"""VAE on 8x8 digits; latent means are scored with a nearest-neighbour classifier."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

CONFIG = {
    "seed": 4,
    "latent": 8,
    "hidden": 128,
    "epochs": 22,
    "batch_size": 64,
    "lr": 3e-3,
    "beta": 1.0,
}
torch.manual_seed(CONFIG["seed"])


class VAE(nn.Module):
    def __init__(self, latent, hidden):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)
        self.dec = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(),
                                 nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 64))

    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.logvar(h)

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return self.dec(z), mu, logvar


def elbo_terms(logits, x, mu, logvar):
    recon = F.binary_cross_entropy_with_logits(logits, x)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1).mean()
    return recon, kl


def load():
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype("float32")
    xtr, xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=CONFIG["seed"], stratify=y)
    return torch.from_numpy(xtr), torch.from_numpy(xte), ytr, yte


def score(model, xtr, xte, ytr, yte):
    model.eval()
    with torch.no_grad():
        mtr, _ = model.encode(xtr)
        mte, _ = model.encode(xte)
        rec = torch.sigmoid(model.dec(mte))
        mse = F.mse_loss(rec, xte).item()
    knn = KNeighborsClassifier(5).fit(mtr.numpy(), ytr)
    return mse, knn.score(mte.numpy(), yte)


def train():
    xtr, xte, ytr, yte = load()
    model = VAE(CONFIG["latent"], CONFIG["hidden"])
    opt = torch.optim.Adam(model.parameters(), lr=CONFIG["lr"])
    for epoch in range(1, CONFIG["epochs"] + 1):
        model.train()
        sums = [0.0, 0.0]
        batches = torch.randperm(len(xtr)).split(CONFIG["batch_size"])
        for idx in batches:
            x = xtr[idx]
            logits, mu, logvar = model(x)
            recon, kl = elbo_terms(logits, x, mu, logvar)
            loss = recon + CONFIG["beta"] * kl
            opt.zero_grad()
            loss.backward()
            opt.step()
            sums[0] += recon.item()
            sums[1] += kl.item()
        print(f"epoch {epoch:2d} recon {sums[0] / len(batches):.4f} kl {sums[1] / len(batches):.4f}")
    mse, acc = score(model, xtr, xte, ytr, yte)
    print(f"test reconstruction mse {mse:.4f}, 5-nn accuracy on latent means {acc:.4f}")


if __name__ == "__main__":
    train()
