import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import MultivariateNormal
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
torch.manual_seed(8)

# Three Gaussian classes, 90 / 8 / 2 percent. Weighted cross entropy aims at balanced accuracy.
prior = torch.tensor([0.90, 0.08, 0.02])
dists = [
    MultivariateNormal(torch.tensor([0.0, 0.0]), torch.tensor([[1.0, 0.3], [0.3, 1.0]])),
    MultivariateNormal(torch.tensor([2.0, 1.5]), torch.tensor([[0.7, -0.2], [-0.2, 0.5]])),
    MultivariateNormal(torch.tensor([-1.0, 2.5]), torch.tensor([[0.4, 0.1], [0.1, 0.8]])),
]


def draw(n):
    y = torch.multinomial(prior, n, replacement=True)
    x = torch.empty(n, 2)
    for c, d in enumerate(dists):
        m = y == c
        x[m] = d.sample((int(m.sum()),))
    return x, y


x_train, y_train = draw(12000)
x_val, y_val = draw(8000)
x_test, y_test = draw(40000)
mean, std = x_train.mean(0), x_train.std(0)
norm = lambda x: (x - mean) / std

counts = torch.bincount(y_train, minlength=3).float()
weights = counts.sum() / (3 * counts)
print("train counts", counts.int().tolist(), "class weights", [round(w, 2) for w in weights.tolist()])

model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.3, patience=2)
EPOCHS, BS = 24, 200


@torch.no_grad()
def evaluate(x, y):
    model.eval()
    logits = model(norm(x))
    pred = logits.argmax(1)
    return (F.cross_entropy(logits, y, weight=weights).item(), balanced_accuracy_score(y, pred),
            (pred == y).float().mean().item(), pred)


for epoch in range(EPOCHS):
    model.train()
    running = 0.0
    perm = torch.randperm(len(x_train))
    for i in range(0, len(perm), BS):
        b = perm[i:i + BS]
        loss = F.cross_entropy(model(norm(x_train[b])), y_train[b], weight=weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(b)
    val_loss, val_bal, val_acc, _ = evaluate(x_val, y_val)
    scheduler.step(val_loss)
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:2d} train {running / len(perm):.4f} val {val_loss:.4f} "
              f"balanced acc {val_bal:.4f} plain acc {val_acc:.4f} lr {optimizer.param_groups[0]['lr']:.1e}")

_, bal, acc, pred = evaluate(x_test, y_test)
# optimal rule for balanced accuracy: highest class density, priors left out
density = torch.stack([d.log_prob(x_test) for d in dists], 1)
best = balanced_accuracy_score(y_test, density.argmax(1))
print("confusion\n", confusion_matrix(y_test, pred))
print(f"always the majority class: accuracy {(y_test == 0).float().mean():.4f}, balanced 0.3333")
print(f"test balanced accuracy {bal:.4f} (best rule {best:.4f}), plain accuracy {acc:.4f}")
