"""Advantage actor-critic on a small grid with a pit; every step costs a little."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical

SEED = 7
torch.manual_seed(SEED)

SIZE, GAMMA, EPISODES, MAX_STEPS = 5, 0.97, 350, 30
GOAL, PITS = (4, 4), {(1, 3), (3, 1), (2, 2)}
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class Grid:
    def reset(self):
        self.pos = (0, 0)
        return self.observe()

    def observe(self):
        return F.one_hot(torch.tensor(self.pos[0] * SIZE + self.pos[1]), SIZE * SIZE).float()

    def step(self, action):
        dr, dc = MOVES[action]
        self.pos = (min(max(self.pos[0] + dr, 0), SIZE - 1), min(max(self.pos[1] + dc, 0), SIZE - 1))
        if self.pos == GOAL:
            return self.observe(), 0.0, True
        if self.pos in PITS:
            return self.observe(), -2.0, True
        return self.observe(), -0.1, False


class ActorCritic(nn.Module):
    def __init__(self, width=48):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(SIZE * SIZE, width), nn.Tanh())
        self.policy = nn.Linear(width, 4)
        self.value = nn.Linear(width, 1)
        nn.init.zeros_(self.policy.weight)

    def forward(self, x):
        h = self.body(x)
        return self.policy(h), self.value(h).squeeze(-1)


def rollout(env, model):
    states, actions, rewards = [], [], []
    s, done = env.reset(), False
    with torch.no_grad():
        while not done and len(rewards) < MAX_STEPS:
            a = Categorical(logits=model(s)[0]).sample()
            states.append(s)
            s, r, done = env.step(int(a))
            actions.append(a)
            rewards.append(r)
    tail = 0.0 if done else float(model(s)[1].detach())
    return torch.stack(states), torch.stack(actions), rewards, tail


def discounted(rewards, tail):
    out, running = [], tail
    for r in rewards[::-1]:
        running = r + GAMMA * running
        out.append(running)
    return torch.tensor(out).flip(0)


@torch.no_grad()
def greedy_return(env, model):
    s, total, done, n = env.reset(), 0.0, False, 0
    while not done and n < MAX_STEPS:
        s, r, done = env.step(int(model(s)[0].argmax()))
        total, n = total + r, n + 1
    return total, n


def main():
    env, model = Grid(), ActorCritic()
    opt = torch.optim.Adam(model.parameters(), lr=1e-2)
    recent = []
    for episode in range(1, EPISODES + 1):
        states, actions, rewards, tail = rollout(env, model)
        returns = discounted(rewards, tail)
        logits, values = model(states)
        dist = Categorical(logits=logits)
        advantage = returns - values
        actor = -(dist.log_prob(actions) * advantage.detach()).sum()
        critic = advantage.pow(2).sum()
        entropy_weight = 0.1 * (1 - episode / EPISODES)
        loss = actor + 0.5 * critic - entropy_weight * dist.entropy().sum()
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        opt.step()
        recent.append(sum(rewards))
        if episode % 25 == 0:
            print(f"episode {episode} mean return {sum(recent[-25:]) / 25:.3f} loss {loss.item():.3f}")
    total, n = greedy_return(env, model)
    print(f"greedy return {total:.2f} in {n} steps (best possible -0.70 in 8)")


if __name__ == "__main__":
    main()
