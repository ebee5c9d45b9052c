import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(10)
X, y = make_classification(
    700, 30, n_informative=5, n_redundant=0, flip_y=0.25, class_sep=1.0, random_state=9
)
X, y = torch.tensor(X).float(), torch.tensor(y)
splits = {"train": slice(0, 150), "val": slice(150, 400), "test": slice(400, 700)}
loaders = {
    phase: DataLoader(TensorDataset(X[part], y[part]), batch_size=50, shuffle=phase == "train")
    for phase, part in splits.items()
}


def evaluate(model, phase):
    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for xb, yb in loaders[phase]:
            total += nn.functional.cross_entropy(model(xb), yb, reduction="sum").item()
            count += len(yb)
    return total / count


def train_model(model, optimizer, num_epochs=80):
    best_loss = float("inf")
    best_weights = model.state_dict()
    for epoch in range(num_epochs):
        model.train()
        for xb, yb in loaders["train"]:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(xb), yb)
            loss.backward()
            optimizer.step()
        val_loss = evaluate(model, "val")
        if val_loss < best_loss:
            best_loss = val_loss
            best_weights = model.state_dict()
            print(f"epoch {epoch}: val {val_loss:.4f} (best so far)")
    model.load_state_dict(best_weights)
    return model


model = nn.Sequential(nn.Linear(30, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 2))
model = train_model(model, torch.optim.Adam(model.parameters(), lr=1e-3))
print("test loss", evaluate(model, "test"))
