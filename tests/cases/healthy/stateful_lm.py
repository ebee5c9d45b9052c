"""A language model whose state goes on from one part of the text to the next."""

import torch
from torch import nn

torch.manual_seed(4)
words = [torch.randint(2, 12, (5,)) for _ in range(6)]
stream = torch.cat([torch.cat([words[int(torch.randint(6, ()))], torch.tensor([1])]) for _ in range(1500)])
BATCH, LENGTH = 20, 15
data = stream[: len(stream) // BATCH * BATCH].view(BATCH, -1).t().contiguous()


class RNNModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.1)
        self.encoder, self.rnn, self.decoder = nn.Embedding(12, 32), nn.LSTM(32, 64), nn.Linear(64, 12)

    def forward(self, x, hidden):
        output, hidden = self.rnn(self.drop(self.encoder(x)), hidden)
        return self.decoder(self.drop(output)).view(-1, 12), hidden

    def init_hidden(self, batch):
        return torch.zeros(1, batch, 64), torch.zeros(1, batch, 64)


model = RNNModel()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for _epoch in range(8):
    model.train()
    hidden = model.init_hidden(BATCH)
    for start in range(0, len(data) - 1 - LENGTH, LENGTH):
        x, y = data[start : start + LENGTH], data[start + 1 : start + 1 + LENGTH].reshape(-1)
        hidden = tuple(part.detach() for part in hidden)
        model.zero_grad()
        output, hidden = model(x, hidden)
        loss = criterion(output, y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
        optimizer.step()
print("loss", loss.item())
