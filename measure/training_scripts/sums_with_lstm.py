"""The sum of a sequence, by an LSTM."""

import torch
from torch import nn

torch.manual_seed(3)
x = torch.randn(256, 8, 1)
y = x.sum(dim=1)


class Sum(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(1, 12, batch_first=True)
        self.out = nn.Linear(12, 1)

    def forward(self, sequences):
        return self.out(self.rnn(sequences)[0][:, -1])


model = Sum()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(100):
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(f"loss: {loss.item():.4f}")
