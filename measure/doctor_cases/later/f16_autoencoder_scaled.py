import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(0)
torch.manual_seed(0)


class AutoEncoder(nn.Module):
    def __init__(self, n_features, n_code=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(n_features, 64),
            nn.ReLU(),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, n_code),
        )
        self.decoder = nn.Sequential(
            nn.Linear(n_code, 32),
            nn.ReLU(),
            nn.Linear(32, 64),
            nn.ReLU(),
            nn.Linear(64, n_features),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def prepare():
    X = load_breast_cancer().data
    idx = np.random.permutation(len(X))
    X_train, X_test = X[idx[:450]], X[idx[450:]]
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    X_test = scaler.transform(X_test)
    return torch.FloatTensor(X_train), torch.FloatTensor(X_test)


def fit(model, X_train, X_test, epochs=150, batch_size=64, lr=2e-3):
    loader = DataLoader(TensorDataset(X_train), batch_size=batch_size, shuffle=True)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    criterion = nn.MSELoss()
    history = []
    for epoch in range(epochs):
        model.train()
        batch_losses = []
        for (x,) in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), x)
            loss.backward()
            optimizer.step()
            batch_losses.append(loss.item())
        history.append(float(np.mean(batch_losses)))
        if (epoch + 1) % 15 == 0:
            model.eval()
            with torch.no_grad():
                test_loss = criterion(model(X_test), X_test).item()
            print(f"epoch {epoch + 1}/{epochs} train {history[-1]:.4f} test {test_loss:.4f}")
    return history


X_train, X_test = prepare()
print("train", tuple(X_train.shape), "test", tuple(X_test.shape))
model = AutoEncoder(X_train.shape[1])
fit(model, X_train, X_test)

model.eval()
with torch.no_grad():
    rec = model(X_test)
    err = ((rec - X_test) ** 2).mean().item()
print(f"reconstruction error on the test set (variance is about 1): {err:.3f}")
