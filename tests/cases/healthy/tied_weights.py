import torch
from torch import nn

torch.manual_seed(7)
vocabulary, width = 24, 32


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.out = nn.Linear(width, vocabulary)
        self.out.weight = self.embedding.weight

    def forward(self, tokens):
        return self.out(self.rnn(self.embedding(tokens))[0])


start = torch.randint(vocabulary, (600, 1))
tokens = (start + 5 * torch.arange(13)) % vocabulary
model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for _epoch in range(6):
    for batch in tokens[torch.randperm(500)].split(25):
        logits = model(batch[:, :-1])
        loss = nn.functional.cross_entropy(logits.reshape(-1, vocabulary), batch[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(loss.item())
