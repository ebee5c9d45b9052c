import torch
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

torch.manual_seed(225)
X, y = make_classification(
    3000, 10, n_informative=5, weights=[0.95], flip_y=0.01, class_sep=1.2, random_state=2
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train = torch.tensor(scaler.transform(X_train), dtype=torch.float32)
X_test = torch.tensor(scaler.transform(X_test), dtype=torch.float32)
y_train = torch.tensor(y_train)

frequency = torch.bincount(y_train) / len(y_train)
criterion = nn.CrossEntropyLoss(weight=1 / frequency)


class Screen(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(10, 32)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(32, 2)

    def forward(self, x):
        return self.out(self.drop(torch.relu(self.hidden(x))))


model = Screen()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(30):
    model.train()
    losses = []
    for idx in torch.randperm(len(X_train)).split(100):
        loss = criterion(model(X_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", sum(losses) / len(losses))

model.eval()
with torch.no_grad():
    guess = model(X_test).argmax(1).numpy()
print("balanced accuracy", balanced_accuracy_score(y_test, guess))
