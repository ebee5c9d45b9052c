import torch

torch.manual_seed(13)
x = torch.randn(200, 3)
y = torch.tanh(x[:, :1] - x[:, 1:2] * x[:, 2:3])
w1 = (0.5 * torch.randn(3, 20)).requires_grad_()
b1 = torch.zeros(20, requires_grad=True)
w2 = (0.2 * torch.randn(20, 1)).requires_grad_()
parameters = [w1, b1, w2]
for _step in range(400):
    loss = ((torch.tanh(x @ w1 + b1) @ w2 - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for p in parameters:
            p -= 0.2 * p.grad
            p.grad.zero_()
print(loss.item())
