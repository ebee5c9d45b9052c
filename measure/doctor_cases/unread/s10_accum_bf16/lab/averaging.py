import torch


class ShadowWeights:
    """Running average of the weights; swap() exchanges them with the live ones."""

    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = [p.detach().clone() for p in model.parameters()]
        self.steps = 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        d = min(self.decay, self.steps / (self.steps + 9))
        for s, p in zip(self.shadow, model.parameters()):
            s.lerp_(p, 1 - d)

    @torch.no_grad()
    def swap(self, model):
        for s, p in zip(self.shadow, model.parameters()):
            keep = p.detach().clone()
            p.copy_(s)
            s.copy_(keep)
