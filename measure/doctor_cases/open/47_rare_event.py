import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(19)
X, y = make_classification(
    3000,
    12,
    n_informative=6,
    weights=[0.93],
    class_sep=0.9,
    flip_y=0.02,
    n_clusters_per_class=2,
    random_state=5,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, test_size=0.3, random_state=5)
X_train = torch.from_numpy(X_train).float()
X_test = torch.from_numpy(X_test).float()
y_train = torch.from_numpy(y_train)

counts = torch.bincount(y_train).float()
weight = counts / counts.sum()
print("class counts", counts.tolist())


class Detector(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.features = nn.Sequential(
            nn.Linear(n_in, 32),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.Linear(32, 16),
            nn.ReLU(),
        )
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        return self.out(self.features(x))


model = Detector(X.shape[1])
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(20):
    model.train()
    for idx in torch.randperm(len(X_train)).split(100):
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", round(loss.item(), 4))

model.eval()
with torch.no_grad():
    guess = model(X_test).argmax(1).numpy()
print("balanced accuracy", balanced_accuracy_score(y_test, guess))
