import torch

torch.manual_seed(249)


def ripple(n):
    x = torch.rand(n, 2) * 4 - 2
    r = x.norm(dim=1)
    return x, torch.cos(2 * r) + 0.05 * torch.randn(n)


x_train, y_train = ripple(500)
x_test, y_test = ripple(300)

W = (torch.randn(2, 60) * 1.5).requires_grad_()
b = torch.randn(60).requires_grad_()
v = (torch.randn(60) * 0.1).requires_grad_()
c = torch.zeros((), requires_grad=True)
params = [W, b, v, c]


def predict(x):
    return torch.tanh(x @ W + b) @ v + c


def objective():
    penalty = 1e-5 * sum((p**2).sum() for p in params)
    return (predict(x_train) - y_train).pow(2).mean() + penalty


optimizer = torch.optim.LBFGS(params, lr=0.8, max_iter=10, history_size=15, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = objective()
    loss.backward()
    return loss


for outer in range(25):
    loss = optimizer.step(closure)
    if outer % 5 == 4:
        print("outer step", outer + 1, "loss", loss.item())

with torch.no_grad():
    mse = (predict(x_test) - y_test).pow(2).mean()
print("R2", (1 - mse / y_test.var()).item())
