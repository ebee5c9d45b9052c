import torch
from torch import nn

torch.manual_seed(10)
users = nn.Embedding(200, 8, sparse=True)
items = nn.Embedding(300, 8, sparse=True)
true_users, true_items = torch.randn(200, 4), torch.randn(300, 4)
u, i = torch.randint(200, (6000,)), torch.randint(300, (6000,))
score = (true_users[u] * true_items[i]).sum(1) + 0.1 * torch.randn(6000)
optimizer = torch.optim.SparseAdam([*users.parameters(), *items.parameters()], lr=2e-2)
for _epoch in range(10):
    for index in torch.randperm(5000).split(100):
        predicted = (users(u[index]) * items(i[index])).sum(1)
        loss = nn.functional.mse_loss(predicted, score[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(loss.item())
