"""20 % of the training labels are wrong on purpose; mixup keeps the network from memorising them."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class NoisyDigits:
    def __init__(self, noise=0.2, seed=5):
        rng = np.random.default_rng(seed)
        X, y = load_digits(return_X_y=True)
        X = X.astype(np.float32) / 8 - 1
        Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=0.3, random_state=seed, stratify=y)
        self.clean = torch.tensor(ytr)
        flip = rng.random(len(ytr)) < noise
        shift = rng.integers(1, 10, size=len(ytr))
        noisy = np.where(flip, (ytr + shift) % 10, ytr)
        self.x, self.y = torch.tensor(Xtr), torch.tensor(noisy)
        self.x_test, self.y_test = torch.tensor(Xte), torch.tensor(yte)
        self.noise_rate = flip.mean()


class Trainer:
    def __init__(self, model, data, epochs=40, lr=4e-3, batch=128, alpha=1.0):
        self.model, self.data, self.epochs, self.batch = model, data, epochs, batch
        self.beta = torch.distributions.Beta(alpha, alpha)
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.1)
        n_steps = epochs * -(-len(data.x) // batch)
        self.sched = torch.optim.lr_scheduler.CosineAnnealingLR(self.opt, n_steps)

    def mixup_step(self, x, y):
        lam = self.beta.sample().item()
        perm = torch.randperm(len(x))
        logits = self.model(lam * x + (1 - lam) * x[perm])
        loss = lam * F.cross_entropy(logits, y) + (1 - lam) * F.cross_entropy(logits, y[perm])
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
        self.sched.step()
        return loss.item()

    def fit(self):
        for epoch in range(self.epochs):
            self.model.train()
            losses = []
            for idx in torch.randperm(len(self.data.x)).split(self.batch):
                losses.append(self.mixup_step(self.data.x[idx], self.data.y[idx]))
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1:3d} mixup loss {np.mean(losses):.3f} "
                      f"acc vs noisy train labels {self.accuracy(self.data.x, self.data.y):.3f} "
                      f"test acc {self.accuracy(self.data.x_test, self.data.y_test):.3f}")

    @torch.no_grad()
    def accuracy(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


def main():
    torch.manual_seed(5)
    data = NoisyDigits()
    print(f"label noise {data.noise_rate:.3f}: at most about {1 - data.noise_rate:.3f} of the train labels should be matched")
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    trainer = Trainer(model, data)
    trainer.fit()
    print(f"train accuracy against true labels {trainer.accuracy(data.x, data.clean):.4f}")
    print(f"clean test accuracy {trainer.accuracy(data.x_test, data.y_test):.4f}")


if __name__ == "__main__":
    main()
