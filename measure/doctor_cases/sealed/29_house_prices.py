import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(118)
torch.manual_seed(118)
n = 1500
rooms = np.random.randint(1, 8, n)
area = 20 + 18 * rooms + np.random.gamma(2.0, 6.0, n)
age = np.random.uniform(0, 100, n)
lat, lon = np.random.uniform(-1, 1, (2, n))
price = 2500 * area * np.exp(-((lat - 0.2) ** 2) - lon**2) + 80_000 - 300 * age
price = price + np.random.normal(0, 5000, n)

X = np.stack([rooms, area, age, lat, lon], axis=1)
X = (X - X.mean(0)) / X.std(0)
unit = 1.0
X_train, X_test = torch.tensor(X[:1200]).float(), torch.tensor(X[1200:]).float()
y_train, y_test = torch.tensor(price[:1200] / unit).float(), torch.tensor(price[1200:] / unit).float()


class PriceModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(5, 64)
        self.l2 = nn.Linear(64, 64)
        self.l3 = nn.Linear(64, 1)

    def forward(self, x):
        x = torch.relu(self.l1(x))
        x = torch.relu(self.l2(x))
        return self.l3(x)[:, 0]


model = PriceModel()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.MSELoss()
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True)
for epoch in range(50):
    for x, y in loader:
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", loss.item())

with torch.no_grad():
    mse = criterion(model(X_test), y_test)
print("R2 on test", (1 - mse / y_test.var()).item())
