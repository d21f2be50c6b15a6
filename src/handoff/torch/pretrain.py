#!/usr/bin/env python3
"""Goes on with a pre-training run of attune in PyTorch: one process, or several under torchrun.

    python pretrain.py                                   a CPU, or one GPU
    torchrun --nproc_per_node=8 pretrain.py              eight GPUs
    attune import FOLDER                                 brings the result back, finished or not

Needs PyTorch 1.13 or later and nothing else. The folder holds the recipe, the tokenized corpus and the weights that
the run starts from; checkpoints go to checkpoints/ and figures of each step to log.jsonl. A run that is killed goes on
from its last checkpoint when the same command is given again.

Texts come in the order, and with the masks, that attune itself would have chosen: both are functions of the seed, the
pass and the number of the text, and the generator (Philox) is written out below. The texts of a step are shared out
among the processes, and every masked token weighs what it weighs in the whole step, so the result does not depend on
their number but for rounding. Without dropout, 20 steps here and in attune agree within 1e-3 (in float32).
"""
import argparse
import contextlib
import ctypes
import json
import math
import mmap
import os
import shutil
import signal
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


# Random numbers: a value is a function of seed, stream and counter (Salmon et al. 2011, "Parallel Random Numbers: As
# Easy as 1, 2, 3").

MASK32 = 0xFFFFFFFF


def philox(c0, c1, c2, c3, seed):
    """Philox4x32-10: four words from a counter of four; of Python integers, or of int64 tensors that broadcast."""
    k0, k1 = seed & MASK32, (seed >> 32) & MASK32
    for _ in range(10):
        # tensors wrap around at 64 bits; behind the mask the high word is right all the same
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = ((p1 >> 32) & MASK32) ^ c1 ^ k0, p1 & MASK32, ((p0 >> 32) & MASK32) ^ c3 ^ k1, p0 & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


def stream_id(name):
    """FNV-1a of a stream's name."""
    value = 0x811C9DC5
    for character in name.encode():
        value = ((value ^ character) * 0x01000193) & MASK32
    return value


