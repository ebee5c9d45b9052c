"""Next-symbol model on counting sequences."""

import torch
from torch import nn

torch.manual_seed(50)
VOCAB, LENGTH = 11, 16


def sequences(n):
    """Arithmetic progressions modulo VOCAB."""
    start = torch.randint(VOCAB, (n, 1))
    stride = torch.randint(1, VOCAB, (n, 1))
    return (start + stride * torch.arange(LENGTH)) % VOCAB


class LanguageModel(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.tokens = nn.Embedding(VOCAB, d)
        self.places = nn.Embedding(LENGTH, d)
        layer = nn.TransformerEncoderLayer(d, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.unembed = nn.Linear(d, VOCAB)

    def forward(self, ids):
        h = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        h = self.encoder(h)
        return self.unembed(h)


train, test = sequences(1500), sequences(300)
model = LanguageModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for epoch in range(8):
    for idx in torch.randperm(len(train)).split(50):
        ids = train[idx]
        logits = model(ids[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", f"{loss.item():.4f}")


@torch.no_grad()
def complete(prompt, n):
    ids = prompt
    for _ in range(n):
        ids = torch.cat([ids, model(ids)[:, -1].argmax(-1, keepdim=True)], dim=1)
    return ids[:, prompt.shape[1] :]


model.eval()
guess = complete(test[:, :4], 8)
print("completed correctly", (guess == test[:, 4:12]).float().mean().item())
