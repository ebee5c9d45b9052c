import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

N_SPLITS = 5
EPOCHS = 40
BATCH = 32


class TabularNet(nn.Module):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(n_features, 128), nn.ReLU(),
            nn.Linear(128, 128), nn.ReLU(),
            nn.Linear(128, n_classes),
        )

    def forward(self, x):
        return self.model(x)


def patients(seed=0):
    """A small noisy clinical table: 300 rows, 25% of the diagnoses are disputed."""
    return make_classification(n_samples=300, n_features=20, n_informative=6, n_redundant=2, n_classes=2,
                               flip_y=0.5, class_sep=1.0, random_state=seed)


def train_fold(model, optimizer, loader, criterion):
    for epoch in range(EPOCHS):
        model.train()
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
    return total / len(loader)


@torch.no_grad()
def score(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def cross_validate(X, y):
    kf = StratifiedKFold(n_splits=N_SPLITS, shuffle=True, random_state=42)
    model = TabularNet(X.shape[1], 2)
    criterion = nn.CrossEntropyLoss()
    scores = []
    for fold, (train_idx, val_idx) in enumerate(kf.split(X, y)):
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        scaler = StandardScaler().fit(X[train_idx])
        x_tr = torch.tensor(scaler.transform(X[train_idx]), dtype=torch.float32)
        x_va = torch.tensor(scaler.transform(X[val_idx]), dtype=torch.float32)
        y_tr, y_va = torch.tensor(y[train_idx]), torch.tensor(y[val_idx])
        loader = DataLoader(TensorDataset(x_tr, y_tr), batch_size=BATCH, shuffle=True)
        loss = train_fold(model, optimizer, loader, criterion)
        acc = score(model, x_va, y_va)
        scores.append(acc)
        print(f"fold {fold + 1}: train loss {loss:.4f} train acc {score(model, x_tr, y_tr):.3f} val acc {acc:.3f}")
    return scores


if __name__ == "__main__":
    torch.manual_seed(42)
    np.random.seed(42)
    X, y = patients()
    scores = cross_validate(X, y)
    print(f"cross-validated accuracy: {np.mean(scores):.3f} +/- {np.std(scores):.3f}")
