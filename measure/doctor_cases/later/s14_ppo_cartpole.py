"""PPO on a vectorised cart-pole written in torch (same physics and limits as the classic task)."""
import math
from types import SimpleNamespace

import torch
import torch.nn as nn
from torch.distributions import Categorical


class CartPoleVec:
    LIMIT = 200

    def __init__(self, n):
        self.n = n
        self.s = torch.empty(n, 4).uniform_(-0.05, 0.05)
        self.t = torch.zeros(n, dtype=torch.long)

    def step(self, a):
        x, v, th, w = self.s.unbind(1)
        force = torch.where(a == 1, 10.0, -10.0)
        tmp = (force + 0.05 * w ** 2 * th.sin()) / 1.1
        acc_th = (9.8 * th.sin() - th.cos() * tmp) / (0.5 * (4 / 3 - 0.1 * th.cos() ** 2 / 1.1))
        acc = tmp - 0.05 * acc_th * th.cos() / 1.1
        self.s = torch.stack([x + 0.02 * v, v + 0.02 * acc, th + 0.02 * w, w + 0.02 * acc_th], 1)
        self.t += 1
        fell = (self.s[:, 0].abs() > 2.4) | (self.s[:, 2].abs() > 12 * math.pi / 180)
        timeout = (self.t >= self.LIMIT) & ~fell
        final, over = self.s.clone(), fell | timeout
        lengths = self.t[over].float()
        self.s[over] = torch.empty(int(over.sum()), 4).uniform_(-0.05, 0.05)
        self.t[over] = 0
        return torch.ones(self.n), fell, timeout, final, lengths


class Agent(nn.Module):
    def __init__(self):
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 2))
        self.v = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
        nn.init.orthogonal_(self.pi[-1].weight, 0.01)

    def value(self, s):
        return self.v(s).squeeze(-1) * 50      # returns reach 100 at gamma 0.99


cfg = SimpleNamespace(envs=32, horizon=64, iters=30, epochs=6, minibatch=512, gamma=0.99, lam=0.95, clip=0.2, lr=3e-3)


def collect(env, agent):
    S, A, LP, R, V, NV, D = [], [], [], [], [], [], []
    lengths = []
    with torch.no_grad():
        for _ in range(cfg.horizon):
            s = env.s.clone()
            dist = Categorical(logits=agent.pi(s))
            a = dist.sample()
            r, fell, timeout, final, ls = env.step(a)
            nv = agent.value(final) * (~fell)       # bootstrap after a time-out, not after a fall
            S.append(s); A.append(a); LP.append(dist.log_prob(a)); R.append(r)
            V.append(agent.value(s)); NV.append(nv); D.append((fell | timeout).float())
            lengths += ls.tolist()
        adv, out = torch.zeros(env.n), []
        for t in reversed(range(cfg.horizon)):
            delta = R[t] + cfg.gamma * NV[t] - V[t]
            adv = delta + cfg.gamma * cfg.lam * (1 - D[t]) * adv
            out.append(adv)
        adv = torch.stack(out[::-1])
    flat = lambda z: torch.stack(z).flatten(0, 1)
    return flat(S), flat(A), flat(LP), adv.flatten(), (adv + torch.stack(V)).flatten(), lengths


torch.manual_seed(0)
agent, env = Agent(), CartPoleVec(cfg.envs)
opt = torch.optim.Adam(agent.parameters(), lr=cfg.lr, eps=1e-5)
for it in range(1, cfg.iters + 1):
    opt.param_groups[0]["lr"] = cfg.lr * (1 - (it - 1) / cfg.iters)
    S, A, LP, ADV, RET, lengths = collect(env, agent)
    for _ in range(cfg.epochs):
        for idx in torch.randperm(len(S)).split(cfg.minibatch):
            dist = Categorical(logits=agent.pi(S[idx]))
            ratio = (dist.log_prob(A[idx]) - LP[idx]).exp()
            adv = (ADV[idx] - ADV[idx].mean()) / (ADV[idx].std() + 1e-8)
            policy = -torch.min(ratio * adv, ratio.clamp(1 - cfg.clip, 1 + cfg.clip) * adv).mean()
            value = ((agent.value(S[idx]) - RET[idx]) / 50).square().mean()
            loss = policy + 0.5 * value - 0.005 * dist.entropy().mean()
            opt.zero_grad(); loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            opt.step()
    if it % 3 == 0 and lengths:
        print(f"iter {it} episodes {len(lengths)} mean length {sum(lengths) / len(lengths):.1f} policy loss {policy.item():+.4f} value loss {value.item():.4f}")
test_env, done_lengths = CartPoleVec(50), []
with torch.no_grad():
    for _ in range(200):
        done_lengths += test_env.step(agent.pi(test_env.s).argmax(1))[4].tolist()
print(f"greedy policy: {len(done_lengths)} episodes, mean length {sum(done_lengths) / len(done_lengths):.1f} of 200")
