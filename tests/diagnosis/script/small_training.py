"""The start of a script: a training that tests go on with as they like."""

TRAIN = """
import os, sys, threading, time
import torch
from torch import nn


class Net(nn.Linear):
    pass


def train(count=70, pause=0.0):
    torch.manual_seed(0)
    model = Net(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(count):
        x = torch.randn(8, 3)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), x.sum(1, keepdim=True)).backward()
        optimizer.step()
        time.sleep(pause)
    return model


"""
