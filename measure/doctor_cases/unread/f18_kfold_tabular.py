"""Five-fold cross-validation of a small tabular network."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

SEED = 41
np.random.seed(SEED)
torch.manual_seed(SEED)

FOLDS, EPOCHS, BATCH = 5, 25, 32


class TabularNet(nn.Module):
    def __init__(self, d_in, hidden=64, classes=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(d_in, hidden), nn.ReLU(),
            nn.Linear(hidden, hidden), nn.ReLU(),
            nn.Linear(hidden, classes))

    def forward(self, x):
        return self.layers(x)


def fold_tensors(X, y, train_idx, val_idx):
    scaler = StandardScaler().fit(X[train_idx])
    as_x = lambda i: torch.tensor(scaler.transform(X[i]), dtype=torch.float32)
    as_y = lambda i: torch.tensor(y[i])
    return as_x(train_idx), as_y(train_idx), as_x(val_idx), as_y(val_idx)


def train_one_fold(model, x_train, y_train):
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loader = DataLoader(TensorDataset(x_train, y_train), batch_size=BATCH, shuffle=True)
    model.train()
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(xb)
        if epoch % 5 == 0:
            print(f"    epoch {epoch:2d} loss {total / len(x_train):.4f}")


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def main():
    X, y = make_classification(n_samples=420, n_features=20, n_informative=6, n_classes=3,
                               flip_y=0.2, class_sep=1.0, random_state=SEED)
    model = TabularNet(X.shape[1])
    initial_state = model.state_dict()
    splitter = StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=SEED)
    scores = []
    for fold, (train_idx, val_idx) in enumerate(splitter.split(X, y), 1):
        print(f"fold {fold}")
        model.load_state_dict(initial_state)
        x_train, y_train, x_val, y_val = fold_tensors(X, y, train_idx, val_idx)
        train_one_fold(model, x_train, y_train)
        scores.append(accuracy(model, x_val, y_val))
        print(f"  train acc {accuracy(model, x_train, y_train):.3f} val acc {scores[-1]:.3f}")
    print(f"cross-validated accuracy {np.mean(scores):.4f} +- {np.std(scores):.4f}")


if __name__ == "__main__":
    main()
