"""One trunk, two heads: price regression and fuel-type classification."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(11)
torch.manual_seed(11)


def synth_cars(n=3000):
    fuel = rng.integers(0, 3, n)
    year = rng.uniform(2000, 2022, n)
    power = rng.normal(90, 20, n) + 25 * (fuel == 1)
    weight = rng.normal(1300, 150, n) + 120 * (fuel == 1) + 260 * (fuel == 2)
    noise_db = rng.normal(70, 2, n) + 3 * (fuel == 1) - 4 * (fuel == 2)
    km = rng.gamma(3.0, 30000, n)
    torque = power * (1.4 + 0.5 * (fuel == 1) + 0.3 * (fuel == 2)) + rng.normal(0, 12, n)
    price = 900 * (year - 1998) + 90 * power - 0.03 * km + 3000 * (fuel == 2) + rng.normal(0, 900, n)
    X = np.stack([year, power, weight, noise_db, km, torque], 1)
    return X.astype(np.float32), np.clip(price, 300, None).astype(np.float32), fuel


class TwoHeads(nn.Module):
    def __init__(self, n_in, hidden=64):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.price_head = nn.Linear(hidden, 1)
        self.fuel_head = nn.Linear(hidden, 3)

    def forward(self, x):
        h = self.trunk(x)
        return self.price_head(h).squeeze(1), self.fuel_head(h)


def report(model, X, price, fuel):
    model.eval()
    with torch.no_grad():
        p, f = model(X)
    mae = (p - price).abs().mean().item()
    acc = (f.argmax(1) == fuel).float().mean().item()
    return mae, acc


X, price, fuel = synth_cars()
X_tr, X_te, p_tr, p_te, f_tr, f_te = train_test_split(X, price, fuel, test_size=0.25, random_state=0)
scaler = StandardScaler().fit(X_tr)
X_tr, X_te = (torch.tensor(scaler.transform(a), dtype=torch.float32) for a in (X_tr, X_te))
p_tr, p_te = torch.tensor(p_tr), torch.tensor(p_te)
f_tr, f_te = torch.tensor(f_tr), torch.tensor(f_te)
loader = DataLoader(TensorDataset(X_tr, p_tr, f_tr), batch_size=64, shuffle=True)

model = TwoHeads(X.shape[1])
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()

for epoch in range(1, 25):
    model.train()
    sums = np.zeros(2)
    for xb, pb, fb in loader:
        pred_price, fuel_logits = model(xb)
        loss_price = mse(pred_price, pb)
        loss_fuel = ce(fuel_logits, fb)
        loss = loss_price + loss_fuel
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        sums += [loss_price.item(), loss_fuel.item()]
    if epoch % 3 == 0:
        mae, acc = report(model, X_te, p_te, f_te)
        print(f"epoch {epoch} price loss {sums[0] / len(loader):.3f} fuel loss {sums[1] / len(loader):.3f} "
              f"| test MAE {mae:.1f} fuel acc {acc:.3f}")

mae, acc = report(model, X_te, p_te, f_te)
print(f"test fuel accuracy {acc:.3f}, price MAE {mae:.1f}")
