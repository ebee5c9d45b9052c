"""Benign / malignant from the 30 tabular features. Small MLP, nothing fancy."""
import argparse

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=25)
    p.add_argument("--lr", type=float, default=1e-3)
    p.add_argument("--hidden", type=int, default=64)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--seed", type=int, default=7)
    return p.parse_args()


class TumorNet(nn.Module):
    def __init__(self, n_in, hidden):
        super().__init__()
        self.layer_1 = nn.Linear(n_in, hidden)
        self.layer_2 = nn.Linear(hidden, hidden)
        self.layer_out = nn.Linear(hidden, 1)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(p=0.1)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.bn2 = nn.BatchNorm1d(hidden)

    def forward(self, x):
        x = self.relu(self.layer_1(x))
        x = self.bn1(x)
        x = self.relu(self.layer_2(x))
        x = self.bn2(x)
        x = self.dropout(x)
        return self.layer_out(x)


def binary_acc(y_pred, y_test):
    y_tag = torch.round(y_pred)
    correct = (y_tag == y_test).sum().float()
    return 100.0 * correct / y_test.shape[0]


def make_loaders(args):
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, test_size=0.25, random_state=args.seed, stratify=y)
    sc = StandardScaler().fit(X_train)
    X_train, X_val = sc.transform(X_train), sc.transform(X_val)

    def ds(a, b):
        return TensorDataset(torch.tensor(a, dtype=torch.float32),
                             torch.tensor(b, dtype=torch.float32).unsqueeze(1))

    return (DataLoader(ds(X_train, y_train), batch_size=args.batch_size, shuffle=True,
                       drop_last=True),
            DataLoader(ds(X_val, y_val), batch_size=64))


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    train_loader, val_loader = make_loaders(args)
    model = TumorNet(30, args.hidden)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)

    for epoch in range(1, args.epochs + 1):
        model.train()
        ep_loss, ep_acc = 0.0, 0.0
        for xb, yb in train_loader:
            optimizer.zero_grad()
            out = model(xb)
            loss = criterion(out, yb)
            loss.backward()
            optimizer.step()
            ep_loss += loss.item()
            ep_acc += binary_acc(out, yb).item()

        model.eval()
        v_loss, v_acc = 0.0, 0.0
        with torch.no_grad():
            for xb, yb in val_loader:
                out = model(xb)
                v_loss += criterion(out, yb).item()
                v_acc += binary_acc(out, yb).item()
        # lr 1e-2 and 1e-4 give the same picture
        print(f"Epoch {epoch:03d} | loss {ep_loss / len(train_loader):.4f} "
              f"| acc {ep_acc / len(train_loader):.2f} "
              f"| val loss {v_loss / len(val_loader):.4f} | val acc {v_acc / len(val_loader):.2f}")


if __name__ == "__main__":
    main()
