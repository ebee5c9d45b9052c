import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, Dataset


class PairDataset(Dataset):
    """Two digit images and 1.0 when they show the same digit."""

    def __init__(self, images, targets, n_pairs, seed):
        self.images = torch.tensor(images, dtype=torch.float32).unsqueeze(1) / 16
        self.targets = targets
        rng = np.random.default_rng(seed)
        by_class = [np.flatnonzero(targets == c) for c in range(10)]
        self.pairs = []
        for k in range(n_pairs):
            c = rng.integers(10)
            i = rng.choice(by_class[c])
            if k % 2 == 0:
                j, same = rng.choice(by_class[c]), 1.0
            else:
                j, same = rng.choice(by_class[(c + rng.integers(1, 10)) % 10]), 0.0
            self.pairs.append((i, j, same))

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, k):
        i, j, same = self.pairs[k]
        return self.images[i], self.images[j], torch.tensor(same)


class SiameseNetwork(nn.Module):
    def __init__(self, emb=16):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                                 nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Sequential(nn.Linear(32 * 4, 64), nn.ReLU(), nn.Linear(64, emb))

    def forward_once(self, x):
        return self.fc(self.cnn(x).flatten(1))

    def forward(self, a, b):
        return self.forward_once(a), self.forward_once(b)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, output1, output2, label):
        d = F.pairwise_distance(output1, output2)
        return torch.mean((1 - label) * d.pow(2) + label * torch.clamp(self.margin - d, min=0.0).pow(2))


def verification_auc(model, loader):
    model.eval()
    dist, same = [], []
    with torch.no_grad():
        for a, b, label in loader:
            ea, eb = model(a, b)
            dist.append(F.pairwise_distance(ea, eb))
            same.append(label)
    return roc_auc_score(torch.cat(same).numpy(), -torch.cat(dist).numpy())


def main():
    torch.manual_seed(0)
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    tr, te = order[:1300], order[1300:]
    train_loader = DataLoader(PairDataset(digits.images[tr], digits.target[tr], 3000, 1), batch_size=64, shuffle=True)
    test_loader = DataLoader(PairDataset(digits.images[te], digits.target[te], 1000, 2), batch_size=250)

    model = SiameseNetwork()
    criterion = ContrastiveLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(5):
        model.train()
        losses = []
        for a, b, label in train_loader:
            optimizer.zero_grad()
            loss = criterion(*model(a, b), label)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch} contrastive loss {np.mean(losses):.4f} test AUC {verification_auc(model, test_loader):.3f}")
    print(f"verification AUC (same vs different): {verification_auc(model, test_loader):.3f}")


if __name__ == "__main__":
    main()
