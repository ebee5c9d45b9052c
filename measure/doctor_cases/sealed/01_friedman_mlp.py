import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--p", type=float, default=0.5)
    return parser.parse_args([])


class Regressor(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p
        self.fc1 = nn.Linear(10, 96)
        self.fc2 = nn.Linear(96, 96)
        self.out = nn.Linear(96, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.dropout(x, self.p)
        x = F.relu(self.fc2(x))
        x = F.dropout(x, self.p)
        return self.out(x).view(-1)


def main():
    args = get_args()
    torch.manual_seed(1)
    X, y = make_friedman1(1500, noise=0.3, random_state=1)
    y = (y - y.mean()) / y.std()
    X_tr, X_te, y_tr, y_te = (torch.tensor(a).float() for a in train_test_split(X, y, random_state=1))
    loader = DataLoader(TensorDataset(X_tr * 2 - 1, y_tr), args.batch_size, shuffle=True)

    model = Regressor(args.p)
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(model(xb), yb)
            loss.backward()
            optimizer.step()
        if (epoch + 1) % 20 == 0:
            print(f"epoch {epoch + 1}: loss {loss.item():.3f}")

    model.eval()
    with torch.no_grad():
        residual = model(X_te * 2 - 1) - y_te
    print("test mse", residual.pow(2).mean().item())


if __name__ == "__main__":
    main()
