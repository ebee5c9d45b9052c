import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

torch.manual_seed(13)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
X_train, y_train, X_test, y_test = X[:1200], y[:1200], X[1200:], y[1200:]


class Embedder(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, dim))

    def forward(self, x):
        return self.net(x)


def pair_distance(a, b):
    return ((a - b) ** 2).sum(dim=1).sqrt()


def contrastive(distance, same, margin=2.0):
    near = same * distance**2
    far = (1 - same) * torch.relu(margin - distance) ** 2
    return (near + far).mean()


model = Embedder()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(1, 1201):
    i = torch.randint(len(X_train), (100,))
    j = torch.randint(len(X_train), (100,))
    half = torch.rand(100) < 0.5
    for k in torch.nonzero(half)[:, 0]:
        mates = torch.nonzero(y_train == y_train[i[k]])[:, 0]
        j[k] = mates[torch.randint(len(mates), ())]
    same = (y_train[i] == y_train[j]).float()
    loss = contrastive(pair_distance(model(X_train[i]), model(X_train[j])), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 300 == 0:
        print("step", step, "loss", loss.item())

with torch.no_grad():
    z_train = torch.nan_to_num(model(X_train)).numpy()
    z_test = torch.nan_to_num(model(X_test)).numpy()
knn = KNeighborsClassifier(5).fit(z_train, y_train)
print("knn accuracy", knn.score(z_test, y_test))
