"""Pre-train on the digits 0-4, then fine-tune on the digits 5-9: head first, whole network later."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CONFIG = {
    "seed": 10,
    "pretrain_epochs": 12,
    "finetune_epochs": 20,
    "unfreeze_at": 8,
    "batch": 32,
    "lr_head": 3e-3,
    "lr_body": 1e-3,
    "features": 6,
}
torch.manual_seed(CONFIG["seed"])


class Net(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(96, features), nn.Tanh())
        self.head = nn.Linear(features, classes)

    def forward(self, x):
        return self.head(self.backbone(x))


def set_trainable(module, flag):
    for p in module.parameters():
        p.requires_grad = flag


def run_epoch(model, opt, x, y):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x)).split(CONFIG["batch"]):
        loss = F.cross_entropy(model(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    return total / len(x)


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def load():
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32).view(-1, 1, 8, 8)
    y = torch.tensor(y)
    low, high = y < 5, y >= 5
    tr, te = train_test_split(high.nonzero().flatten().numpy(), test_size=0.4, random_state=CONFIG["seed"])
    return (X[low], y[low]), (X[tr], y[tr] - 5), (X[te], y[te] - 5)


def main():
    source, train, test = load()
    model = Net(CONFIG["features"], classes=5)
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(CONFIG["pretrain_epochs"]):
        loss = run_epoch(model, opt, *source)
    print(f"pre-training done, loss {loss:.4f}")

    model.head = nn.Linear(CONFIG["features"], 5)
    set_trainable(model.backbone, False)
    trainable = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.Adam(trainable, lr=CONFIG["lr_head"])
    for epoch in range(1, CONFIG["finetune_epochs"] + 1):
        if epoch == CONFIG["unfreeze_at"]:
            set_trainable(model.backbone, True)
            for group in opt.param_groups:
                group["lr"] = CONFIG["lr_body"]
            n = sum(p.numel() for p in model.parameters() if p.requires_grad)
            print(f"backbone unfrozen, {n} trainable parameters")
        loss = run_epoch(model, opt, *train)
        print(f"epoch {epoch:2d} loss {loss:.4f} test acc {accuracy(model, *test):.3f}")
    print(f"fine-tuned test accuracy {accuracy(model, *test):.4f}")


if __name__ == "__main__":
    main()
