import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(17)
X, y = make_classification(2400, 20, n_informative=10, n_classes=7, n_clusters_per_class=1, random_state=1)
dataset = TensorDataset(torch.tensor(X, dtype=torch.float32), torch.tensor(y))
train_set, val_set, test_set = random_split(dataset, [1600, 400, 400])


class Cover(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(20, 80)
        self.mid = nn.Linear(80, 80)
        self.norm = nn.LayerNorm(80)
        self.top = nn.Linear(80, 7)

    def forward(self, x):
        h = torch.relu(self.stem(x))
        h = h + torch.relu(self.mid(self.norm(h)))
        return self.top(h)


def accuracy(model, subset):
    model.eval()
    right = 0
    with torch.no_grad():
        for x, y in DataLoader(subset, batch_size=100):
            right += (torch.argmax(model(x)) == y).sum().item()
    return right / len(subset)


def fit(model, epochs=15):
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    for epoch in range(epochs):
        model.train()
        for x, y in DataLoader(train_set, batch_size=64, shuffle=True):
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch:02d}  loss {loss.item():.3f}  val {accuracy(model, val_set):.3f}")
    return model


model = fit(Cover())
print("test accuracy", accuracy(model, test_set))
