import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Residual(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)

    def forward(self, x):
        return x + self.fc2(F.gelu(self.fc1(self.norm(x))))


class Model(nn.Module):
    def __init__(self, dim=96, depth=2, classes=10):
        super().__init__()
        self.stem = nn.Linear(64, dim)
        self.blocks = nn.Sequential(*[Residual(dim) for _ in range(depth)])
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


class Trainer:
    def __init__(self, args):
        self.args = args
        X, y = load_digits(return_X_y=True)
        X = (X / 16.0 - 0.3).astype("float32")
        x_tr, x_te, y_tr, y_te = train_test_split(X, y, test_size=0.25, random_state=args.seed, stratify=y)
        self.x_tr, self.x_te = torch.tensor(x_tr), torch.tensor(x_te)
        self.y_tr, self.y_te = torch.tensor(y_tr), torch.tensor(y_te)
        self.dtype = torch.bfloat16 if args.bf16 else torch.float32
        self.model = Model().to(self.dtype)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=args.lr)

    def batches(self):
        perm = torch.randperm(len(self.y_tr))
        for i in range(0, len(perm), self.args.batch_size):
            idx = perm[i:i + self.args.batch_size]
            yield self.x_tr[idx], self.y_tr[idx]

    def train_epoch(self):
        self.model.train()
        total = 0.0
        for x, y in self.batches():
            logits = self.model(x.to(self.dtype))
            loss = F.cross_entropy(logits.float(), y)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(y)
        return total / len(self.y_tr)

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        logits = self.model(self.x_te.to(self.dtype)).float()
        return (logits.argmax(1) == self.y_te).float().mean().item()

    def run(self):
        for epoch in range(1, self.args.epochs + 1):
            loss = self.train_epoch()
            if epoch % 5 == 0:
                print(f"epoch {epoch} train loss {loss:.4f} test acc {self.evaluate():.3f}")
        return self.evaluate()


def parse_args():
    p = argparse.ArgumentParser()
    p.add_argument("--lr", type=float, default=1.5e-3)
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


if __name__ == "__main__":
    args = parse_args()
    torch.manual_seed(args.seed)
    acc = Trainer(args).run()
    print(f"test accuracy {acc:.3f}")
