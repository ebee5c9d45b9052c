import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(4)
X = torch.tensor(load_digits().data / 16, dtype=torch.float32)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(64, 48)
        self.mean, self.log_var = nn.Linear(48, 2), nn.Linear(48, 2)
        self.decoder1, self.decoder2 = nn.Linear(2, 48), nn.Linear(48, 64)

    def forward(self, x):
        h = torch.tanh(self.encoder(x))
        mean, log_var = self.mean(h), self.log_var(h)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        return torch.sigmoid(self.decoder2(torch.tanh(self.decoder1(z)))), mean, log_var


model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for _epoch in range(10):
    for batch in X[torch.randperm(1600)].split(64):
        out, mean, log_var = model(batch)
        loss = F.binary_cross_entropy(out, batch, reduction="sum")
        loss = (loss - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())) / len(batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
print(loss.item())
