"""Diabetes progression: a small network on scaled targets beside ridge regression."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

SEED = 20
np.random.seed(SEED)
torch.manual_seed(SEED)


class Scaler:
    def fit(self, a):
        self.mean = a.mean(axis=0, keepdims=True)
        self.std = a.std(axis=0, keepdims=True) + 1e-8
        return self

    def transform(self, a):
        return (a - self.mean) / self.std

    def inverse(self, a):
        return a * self.std + self.mean


X, y = load_diabetes(return_X_y=True)
y = y.reshape(-1, 1)
x_rest, x_test, y_rest, y_test = train_test_split(X, y, test_size=0.25, random_state=SEED)
x_train, x_val, y_train, y_val = train_test_split(x_rest, y_rest, test_size=0.2, random_state=SEED)

x_scaler, y_scaler = Scaler().fit(x_train), Scaler().fit(y_train)
to_tensor = lambda a: torch.tensor(a, dtype=torch.float32)
xt, xv, xs = (to_tensor(x_scaler.transform(a)) for a in (x_train, x_val, x_test))
yt, yv = to_tensor(y_scaler.transform(y_train)), to_tensor(y_scaler.transform(y_val))

model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
decay, no_decay = [], []
for name, p in model.named_parameters():
    (no_decay if p.ndim == 1 else decay).append(p)
opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.1},
                         {"params": no_decay, "weight_decay": 0.0}], lr=3e-3)
loss_fn = nn.HuberLoss(delta=1.5)

best_loss, best_state, patience = float("inf"), None, 0
for epoch in range(1, 111):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(xt)).split(32):
        opt.zero_grad()
        loss = loss_fn(model(xt[idx]), yt[idx])
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        val = loss_fn(model(xv), yv).item()
    if val < best_loss:
        best_loss, patience = val, 0
        best_state = {k: v.detach().clone() for k, v in model.state_dict().items()}
    else:
        patience += 1
    if epoch % 5 == 0:
        print(f"epoch {epoch:3d} train {total / len(xt):.4f} val {val:.4f}")
    if patience >= 25:
        print(f"no better for 25 epochs, stop at {epoch}")
        break

model.load_state_dict(best_state)
model.eval()
with torch.no_grad():
    pred = y_scaler.inverse(model(xs).numpy())
rmse = float(np.sqrt(np.mean((pred - y_test) ** 2)))
ridge = Ridge(alpha=1.0).fit(x_scaler.transform(x_train), y_train)
print(f"ridge on the same split: R2 {r2_score(y_test, ridge.predict(x_scaler.transform(x_test))):.4f}")
print(f"network: RMSE {rmse:.2f} R2 {r2_score(y_test, pred):.4f}")
