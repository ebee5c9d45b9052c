"""First try with mixed precision on the CPU (bfloat16 autocast), digits as a smoke test."""
import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--batch_size", type=int, default=64)
parser.add_argument("--no_amp", action="store_true")
parser.add_argument("--seed", type=int, default=2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(64, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 10)
        self.act = nn.ReLU()

    def forward(self, x):
        x = self.flatten(x)
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.fc3(x)


def loaders(args):
    d = load_digits()
    x_tr, x_te, y_tr, y_te = train_test_split(d.images, d.target, test_size=0.25,
                                              random_state=args.seed, stratify=d.target)

    def pack(x, y):
        x = torch.tensor(x, dtype=torch.float32) / 16.0
        return TensorDataset((x - 0.3) / 0.38, torch.tensor(y))

    return (DataLoader(pack(x_tr, y_tr), batch_size=args.batch_size, shuffle=True),
            DataLoader(pack(x_te, y_te), batch_size=256))


def train(args, model, loader, optimizer, criterion):
    model.train()
    seen, total = 0, 0.0
    for x, y in loader:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not args.no_amp):
            out = model(x)
            loss = criterion(out.float(), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        seen += len(y)
    return total / seen


@torch.no_grad()
def test(args, model, loader, criterion):
    model.eval()
    right, seen, total = 0, 0, 0.0
    for x, y in loader:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not args.no_amp):
            out = model(x).float()
        total += criterion(out, y).item() * len(y)
        right += (out.argmax(1) == y).sum().item()
        seen += len(y)
    return total / seen, right / seen


def main():
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train_loader, test_loader = loaders(args)
    model = Net()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
    print("first linear runs in", "float32" if args.no_amp else "bfloat16")
    for epoch in range(1, args.epochs + 1):
        tl = train(args, model, train_loader, optimizer, criterion)
        vl, va = test(args, model, test_loader, criterion)
        print(f"Train Epoch: {epoch}\tLoss: {tl:.4f}\tTest loss: {vl:.4f}\tAccuracy: {100 * va:.1f}%")
    # expected ~95 %, is the precision to blame? --no_amp gives nearly the same number


if __name__ == "__main__":
    main()
