"""The PyTorch side of step.ts: the same model and step in fp32; reads step counts, answers times in ms."""
import sys, time
import torch
from torch import nn

preset, b, t = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
layers, hidden, heads = {"tiny": (2, 128, 2), "mini": (4, 256, 4), "small": (4, 512, 8), "medium": (8, 512, 8), "base": (12, 768, 12)}[preset]
VOCABULARY = 30522
torch.set_num_threads(2)
torch.manual_seed(1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(hidden, hidden) for _ in range(4))
        self.up, self.down = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)
        self.norm1, self.norm2 = nn.LayerNorm(hidden, 1e-12), nn.LayerNorm(hidden, 1e-12)
        self.drop, self.drop_attention = nn.Dropout(0.1), nn.Dropout(0.1)

    def forward(self, x, bias):
        split = lambda y: y.view(b, t, heads, hidden // heads).transpose(1, 2)
        scores = split(self.q(x)) @ split(self.k(x)).transpose(-1, -2) / (hidden // heads) ** 0.5 + bias
        context = self.drop_attention(scores.softmax(-1)) @ split(self.v(x))
        x = self.norm1(x + self.drop(self.o(context.transpose(1, 2).reshape(b, t, hidden))))
        return self.norm2(x + self.drop(self.down(nn.functional.gelu(self.up(x)))))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions, self.types = nn.Embedding(VOCABULARY, hidden), nn.Embedding(512, hidden), nn.Embedding(2, hidden)
        self.norm, self.drop = nn.LayerNorm(hidden, 1e-12), nn.Dropout(0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.pooler, self.classifier = nn.Linear(hidden, hidden), nn.Linear(hidden, 2)

    def forward(self, ids, types, mask):
        x = self.words(ids) + self.positions(torch.arange(t)) + self.types(types)
        x = self.drop(self.norm(x))
        bias = (1.0 - mask[:, None, None, :]) * torch.finfo(torch.float32).min
        for layer in self.layers:
            x = layer(x, bias)
        return self.classifier(self.drop(torch.tanh(self.pooler(x[:, 0]))))


model = Bert().train()
for p in model.parameters():
    if p.dim() > 1:
        nn.init.trunc_normal_(p, std=0.02, a=-0.04, b=0.04)
decay = [p for p in model.parameters() if p.dim() > 1]
rest = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.AdamW([{"params": decay}, {"params": rest, "weight_decay": 0}], lr=1e-5, eps=1e-6, weight_decay=0.01, foreach=True)
ids, types = torch.randint(0, VOCABULARY, (b, t)), torch.zeros(b, t, dtype=torch.long)
mask, labels = torch.ones(b, t), torch.randint(0, 2, (b,))


def step():
    optimizer.zero_grad(set_to_none=True)
    nn.functional.cross_entropy(model(ids, types, mask), labels).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    print(" ".join(f"{ms:.3f}" for ms in times), flush=True)