class Random:
    """The numbers of a stream. `words`: its first ones, where they were computed in advance."""

    def __init__(self, seed, stream, words=()):
        self.seed, self.stream, self.words, self.at = seed, stream_id(stream), list(words), 0

    def uint32(self):
        if self.at == len(self.words):
            self.words += philox(self.at // 4, 0, self.stream, 1, self.seed)
        self.at += 1
        return self.words[self.at - 1]

    def uniform(self):
        return (self.uint32() + 0.5) / 0x100000000

    def int(self, n):
        limit = 0x100000000 - 0x100000000 % n
        value = self.uint32()
        while value >= limit:
            value = self.uint32()
        return value % n

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.int(i + 1)
            items[i], items[j] = items[j], items[i]
        return items


def first_words(streams, count, seed):
    """The first words of many streams at once: far faster than one by one."""
    blocks = torch.arange((count + 3) // 4)[None, :]
    ids = torch.tensor([stream_id(stream) for stream in streams])[:, None]
    return torch.stack(philox(blocks, 0, ids, 1, seed), -1).flatten(1).tolist()


def permutation(places, n, seed, stream):
    """The numbers at some places of a random order of 0..n-1: a Feistel network, walked until it lands below n."""
    side = 2 ** max(1, math.ceil(math.log2(max(2, n)) / 2))

    def walk(values):
        left, right = values // side, values % side
        for number in range(4):
            left, right = right, (left + philox(right, number, stream_id(stream), 2, seed)[0] % side) % side
        return left * side + right

    values = walk(places)
    while bool((values >= n).any()):
        values = torch.where(values >= n, walk(values), values)
    return values


def rounded(x):
    return math.floor(x + 0.5)


# The corpus and the order in which it is read.

CONTINUES = 0x80000000  # marks a token that continues the word before it


def mapped(name, kind):
    """A file of numbers, read where it is asked for."""
    path = os.path.join(HERE, "corpus", name)
    with open(path, "rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).cast(kind)


class Corpus:
    """Sequences of one split, "train" or "dev"."""

    def __init__(self, split):
        self.tokens = mapped("tokens.bin", "I")
        self.starts, self.lengths = mapped(split + "-starts.bin", "d"), mapped(split + "-lengths.bin", "H")

    def read(self, sequence):
        start = int(self.starts[sequence])
        return self.tokens[start : start + self.lengths[sequence]].tolist()


def batches(lengths, budget):
    """Places in `lengths`, the longest first, in groups of at most `budget` padded tokens."""
    order, groups, start = sorted(range(len(lengths)), key=lambda i: -lengths[i]), [], 0
    while start < len(order):
        count = max(1, budget // max(1, lengths[order[start]]))
        groups.append(order[start : start + count])
        start += count
    return groups


class Order:
    """The steps of a run from a place on: (pass, sequences of the step, the place behind it)."""

    def __init__(self, lengths, recipe, cursor, steps):
        self.lengths, self.seed, self.cursor, self.steps = lengths, recipe["data"]["seed"], cursor, steps
        self.special = 2 if recipe["data"]["objective"] == "none" else 3
        self.budget = recipe["plan"]["stepTokens"]
        self.window = max(1, rounded(64 * self.budget / (sum(lengths) / len(lengths) + self.special)))

    def __iter__(self):
        epoch, window, step = (self.cursor[name] for name in ("epoch", "window", "step"))
        left = self.steps
        while left > 0:
            steps = self.cut(epoch, window)
            while step < len(steps) and left > 0:
                sequences, step, left = steps[step], step + 1, left - 1
                last = (window + 1) * self.window >= len(self.lengths)
                if step < len(steps):
                    following = (epoch, window, step)
                else:
                    following = (epoch + 1, 0, 0) if last else (epoch, window + 1, 0)
                yield epoch, sequences, following
            epoch, window, step = following

    def cut(self, epoch, window):
        n = len(self.lengths)
        places = torch.arange(window * self.window, min(n, (window + 1) * self.window))
        members = permutation(places, n, self.seed, "sequences/%d" % epoch).tolist()
        steps = batches([self.lengths[member] + self.special for member in members], self.budget)
        stream = "steps/%d/%d" % (epoch, window)
        return Random(self.seed, stream).shuffle([[members[i] for i in step] for step in steps])


# Masking: 80% of the chosen tokens become [MASK], 10% a random word, 10% stay (Devlin et al. 2019, section 3.1).


class Masker:
    """Makes examples: dicts of ids, typeIds, places (of masked tokens), labels, and sentenceLabel (0, 1 or None)."""

    def __init__(self, corpus, data):
        self.corpus, self.data = corpus, data
        specials, self.ends = set(data["specialIds"]), set(data["sentenceEnds"])
        self.words = [i for i in range(data["vocabSize"]) if i not in specials]

    def make_all(self, sequences, visit):
        seed, streams = self.data["seed"], ["mask/%s/%d" % (visit, sequence) for sequence in sequences]
        longest = max(self.corpus.lengths[sequence] for sequence in sequences)
        words = first_words(streams, 24 + longest * 3 // 2, seed)
        return [self.make(*one) for one in zip(sequences, map(Random, [seed] * len(streams), streams, words))]

    def make(self, sequence, random):
        objective, tokens = self.data["objective"], self.corpus.read(sequence)
        if objective == "none":
            return self.assemble([self.mask(tokens, random)], None)
        cut = self.cut(tokens, random)
        first, second = tokens[:cut], tokens[cut:]
        changed = random.uniform() < 0.5 and bool(second) and (objective == "sop" or len(self.corpus.lengths) > 1)
        if changed and objective == "nsp":
            second = self.other(sequence, len(second), random)
        segments = [second, first] if changed and objective == "sop" else [first, second]
        return self.assemble([self.mask(part, random) for part in segments if part], int(changed))

    def cut(self, tokens, random):
        """The end of the sentence nearest to a random place in the middle half, or else the nearest place between words."""
        n = len(tokens)
        wanted = max(1, n // 4 + random.int(max(1, (n + 1) // 2)))
        for distance in range((n + 3) // 4):
            for place in (wanted - distance, wanted + distance):
                if 1 <= place < n and tokens[place - 1] & ~CONTINUES in self.ends:
                    return place
        for distance in range(n):
            for place in (wanted - distance, wanted + distance):
                if 1 <= place < n and not tokens[place] & CONTINUES:
                    return place
        return n

    def other(self, sequence, length, random):
        """The last `length` tokens of another sequence."""
        count = len(self.corpus.lengths)
        other = random.int(count)
        if other == sequence:
            other = (other + 1) % count
        return self.corpus.read(other)[-length:]

    def mask(self, tokens, random):
        count = max(1, rounded(self.data["maskShare"] * len(tokens)))
        pick = self.some_tokens if self.data["masking"] == "tokens" else self.some_words
        places = sorted(pick(tokens, count, random))
        ids = [token & ~CONTINUES for token in tokens]
        labels = [ids[place] for place in places]
        for place in places:
            draw = random.uniform()
            if draw < 0.8:
                ids[place] = self.data["maskId"]
            elif draw < 0.9:
                ids[place] = self.words[random.int(len(self.words))]
        return ids, places, labels

    def some_tokens(self, tokens, count, random):
        chosen = set()
        for last in range(len(tokens) - count, len(tokens)):
            place = random.int(last + 1)
            chosen.add(last if place in chosen else place)
        return chosen

    def some_words(self, tokens, count, random):
        """Words, or runs of them, in random order, as long as they fit; where none does, one of the shortest."""
        starts = [0] + [i for i in range(1, len(tokens)) if not tokens[i] & CONTINUES] + [len(tokens)]
        spans, words, chosen = self.data["masking"] == "spans", len(starts) - 1, set()
        order = random.shuffle(list(range(words)))
        for first in order:
            if len(chosen) >= count:
                break
            length = self.span_length(random) if spans else 1
            for word in range(first, min(words, first + length)):
                start, end = starts[word], starts[word + 1]
                if start in chosen or len(chosen) + end - start > count:
                    break
                chosen.update(range(start, end))
        if chosen:
            return chosen
        shortest = min(order, key=lambda word: starts[word + 1] - starts[word])  # the first of them
        return set(range(starts[shortest], starts[shortest + 1]))

    def span_length(self, random):
        """Geometric with p = 0.2, up to 10 (Joshi et al. 2020)."""
        mass = 1 - (1 - 0.2) ** 10
        return math.ceil(math.log(1 - random.uniform() * mass) / math.log(1 - 0.2))

    def assemble(self, segments, sentence_label):
        ids, types, places, labels = [self.data["clsId"]], [0], [], []
        for kind, (part, chosen, hidden) in enumerate(segments):
            places += [len(ids) + place for place in chosen]
            labels += hidden
            ids += part + [self.data["sepId"]]
            types += [kind] * (len(part) + 1)
        return {"ids": ids, "typeIds": types, "places": places, "labels": labels, "sentenceLabel": sentence_label}


def collate(examples, pad, counts=True):
    """Tensors of a micro-batch. `counts` False: a stand-in of weight 0, for a process that has no text in a step."""
    width, most = max(len(e["ids"]) for e in examples), 1 + max(len(e["places"]) for e in examples)
    padded = lambda values, filler, to: values + [filler] * (to - len(values))
    return {
        "ids": torch.tensor([padded(e["ids"], pad, width) for e in examples]),
        "types": torch.tensor([padded(e["typeIds"], 0, width) for e in examples]),
        "seen": torch.tensor([padded([True] * len(e["ids"]), False, width) for e in examples]),
        "places": torch.tensor([padded([0] + e["places"], 0, most) for e in examples]),  # [CLS], then the masked ones
        "rows": torch.tensor([i * most + 1 + k for i, e in enumerate(examples) for k in range(len(e["places"]))]),
        "labels": torch.tensor([label for e in examples for label in e["labels"]]),
        "sentence_labels": torch.tensor([e["sentenceLabel"] or 0 for e in examples]),
        "weight": torch.tensor(1.0 if counts else 0.0),
    }


class Steps(torch.utils.data.Dataset):
    """From a step's place to what this process computes of it; runs in DataLoader's workers."""

    def __init__(self, recipe, rank, world, batch_tokens):
        self.recipe, self.rank, self.world, self.batch_tokens, self.masker = recipe, rank, world, batch_tokens, None

    def __getitem__(self, place):
        if self.masker is None:  # opened in the process that reads it
            self.masker = Masker(Corpus("train"), self.recipe["data"])
        epoch, sequences, following = place
        lengths = self.masker.corpus.lengths
        longest_first = sorted(sequences, key=lambda sequence: -lengths[sequence]) if self.world > 1 else sequences
        mine = longest_first[self.rank :: self.world]
        examples = self.masker.make_all(mine or sequences[:1], "train/%d" % epoch)
        parts = batches([len(example["ids"]) for example in examples], self.batch_tokens)
        pad = self.recipe["data"]["padId"]
        return {
            "parts": [collate([examples[i] for i in part], pad, bool(mine)) for part in parts],
            "masked": sum(len(example["places"]) for example in examples) if mine else 0,
            "tokens": sum(len(example["ids"]) for example in examples) if mine else 0,
            "texts": len(sequences),
            "following": following,
        }


# The model: BERT with its pre-training heads, parameters under the names of Hugging Face's BertForPreTraining.


def norm(config):
    return nn.LayerNorm(config["hiddenSize"], eps=config["layerNormEps"])


def linear(config, inputs="hiddenSize", outputs="hiddenSize"):
    return nn.Linear(config[inputs], config[outputs])


def dense_norm(config, inputs="hiddenSize"):
    return nn.ModuleDict({"dense": linear(config, inputs), "LayerNorm": norm(config)})


class Layer(nn.Module):
    """One post-LayerNorm layer. `rows` [b, p, h] of x [b, t, h] look at all of x and go on."""

    def __init__(self, config):
        super().__init__()
        self.heads, self.dropout = config["numAttentionHeads"], nn.Dropout(config["hiddenDropoutProb"])
        self.attention_dropout = config["attentionProbsDropoutProb"]
        projections = nn.ModuleDict({name: linear(config) for name in ("query", "key", "value")})
        self.attention = nn.ModuleDict({"self": projections, "output": dense_norm(config)})
        self.intermediate = nn.ModuleDict({"dense": linear(config, outputs="intermediateSize")})
        self.output = dense_norm(config, "intermediateSize")

    def forward(self, x, rows, seen):
        parts, context = self.attention["self"], self.attention["output"]
        attended = self.attend(parts["query"](rows), parts["key"](x), parts["value"](x), seen)
        attended = context["LayerNorm"](self.dropout(context["dense"](attended)) + rows)
        wide = self.output["dense"](F.gelu(self.intermediate["dense"](attended)))
        return self.output["LayerNorm"](self.dropout(wide) + attended)

    def attend(self, q, k, v, seen):
        split = lambda x: x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)  # [b, heads, t, d]
        q, k, v = split(q), split(k), split(v)
        rate = self.attention_dropout if self.training else 0.0
        if hasattr(F, "scaled_dot_product_attention"):  # PyTorch 2
            context = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, dropout_p=rate)
        else:
            scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1])
            scores = scores.masked_fill(~seen, torch.finfo(scores.dtype).min)
            context = F.dropout(scores.softmax(-1), rate) @ v
        return context.transpose(1, 2).flatten(2)


class Model(nn.Module):
    def __init__(self, config, objective):
        super().__init__()
        table = lambda rows: nn.Embedding(config[rows], config["hiddenSize"])
        self.dropout = nn.Dropout(config["hiddenDropoutProb"])
        self.bert = nn.Module()
        self.bert.embeddings = nn.ModuleDict({
            "word_embeddings": table("vocabSize"),
            "position_embeddings": table("maxPositionEmbeddings"),
            "token_type_embeddings": table("typeVocabSize"),
            "LayerNorm": norm(config),
        })
        layers = nn.ModuleList(Layer(config) for _ in range(config["numHiddenLayers"]))
        self.bert.encoder = nn.ModuleDict({"layer": layers})
        self.cls = nn.Module()
        self.cls.predictions = nn.Module()
        self.cls.predictions.transform = dense_norm(config)
        self.cls.predictions.bias = nn.Parameter(torch.zeros(config["vocabSize"]))
        self.pairs = objective != "none"
        if self.pairs:
            self.bert.pooler = nn.ModuleDict({"dense": linear(config)})
            self.cls.seq_relationship = nn.Linear(config["hiddenSize"], 2)

    def logits(self, batch):
        """Of the masked tokens [n, v], and of the pairs [b, 2] or None."""
        tables, seen = self.bert.embeddings, batch["seen"][:, None, None, :]
        positions = tables["position_embeddings"].weight[: batch["ids"].shape[1]]
        x = tables["word_embeddings"](batch["ids"]) + positions + tables["token_type_embeddings"](batch["types"])
        x = self.dropout(tables["LayerNorm"](x))
        layers = self.bert.encoder["layer"]
        for layer in layers[:-1]:
            x = layer(x, x, seen)
        # only [CLS] and the masked tokens go through the last layer: nothing else is read
        x = layers[-1](x, x.gather(1, batch["places"][:, :, None].expand(-1, -1, x.shape[2])), seen)
        transform = self.cls.predictions.transform
        states = x.flatten(0, 1).index_select(0, batch["rows"])
        states = transform["LayerNorm"](F.gelu(transform["dense"](states)))
        words = F.linear(states, tables["word_embeddings"].weight, self.cls.predictions.bias)
        if not self.pairs:
            return words, None
        return words, self.cls.seq_relationship(torch.tanh(self.bert.pooler["dense"](x[:, 0])))

    def forward(self, batch, masked, texts):
        """This part of the step's loss: each masked token weighs 1 / masked, each pair 1 / texts."""
        words, pairs = self.logits(batch)
        loss = F.cross_entropy(words.float(), batch["labels"], reduction="sum") / masked
        if pairs is not None:
            loss = loss + F.cross_entropy(pairs.float(), batch["sentence_labels"], reduction="sum") / texts
        return loss * batch["weight"]


# Files: safetensors (a length, a JSON header, then the data), and checkpoints of them.


def read_safetensors(path):
    """Tensors by name, and the metadata. Float32 only."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        metadata, start, tensors = header.pop("__metadata__", {}), file.tell(), {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            data = bytearray(end - begin)
            file.seek(start + begin)
            if entry["dtype"] != "F32" or file.readinto(data) != len(data):
                raise SystemExit("%s: %s is cut short, or not float32; copy the file again" % (path, name))
            tensors[name] = torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"])
    return tensors, metadata


def write_safetensors(path, tensors, metadata):
    tensors = {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}
    header, at = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        size = 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write((ctypes.c_char * (4 * tensor.numel())).from_address(tensor.data_ptr()))
        file.flush()
        os.fsync(file.fileno())


def latest_checkpoint():
    """The folder to go on from, and whether this script wrote it."""
    folder = os.path.join(HERE, "checkpoints")
    names = os.listdir(folder) if os.path.isdir(folder) else []
    steps = [int(name[5:]) for name in names if name.startswith("step-") and name[5:].isdigit()]
    return (os.path.join(folder, "step-%d" % max(steps)), True) if steps else (os.path.join(HERE, "start"), False)


def load(model, optimizer, recipe):
    """Puts the latest checkpoint into model and optimizer; returns its state."""
    folder, ours = latest_checkpoint()
    weights, metadata = read_safetensors(os.path.join(folder, "model.safetensors"))
    moments, _ = read_safetensors(os.path.join(folder, "optimizer.safetensors"))
    with open(os.path.join(folder, "state.json")) as file:
        state = json.load(file)
    if ours and metadata.get("recipe") != recipe["id"]:
        raise SystemExit("%s belongs to another hand-off; move it away" % folder)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
            optimizer.state[parameter] = {
                "step": torch.tensor(float(state["step"])),
                "exp_avg": moments["m." + name].to(parameter.device),
                "exp_avg_sq": moments["v." + name].to(parameter.device),
            }
    return state


def save(model, optimizer, state, recipe):
    """Writes the checkpoint of a step whole or not at all, then removes older ones."""
    folder = os.path.join(HERE, "checkpoints")
    place = os.path.join(folder, "step-%d" % state["step"])
    stage, metadata = place + ".tmp", {"format": "pt", "recipe": recipe["id"]}
    shutil.rmtree(stage, ignore_errors=True)
    os.makedirs(stage)
    named = dict(model.named_parameters())
    moments = {}
    for name, parameter in named.items():
        moments["m." + name] = optimizer.state[parameter]["exp_avg"]
        moments["v." + name] = optimizer.state[parameter]["exp_avg_sq"]
    write_safetensors(os.path.join(stage, "model.safetensors"), named, metadata)
    write_safetensors(os.path.join(stage, "optimizer.safetensors"), moments, metadata)
    with open(os.path.join(stage, "state.json"), "w") as file:
        json.dump(state, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(place, ignore_errors=True)
    os.rename(stage, place)
    for name in os.listdir(folder):
        if name.startswith("step-") and os.path.join(folder, name) != place:
            shutil.rmtree(os.path.join(folder, name))


# The run.


class Group:
    """The processes that share a step. Sums on the CPU do not wait for what a GPU still has to do."""

    def __init__(self, device):
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.sums = None
        if self.world > 1:
            dist.init_process_group("nccl" if device == "cuda" else "gloo")
            self.sums = dist.new_group(backend="gloo")

    def sum(self, values):
        total = torch.tensor(values, dtype=torch.float64)
        if self.sums is not None:
            dist.all_reduce(total, group=self.sums)
        return total.tolist()


class Log:
    """Progress for people on standard output, figures of each step in log.jsonl; both by the first process."""

    def __init__(self, group, total_steps):
        self.group, self.total = group, total_steps
        self.steps, self.figures, self.tokens, self.since = [], [], 0, time.time()
        self.file = open(os.path.join(HERE, "log.jsonl"), "a") if group.rank == 0 else None

    def add(self, step, lr, tokens, loss, grad_norm):
        """`loss` and `grad_norm` stay on the device, so that nobody waits for them."""
        self.steps.append((step, lr, tokens))
        self.figures.append(torch.stack([loss.float(), grad_norm.float()]))
        self.tokens += tokens

    def flush(self):
        """Gathers what was added since the last time; ends the run where a figure is not finite."""
        figures = torch.stack(self.figures).cpu().tolist()
        losses = self.group.sum([loss for loss, _ in figures])
        elapsed = max(1e-9, time.time() - self.since)
        for (step, lr, tokens), loss, (_, grad_norm) in zip(self.steps, losses, figures):
            if not (math.isfinite(loss) and math.isfinite(grad_norm)):
                raise SystemExit(
                    "step %d has loss %s and gradient norm %s; the last checkpoint is from before. Begin again with a "
                    "lower learning rate, or try --precision fp32" % (step, loss, grad_norm))
            self.write({"step": step, "loss": loss, "gradNorm": grad_norm, "lr": lr, "tokens": tokens})
        left = duration((self.total - step) * elapsed / len(self.steps))
        share = "%d/%d %5.1f%%" % (step, self.total, 100 * step / self.total)
        speed = "{:,.0f} tokens/s".format(self.tokens / elapsed)
        self.say("step %s  loss %.4f  lr %.2e  %s  %s left" % (share, losses[-1], lr, speed, left))
        self.steps, self.figures, self.tokens, self.since = [], [], 0, time.time()

    def evaluation(self, step, scores):
        self.write(dict(scores, evaluation=True, step=step))
        pairs = "" if "sentenceAccuracy" not in scores else ", pairs told %.4f" % scores["sentenceAccuracy"]
        self.say("step %d  held-out loss %.4f, accuracy %.4f%s" % (step, scores["loss"], scores["accuracy"], pairs))
        self.since = time.time()

    def write(self, figures):
        if self.file is not None:
            self.file.write(json.dumps(figures) + "\n")
            self.file.flush()

    def say(self, text):
        if self.group.rank == 0:
            print(text, flush=True)


class HeldOut:
    """Loss and accuracy on held-out text, whose masks are the same each time; each process takes its share of it."""

    def __init__(self, recipe, group, batch_tokens):
        self.group, masker = group, Masker(Corpus("dev"), recipe["data"])
        mine = list(range(len(masker.corpus.lengths)))[group.rank :: group.world]
        examples = masker.make_all(mine, "dev") if mine else []
        parts = batches([len(example["ids"]) for example in examples], batch_tokens)
        self.parts = [collate([examples[i] for i in part], recipe["data"]["padId"]) for part in parts]

    def scores(self, model, device, cast):
        loss, hits, masked, told, pairs = 0.0, 0, 0, 0, 0
        model.eval()
        with torch.no_grad():
            for part in self.parts:
                batch = to_device(part, device)
                with cast():
                    words, sentences = model.logits(batch)
                words, labels = words.float(), batch["labels"]
                loss += F.cross_entropy(words, labels, reduction="sum").item()
                hits += (words.gather(1, labels[:, None])[:, 0] == words.max(1).values).sum().item()
                masked += len(labels)
                if sentences is not None:
                    guesses = (sentences[:, 1] > sentences[:, 0]).long()
                    told += (guesses == batch["sentence_labels"]).sum().item()
                    pairs += len(guesses)
        model.train()
        loss, hits, masked, told, pairs = self.group.sum([loss, hits, masked, told, pairs])
        scores = {"loss": loss / masked, "accuracy": hits / masked}
        return dict(scores, sentenceAccuracy=told / pairs) if pairs else scores


class Run:
    def __init__(self, recipe, options):
        self.recipe, self.options, self.plan = recipe, options, recipe["plan"]
        self.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.group = Group(self.device)
        if self.device == "cuda":
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        device = torch.cuda.get_device_name() if self.device == "cuda" else self.device
        self.by = "torch %s, %d x %s, %s" % (torch.__version__, self.group.world, device, options.precision)
        self.batch_tokens = options.batch_tokens or max(self.plan["batchTokens"], 16384 if self.device == "cuda" else 0)
        self.model = Model(recipe["config"], recipe["data"]["objective"])
        check_parameters(self.model, recipe)
        self.model.to(self.device).train()
        self.optimizer = adamw(self.model, recipe)
        self.state = load(self.model, self.optimizer, recipe)
        self.note_hand_off()
        self.shared = self.model
        if self.group.world > 1:
            ids = [torch.cuda.current_device()] if self.device == "cuda" else None
            self.shared = nn.parallel.DistributedDataParallel(self.model, device_ids=ids, broadcast_buffers=False)
        self.held_out = HeldOut(recipe, self.group, self.batch_tokens)
        self.log = Log(self.group, self.plan["totalSteps"])

    def go(self):
        total, stops = self.plan["totalSteps"], []
        last = min(total, self.options.stop_at or total)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: stops.append(number))
        self.log.say("%s; %d of %d steps are done" % (self.by, self.state["step"], total))
        for share in self.loader(last):
            waited = time.time() - self.log.since >= self.options.log_seconds
            mine = [share["masked"], share["tokens"], bool(stops), waited and self.group.rank == 0]
            masked, tokens, stop, report = self.group.sum([float(figure) for figure in mine])
            self.step(share, masked, int(tokens))
            step = self.state["step"]
            evaluating = step % self.plan["evaluationSteps"] == 0 or step == total
            saving = step % self.options.checkpoint_steps == 0 or step == last or stop
            if report or evaluating or saving:
                self.log.flush()
            if evaluating:
                self.evaluate()
            if saving and self.group.rank == 0:
                save(self.model, self.optimizer, self.state, self.recipe)
            if stop and step < last:
                self.log.say("stopped and saved after step %d; the same command goes on" % step)
                return 130
        done = "done; `attune import` brings the model back"
        end = done if self.state["step"] >= total else "saved; go on without --stop-at"
        self.log.say("step {:,} of {:,}, {:,} tokens seen: {}".format(
            self.state["step"], total, self.state["tokens"], end))
        return 0

    def note_hand_off(self):
        """Who does which steps, for the model card."""
        done, parts = self.state["step"], self.state.setdefault("handoffs", [])
        if not parts or parts[-1]["by"] != self.by or parts[-1]["toStep"] != done:
            parts.append({"fromStep": done, "toStep": done, "by": self.by})

    def loader(self, last):
        """What this process computes of each step that is left."""
        options, group = self.options, self.group
        steps = Order(Corpus("train").lengths, self.recipe, self.state["cursor"], last - self.state["step"])
        workers = default_workers(group.world) if options.workers is None else options.workers
        return torch.utils.data.DataLoader(
            Steps(self.recipe, group.rank, group.world, self.batch_tokens), batch_size=None, sampler=steps,
            num_workers=workers, collate_fn=same, worker_init_fn=ignore_interrupts, pin_memory=self.device == "cuda")

    def step(self, share, masked, tokens):
        """One optimizer step. The loss is that of the whole step: processes' gradients are averaged by DDP, so each is
        multiplied by their number."""
        step, loss, parts = self.state["step"], 0.0, share["parts"]
        torch.manual_seed((self.recipe["data"]["seed"] * 1000003 + step) * 4096 + self.group.rank & (2**63 - 1))
        for i, part in enumerate(parts):
            more = self.group.world > 1 and i < len(parts) - 1
            with self.shared.no_sync() if more else contextlib.nullcontext():
                with self.cast():
                    part_loss = self.shared(to_device(part, self.device), masked, share["texts"])
                (part_loss * self.group.world).backward()
            loss = loss + part_loss.detach()
        grad_norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.plan["maxGradNorm"])
        lr = learning_rate(step, self.plan)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        epoch, window, following = share["following"]
        self.state["step"], self.state["tokens"] = step + 1, self.state["tokens"] + tokens
        self.state["cursor"] = {"epoch": int(epoch), "window": int(window), "step": int(following)}
        self.state["handoffs"][-1]["toStep"] = step + 1
        self.log.add(step + 1, lr, tokens, loss, grad_norm)

    def evaluate(self):
        scores = self.held_out.scores(self.model, self.device, self.cast)
        step, tokens = self.state["step"], self.state["tokens"]
        self.state["curve"].append(dict(scores, step=step, tokens=tokens))
        self.log.evaluation(step, scores)

    def cast(self):
        return torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.options.precision == "bf16")


def adamw(model, recipe):
    """AdamW with decay on matrices only."""
    plan, decayed = recipe["plan"], {parameter["name"] for parameter in recipe["parameters"] if parameter["decay"]}
    matrices = [p for name, p in model.named_parameters() if name in decayed]
    others = [p for name, p in model.named_parameters() if name not in decayed]
    groups = [{"params": matrices, "weight_decay": plan["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=tuple(plan["betas"]), eps=plan["eps"])


def learning_rate(step, plan):
    """Warm-up from 0, then linear decay to 0; `step` counts from 0."""
    lr, warmup, total = plan["lr"], plan["warmupSteps"], plan["totalSteps"]
    return lr * step / warmup if step < warmup else lr * max(0, (total - step) / max(1, total - warmup))


def check_parameters(model, recipe):
    wanted = {parameter["name"]: list(parameter["shape"]) for parameter in recipe["parameters"]}
    found = {name: list(parameter.shape) for name, parameter in model.named_parameters()}
    for name in sorted(set(wanted) | set(found)):
        if wanted.get(name) != found.get(name):
            raise SystemExit("recipe.json and this script disagree about %s; write the hand-off again" % name)


def check_files(recipe):
    for name, size in recipe["files"].items():
        path = os.path.join(HERE, *name.split("/"))
        found = os.path.getsize(path) if os.path.exists(path) else None
        if found != size:
            raise SystemExit("%s must have %d bytes and has %s; copy the folder again" % (path, size, found))


def default_workers(world):
    """Processes that prepare texts beside each that computes; none on a CPU, which is busy anyway."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(0, min(8, cores // world - 1)) if torch.cuda.is_available() else 0


def ignore_interrupts(_):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches workers too; the main process ends them
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def same(item):
    return item


def to_device(batch, device):
    return {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}


def duration(seconds):
    minutes = int(seconds / 60)
    if minutes == 0:
        return "%d s" % seconds
    return "%d min" % minutes if minutes < 60 else "%d h %02d min" % (minutes // 60, minutes % 60)


def show_data(recipe, count):
    """Prints the examples of the coming steps, a JSON object a line, as the model will see them."""
    with open(os.path.join(latest_checkpoint()[0], "state.json")) as file:
        state = json.load(file)
    corpus = Corpus("train")
    masker = Masker(corpus, recipe["data"])
    count = min(count, recipe["plan"]["totalSteps"] - state["step"])
    for i, (epoch, sequences, _) in enumerate(Order(corpus.lengths, recipe, state["cursor"], count)):
        for sequence, example in zip(sequences, masker.make_all(sequences, "train/%d" % epoch)):
            print(json.dumps(dict(example, step=state["step"] + i + 1, epoch=epoch, sequence=sequence)))


def at_least(least):
    def parse(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError("must be a whole number, %d or more" % least)
        return number

    return parse


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--precision", choices=["bf16", "fp32"], help="default: bf16 where the GPU has it, else fp32")
    add("--device", help="cuda, cpu or another of PyTorch's (default: cuda where there is one)")
    add("--batch-tokens", type=at_least(8), metavar="N",
        help="most padded tokens that a process computes at once; changes memory and speed, not the result "
        "(default: as in attune; on a GPU at least 16384)")
    add("--checkpoint-steps", type=at_least(1), metavar="N", default=500,
        help="steps between checkpoints (default: 500)")
    add("--stop-at", type=at_least(1), metavar="STEP",
        help="save and end after this step, for a machine that is lent for a time")
    add("--workers", type=at_least(0), metavar="N",
        help="processes that prepare texts (default: up to 8 with a GPU; 0 on a CPU)")
    add("--log-seconds", type=float, metavar="S", default=5, help="seconds between lines (default: 5)")
    add("--show-data", type=at_least(1), metavar="STEPS",
        help="print the texts of the coming steps as JSON lines, masked as they will be, and end")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    if sys.byteorder != "little":
        raise SystemExit("the files of this folder are little-endian, and this machine is not")
    with open(os.path.join(HERE, "recipe.json")) as file:
        recipe = json.load(file)
    if recipe["format"] != 1:
        raise SystemExit("recipe.json has format %s, and this script reads 1" % recipe["format"])
    check_files(recipe)
    if options.show_data is not None:
        show_data(recipe, options.show_data)
        return 0
    if options.precision is None:
        gpu = options.device in (None, "cuda") and torch.cuda.is_available()
        options.precision = "bf16" if gpu and torch.cuda.is_bf16_supported() else "fp32"
    return Run(recipe, options).go()


if __name__ == "__main__":
    sys.exit(main())
