import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn

CONFIG = {"lr": 1e-5, "batch": 16, "epochs": 60, "hidden": 24, "seed": 14}

torch.manual_seed(CONFIG["seed"] + 14)
X, y = load_wine(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=2, stratify=y)
X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train = torch.tensor(y_train)
y_test = torch.tensor(y_test)


def build_model():
    torch.manual_seed(14)
    return nn.Sequential(
        nn.Linear(13, CONFIG["hidden"]),
        nn.ReLU(),
        nn.Linear(CONFIG["hidden"], CONFIG["hidden"]),
        nn.ReLU(),
        nn.Linear(CONFIG["hidden"], 3),
    )


def run(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=CONFIG["lr"])
    history = []
    for _ in range(CONFIG["epochs"]):
        model.train()
        for idx in torch.randperm(len(X_train)).split(CONFIG["batch"]):
            out = model(X_train[idx])
            loss = nn.functional.cross_entropy(out, y_train[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        history.append(loss.item())
    return history


model = build_model()
history = run(model)
print("first", history[0], "last", history[-1])
with torch.no_grad():
    print("test accuracy", (model(X_test).argmax(1) == y_test).float().mean().item())
