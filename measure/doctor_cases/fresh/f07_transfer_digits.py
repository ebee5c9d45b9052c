"""Transfer learning in miniature: pretrain on digits 0-4, freeze the backbone, put a fresh
head on top and train it for 5-9."""
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.out_dim = 32 * 4

    def forward(self, x):
        return self.net(x)


class Classifier(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.backbone = Backbone()
        self.fc = nn.Linear(self.backbone.out_dim, n_classes)

    def forward(self, x):
        return self.fc(self.backbone(x))


def get_split(low, high):
    d = load_digits()
    keep = (d.target >= low) & (d.target <= high)
    x = torch.tensor(d.images[keep], dtype=torch.float32).unsqueeze(1) / 8.0 - 1.0
    y = torch.tensor(d.target[keep]) - low
    perm = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    n = int(0.8 * len(x))
    tr, te = perm[:n], perm[n:]
    return (DataLoader(TensorDataset(x[tr], y[tr]), batch_size=32, shuffle=True),
            DataLoader(TensorDataset(x[te], y[te]), batch_size=256))


def run_epoch(model, loader, optimizer=None):
    loss_fn = nn.CrossEntropyLoss()
    training = optimizer is not None
    model.train(training)
    loss_sum, right, n = 0.0, 0, 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            out = model(x)
            loss = loss_fn(out, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            right += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss_sum / n, right / n


def train(model, optimizer, loaders, epochs, tag):
    for ep in range(epochs):
        tl, ta = run_epoch(model, loaders[0], optimizer)
        vl, va = run_epoch(model, loaders[1])
        print(f"{tag} epoch {ep + 1:2d} | train {tl:.4f} / {ta:.3f} | val {vl:.4f} / {va:.3f}")


# ---- stage 1 -------------------------------------------------------------------------
model = Classifier(n_classes=5)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
train(model, optimizer, get_split(0, 4), epochs=5, tag="pretrain")

# ---- stage 2 -------------------------------------------------------------------------
model_ft = Classifier(n_classes=5)
model_ft.load_state_dict(model.state_dict())
optimizer_ft = torch.optim.Adam(model_ft.parameters(), lr=5e-3)
for param in model_ft.backbone.parameters():
    param.requires_grad = False
model_ft.fc = nn.Sequential(nn.Linear(model_ft.backbone.out_dim, 32), nn.ReLU(), nn.Linear(32, 5))

print("trainable:", [n for n, p in model_ft.named_parameters() if p.requires_grad])
# tried: lr 1e-1 ... 1e-4, SGD instead of Adam
train(model_ft, optimizer_ft, get_split(5, 9), epochs=10, tag="finetune")
