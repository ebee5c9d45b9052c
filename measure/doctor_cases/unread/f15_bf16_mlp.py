"""Low-precision training of a digit classifier on CPU."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 14
torch.manual_seed(SEED)

EPOCHS, BATCH, LR = 28, 64, 2e-4
DTYPE = torch.bfloat16


class ResidualMLP(nn.Module):
    def __init__(self, d_in=64, width=64, depth=3, classes=10):
        super().__init__()
        self.stem = nn.Linear(d_in, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        h = F.relu(self.stem(x))
        for layer in self.layers:
            h = h + F.relu(layer(h))
        return self.head(h)


def load():
    X, y = load_digits(return_X_y=True)
    X = X.astype("float32") / 16.0
    x_train, x_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=SEED, stratify=y)
    x_train, x_test = torch.from_numpy(x_train), torch.from_numpy(x_test)
    mean = x_train.mean()
    return x_train - mean, x_test - mean, torch.from_numpy(y_train), torch.from_numpy(y_test)


def forward_pass(model, x):
    return model(x.to(DTYPE)).float()


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    logits = forward_pass(model, x)
    return F.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def train(model, data):
    x_train, x_test, y_train, y_test = data
    opt = torch.optim.AdamW(model.parameters(), lr=LR, weight_decay=0.01)
    steps = EPOCHS * (len(x_train) // BATCH + 1)
    sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1.0, (s + 1) / 20) * max(0.1, 1 - s / steps))
    for epoch in range(1, EPOCHS + 1):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x_train)).split(BATCH):
            logits = forward_pass(model, x_train[idx])
            loss = F.cross_entropy(logits, y_train[idx])
            opt.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            total += loss.item() * len(idx)
        val_loss, acc = evaluate(model, x_test, y_test)
        print(f"epoch {epoch:2d} train {total / len(x_train):.4f} test {val_loss:.4f} acc {acc:.4f}")


def main():
    data = load()
    model = ResidualMLP().to(DTYPE)
    train(model, data)
    loss, acc = evaluate(model, data[1], data[3])
    print(f"final test loss {loss:.4f} accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
