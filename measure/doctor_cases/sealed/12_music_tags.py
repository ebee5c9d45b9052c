import numpy as np
import torch
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(105)
X, Y = make_multilabel_classification(1600, 25, n_classes=12, n_labels=2, random_state=3)
X = (X - X.mean(0)) / X.std(0)
X, Y = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)
train_ds, test_ds = TensorDataset(X[:1200], Y[:1200]), TensorDataset(X[1200:], Y[1200:])


class Tagger(nn.Module):
    def __init__(self, n_in, n_tags, width=64):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(n_in, width),
            nn.ReLU(),
            nn.Linear(width, n_tags),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.model(x)

    def tags(self, x, threshold=0.5):
        with torch.no_grad():
            return (self(x) > threshold).int().numpy()


model = Tagger(25, 12)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(15):
    losses = []
    for x, t in DataLoader(train_ds, batch_size=40, shuffle=True):
        loss = nn.functional.binary_cross_entropy_with_logits(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {np.mean(losses):.4f}")

x, t = test_ds.tensors
print("micro F1", f1_score(t.int().numpy(), model.tags(x), average="micro", zero_division=0))
