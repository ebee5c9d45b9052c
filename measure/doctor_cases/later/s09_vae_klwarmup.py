"""Bernoulli VAE on dynamically binarised digits, KL warm-up over the first third."""
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


@dataclass
class HP:
    latent: int = 8
    hidden: int = 160
    epochs: int = 60
    warmup: int = 20
    lr: float = 6e-3
    batch: int = 64


class VAE(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, hp.hidden), nn.ReLU(), nn.Linear(hp.hidden, 2 * hp.latent))
        self.dec = nn.Sequential(nn.Linear(hp.latent, hp.hidden), nn.ReLU(), nn.Linear(hp.hidden, 64))

    def forward(self, x):
        mu, logvar = self.enc(x).chunk(2, -1)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


def elbo_terms(model, x):
    logits, mu, logvar = model(x)
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1).mean()
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(-1).mean()
    return rec, kl


@torch.no_grad()
def negative_elbo(model, probs, repeats=10):
    """Averaged over binarisations and latent draws."""
    model.eval()
    out = [torch.stack(elbo_terms(model, torch.bernoulli(probs))) for _ in range(repeats)]
    return torch.stack(out).mean(0)


def main():
    torch.manual_seed(7)
    hp = HP()
    X = load_digits().data / 16.0
    tr, te = train_test_split(X, test_size=0.25, random_state=7)
    tr, te = torch.tensor(tr, dtype=torch.float32), torch.tensor(te, dtype=torch.float32)

    # what independent pixels would reach
    p = tr.mean(0).clamp(1e-3, 1 - 1e-3)
    base = F.binary_cross_entropy(p.expand_as(te), te, reduction="none").sum(-1).mean().item()
    print(f"independent-pixel NLL on test {base:.2f} nats")

    model = VAE(hp)
    opt = torch.optim.Adam(model.parameters(), lr=hp.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, hp.epochs)
    for epoch in range(hp.epochs):
        beta = min(1.0, (epoch + 1) / hp.warmup)
        model.train()
        sums = torch.zeros(2)
        for idx in torch.randperm(len(tr)).split(hp.batch):
            x = torch.bernoulli(tr[idx])
            rec, kl = elbo_terms(model, x)
            opt.zero_grad()
            (rec + beta * kl).backward()
            opt.step()
            sums += torch.tensor([rec.item(), kl.item()]) * len(idx)
        sched.step()
        if (epoch + 1) % 10 == 0:
            rec, kl = (sums / len(tr)).tolist()
            te_rec, te_kl = negative_elbo(model, te).tolist()
            print(f"epoch {epoch + 1} beta {beta:.2f} train rec {rec:.2f} kl {kl:.2f} test -ELBO {te_rec + te_kl:.2f}")
    tr_rec, tr_kl = negative_elbo(model, tr).tolist()
    te_rec, te_kl = negative_elbo(model, te).tolist()
    print(f"final -ELBO train {tr_rec + tr_kl:.2f} test {te_rec + te_kl:.2f} (rec {te_rec:.2f} kl {te_kl:.2f})")


if __name__ == "__main__":
    main()
