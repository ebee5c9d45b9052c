"""5-fold cross validation on the wine data. LogisticRegression from sklearn: ~0.95."""
import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedKFold

params = {
    "folds": 5,
    "hidden": [32, 16],
    "lr": 0.01,
    "momentum": 0.9,
    "epochs": 40,
    "batch_size": 16,
}


def build_model(d_in, d_out, hidden):
    layers, d = [], d_in
    for h in hidden:
        layers += [nn.Linear(d, h), nn.ReLU()]
        d = h
    layers.append(nn.Linear(d, d_out))
    return nn.Sequential(*layers)


def to_tensors(x, y):
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.long)


def train_fold(model, x, y):
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=params["lr"], momentum=params["momentum"])
    model.train()
    history = []
    for _ in range(params["epochs"]):
        order = torch.randperm(len(x))
        epoch_loss = 0.0
        for i in range(0, len(x), params["batch_size"]):
            b = order[i:i + params["batch_size"]]
            optimizer.zero_grad()
            loss = criterion(model(x[b]), y[b])
            loss.backward()
            optimizer.step()
            epoch_loss += loss.item() * len(b)
        history.append(epoch_loss / len(x))
    return history


def score(model, x, y):
    model.eval()
    with torch.no_grad():
        pred = model(x).argmax(dim=1)
    return (pred == y).float().mean().item(), torch.bincount(pred, minlength=3).tolist()


def main():
    torch.manual_seed(0)
    np.random.seed(0)
    X, y = load_wine(return_X_y=True)
    skf = StratifiedKFold(n_splits=params["folds"], shuffle=True, random_state=0)
    accs = []
    for k, (tr, va) in enumerate(skf.split(X, y)):
        mu, sd = 0.0, 1.0
        x_tr, y_tr = to_tensors((X[tr] - mu) / sd, y[tr])
        x_va, y_va = to_tensors((X[va] - mu) / sd, y[va])
        model = build_model(X.shape[1], 3, params["hidden"])  # new weights for every fold
        hist = train_fold(model, x_tr, y_tr)
        acc, counts = score(model, x_va, y_va)
        accs.append(acc)
        print(f"fold {k}: loss {hist[0]:.3f} -> {hist[-1]:.3f}   val acc {acc:.3f}   "
              f"predicted per class {counts}")
    # tried one hidden layer and 200 epochs as well
    print(f"mean val acc {np.mean(accs):.3f} +- {np.std(accs):.3f}")


if __name__ == "__main__":
    main()
