import torch
from diagnosis.faults.made import batches, blobs, mlp


def train(broken):
    x, y = blobs()
    model = mlp(8, 24, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.01)
    for index in batches(600, 30, 5):
        p = torch.softmax(400 * model(x[index]), 1)[torch.arange(len(index)), y[index]]
        loss = -torch.log(p if broken else p + 1e-6).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
