"""Linear autoencoder by full-batch L-BFGS. The bottleneck of 10 bounds it: PCA is the exact optimum."""
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
CODE = 10

pixels = load_digits().data / 16.0
train_np, test_np = train_test_split(pixels, test_size=0.25, random_state=0)
train = torch.tensor(train_np, dtype=torch.float64)
test = torch.tensor(test_np, dtype=torch.float64)


class LinearAE(nn.Module):
    def __init__(self, d, k):
        super().__init__()
        self.encoder = nn.Linear(d, k)
        self.decoder = nn.Linear(k, d)

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = LinearAE(64, CODE).double()
optimizer = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=20, history_size=20,
                              line_search_fn="strong_wolfe", tolerance_grad=1e-9, tolerance_change=1e-12)
calls = 0


def closure():
    global calls
    calls += 1
    optimizer.zero_grad()
    loss = (model(train) - train).pow(2).sum(1).mean()
    loss.backward()
    return loss


pca = PCA(CODE).fit(train_np)


def pca_error(x):
    return ((pca.inverse_transform(pca.transform(x)) - x) ** 2).sum(1).mean()


variance = ((train_np - train_np.mean(0)) ** 2).sum(1).mean()
print(f"total variance {variance:.4f}; best possible with {CODE} numbers (PCA) {pca_error(train_np):.4f}")
previous = float("inf")
for it in range(1, 41):
    loss = optimizer.step(closure).item()        # the loss before this step's inner iterations
    if it % 4 == 1:
        print(f"outer step {it:2d} closure calls {calls:4d} loss {loss:.6f}")
    if abs(previous - loss) < 1e-7:
        print(f"converged after {it} outer steps")
        break
    previous = loss

with torch.no_grad():
    final_train = (model(train) - train).pow(2).sum(1).mean().item()
    final_test = (model(test) - test).pow(2).sum(1).mean().item()
    # the decoder's column space should be the PCA subspace
    basis = torch.linalg.qr(model.decoder.weight)[0]
    cosines = torch.linalg.svdvals(basis.T @ torch.tensor(pca.components_.T))
print(f"smallest cosine between learnt and PCA subspace {cosines.min():.6f}")
print(f"explained variance {1 - final_train / variance:.4f}")
print(f"squared error train {final_train:.5f} (PCA {pca_error(train_np):.5f}) test {final_test:.5f} (PCA {pca_error(test_np):.5f})")
