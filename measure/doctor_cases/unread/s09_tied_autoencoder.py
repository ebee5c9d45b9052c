"""Denoising autoencoder with tied weights on the digits."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

SEED = 18
torch.manual_seed(SEED)
CODE, HIDDEN, EPOCHS, BATCH = 12, 96, 32, 64


class TiedAutoencoder(nn.Module):
    def __init__(self, d_in=64):
        super().__init__()
        self.enc1 = nn.Linear(d_in, HIDDEN)
        self.enc2 = nn.Linear(HIDDEN, CODE)
        self.bias1 = nn.Parameter(torch.zeros(d_in))
        self.bias2 = nn.Parameter(torch.zeros(HIDDEN))

    def encode(self, x):
        return self.enc2(F.elu(self.enc1(x)))

    def decode(self, z):
        h = F.elu(F.linear(z, self.enc2.weight.t(), self.bias2))
        return F.linear(h, self.enc1.weight.t(), self.bias1)

    def forward(self, x):
        return self.decode(self.encode(x))


def corrupt(x):
    noisy = x + 0.15 * torch.randn_like(x)
    noisy[torch.rand_like(x) < 0.15] = 0.0
    return noisy


def load():
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32)
    return train_test_split(X, test_size=0.3, random_state=SEED, stratify=y)


@torch.no_grad()
def test_error(model, noisy, clean):
    model.eval()
    return F.mse_loss(model(noisy), clean).item()


def main():
    x_train, x_test = load()
    with torch.random.fork_rng():
        torch.manual_seed(999)
        noisy_test = corrupt(x_test)
    model = TiedAutoencoder()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=EPOCHS, eta_min=1e-4)
    shuffle = torch.Generator()
    for epoch in range(1, EPOCHS + 1):
        shuffle.manual_seed(SEED + epoch)
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x_train), generator=shuffle).split(BATCH):
            clean = x_train[idx]
            loss = F.mse_loss(model(corrupt(clean)), clean, reduction="sum") / len(idx)
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 5.0)
            opt.step()
            total += loss.item() * len(idx)
        sched.step()
        print(f"epoch {epoch:2d} train loss per image {total / len(x_train):.4f} "
              f"test mse {test_error(model, noisy_test, x_test):.5f}")
    pca = PCA(CODE).fit(x_train.numpy())
    linear = torch.tensor(pca.inverse_transform(pca.transform(noisy_test.numpy())), dtype=torch.float32)
    print(f"noisy input mse {F.mse_loss(noisy_test, x_test).item():.5f}, PCA mse {F.mse_loss(linear, x_test).item():.5f}")
    print(f"denoised test mse {test_error(model, noisy_test, x_test):.5f}")


if __name__ == "__main__":
    main()
