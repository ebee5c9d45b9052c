"""Rare-event classifier; the loader draws both classes equally often."""
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

SEED = 17
np.random.seed(SEED)
torch.manual_seed(SEED)


def get_data():
    X, y = make_classification(n_samples=5000, n_features=20, n_informative=8, n_redundant=2,
                               n_clusters_per_class=2, weights=[0.94, 0.06], class_sep=1.0,
                               flip_y=0.005, shuffle=False, random_state=SEED)
    return X.astype(np.float32), y.astype(np.int64)


def split(X, y, frac=0.7):
    order = np.random.permutation(len(X))
    n = int(frac * len(X))
    return order[:n], order[n:]


def build_sampler(labels):
    counts = np.bincount(labels)
    class_weight = 1.0 / counts
    weights = torch.as_tensor(class_weight[labels], dtype=torch.double)
    return WeightedRandomSampler(weights, num_samples=len(labels), replacement=True)


class Net(nn.Module):
    def __init__(self, d_in, d_hidden=48):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(d_in, d_hidden), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(d_hidden, d_hidden), nn.ReLU())
        self.head = nn.Linear(d_hidden, 2)

    def forward(self, x):
        return self.head(self.body(x))


class Trainer:
    def __init__(self, model, loader, lr=2e-3, weight_decay=1e-3):
        self.model, self.loader = model, loader
        self.loss_fn = nn.CrossEntropyLoss()
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)

    def fit(self, epochs):
        for epoch in range(epochs):
            self.model.train()
            total, n = 0.0, 0
            for xb, yb in self.loader:
                self.opt.zero_grad()
                loss = self.loss_fn(self.model(xb), yb)
                loss.backward()
                self.opt.step()
                total += loss.item() * len(xb)
                n += len(xb)
            print(f"epoch {epoch + 1:2d} loss {total / n:.4f}")

    @torch.no_grad()
    def predict(self, x):
        self.model.eval()
        return self.model(x).argmax(1).numpy()


X, y = get_data()
train_idx, test_idx = split(X, y)
scaler = StandardScaler().fit(X[train_idx])
x_train = torch.from_numpy(scaler.transform(X[train_idx]))
x_test = torch.from_numpy(scaler.transform(X[test_idx]))
y_train, y_test = torch.from_numpy(y[train_idx]), y[test_idx]

sampler = build_sampler(y[:len(train_idx)])
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=64, sampler=sampler)
trainer = Trainer(Net(X.shape[1]), loader)
trainer.fit(12)
pred = trainer.predict(x_test)
print(f"test balanced accuracy {balanced_accuracy_score(y_test, pred):.4f} f1 {f1_score(y_test, pred):.4f}")
