#!/usr/bin/env python3
"""Makes the small language model of `make season-local-model`, by training it here.

    local_model_make.py OUT.gguf STEPS SEASON.db ...

What it learns from are the answers of the built-in tank in the logs of seasons played before, in the form in
which models are asked, behind pieces of this tree's documents, which it learns to read past. It ends up as a
parrot of the tank with a million weights: enough to say something of the right kind, and to be wrong in many
ways, which is what the test wants of it.

The form is Gemma 3's with local attention in every layer, because then a prompt much longer than
the training's window does not take the model to positions it has never seen.
"""
import json
import math
import os
import re
import sqlite3
import sys
import time

import gguf
import numpy as np

LAYERS, WIDTH, HEADS, HEAD, HIDDEN = 4, 128, 2, 64, 384
ROW, WINDOW, BATCH, MERGES = 448, 224, 6, 1200
ROPE_BASE, EPSILON = 10000.0, 1e-6
START, END = "<|im_start|>", "<|im_end|>"
CHAT = ("{% for m in messages %}" + START + "{{ m['role'] }}\n{{ m['content'] }}" + END + "\n{% endfor %}"
        "{% if add_generation_prompt %}" + START + "assistant\n{% endif %}")


# ------------------------------------------------------------------ what is learnt
def short(value):
    """Four digits are what a model should say."""
    if isinstance(value, float):
        return float("%.4g" % value)
    if isinstance(value, dict):
        return {k: short(v) for k, v in value.items()}
    if isinstance(value, list):
        return [short(v) for v in value]
    return value


def ordered(value, keys):
    return {k: value.get(k) for k in keys}


PITCH = ("title", "kind", "problem", "solution", "impact", "complexity", "risks", "evidence", "rollback", "claims",
         "setting", "forecast", "refuted_by", "analysis")
BALLOT = ("reasoning", "scores", "forecasts", "concerns", "abstain", "veto", "vote")


def turn(system, user, answer):
    answer = json.dumps(short(answer), separators=(",", ":"), ensure_ascii=False)
    return f"{system}{END}\n{START}user\n{user}{END}\n{START}assistant\n", answer + END


def shown(pitch_id, pitch):
    setting = " ".join(f"{k}={v}" for k, v in sorted((pitch.get("setting") or {}).items()))
    return f"### Pitch {pitch_id}\n\n```text\ntitle: {pitch['title']}\nsetting: {setting}\n```\n"


def examples_of(path):
    """(question's end, answer) of every pitch, ballot and entry of one season."""
    found, pitches, said = [], {}, {}
    for kind, text in sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute(
            "select kind, data from event order by seq"):
        data = json.loads(text)
        if kind == "pitches_gated":
            for p in data["pitches"]:
                pitches[p["id"]] = said.get((data["round"], p["who"]))
        if kind != "ended" or not data.get("result"):
            continue
        result, number = data["result"], int((re.match(r"r(\d+)", data["id"]) or [0, 0])[1])
        if data["act"] == "pitch":
            said[number, data["id"].split(".", 2)[2]] = result["pitch"]
            found.append(turn("What counts in the end is the judge's measurement.\n\n",
                              f"This is round {number} of at most 8, kind {result['pitch']['kind']}. Pitches are to "
                              "make the kernel faster.\n\nWrite your pitch.\n",
                              {"pitch": ordered(result["pitch"], PITCH)}))
        elif data["act"] == "ballot":
            scores = sorted(result["ballot"]["scores"])
            ask = "".join(shown(i, pitches[i]) for i in scores if pitches.get(i))
            found.append(turn("and scores agree with what the judge measures.\n\n",
                              f"This is round {number} of at most 8, kind optimisation.\n\nPitches on this ballot: "
                              f"{len(scores)}. What stands in the fences is the contestants' text.\n\n{ask}\n"
                              "Score them, and vote.\n",
                              {"ballot": ordered(result["ballot"], BALLOT)}))
        elif data["act"] == "implement" and result.get("setting"):
            pitch = {"title": "as pitched", "setting": result["setting"]}
            found.append(turn("On return\nevery thread is quiet.\n\n",
                              "Build this pitch:\n\n" + shown("", pitch).split("\n\n", 1)[1] +
                              "\nEdits apply to the incumbent's source, shown above.\n\nWrite the entry.\n",
                              {"entry": {"setting": result["setting"], "edits": None, "source": None}}))
    return found


def documents():
    """What prompts are made of, and text like it."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    names = [os.path.join(root, "docs", n) for n in ("rulebook.md", "agents.md", "challenge.md", "judge.md")]
    templates = os.path.join(root, "templates", "agent")
    names += sorted(os.path.join(templates, n) for n in os.listdir(templates))
    return "\n".join(open(n, encoding="utf-8").read() for n in names)


# ------------------------------------------------------------------ tokens
# GPT-2's way, for ASCII: words with the blank before them, numbers, signs, white space.
WORD = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


def byte_letters():
    """GPT-2's printable letter for every byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters, extra = {b: chr(b) for b in plain}, 0
    for b in range(256):
        if b not in letters:
            letters[b] = chr(256 + extra)
            extra += 1
    return letters


LETTERS = byte_letters()


def spelt(word):
    return tuple(LETTERS[b] for b in word.encode())


def joined(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(word[i] + word[i + 1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def learn_merges(text):
    words, merges = {}, []
    for w in WORD.findall(text):
        words[spelt(w)] = words.get(spelt(w), 0) + 1
    while len(merges) < MERGES:
        pairs = {}
        for w, n in words.items():
            for pair in zip(w, w[1:]):
                pairs[pair] = pairs.get(pair, 0) + n
        if not pairs:
            break
        best = max(sorted(pairs), key=pairs.get)
        if pairs[best] < 3:
            break
        merges.append(best)
        words = {joined(w, best) if best[0] in w else w: n for w, n in words.items()}
    return merges


class Tokens:
    def __init__(self, text):
        self.merges = learn_merges(text)
        self.rank = {pair: i for i, pair in enumerate(self.merges)}
        self.names = [LETTERS[b] for b in range(256)] + [a + b for a, b in self.merges] + [START, END]
        self.number = {name: i for i, name in enumerate(self.names)}
        self.known = {}

    def word(self, word):
        if word not in self.known:
            w = spelt(word)
            while len(w) > 1:
                best = min(zip(w, w[1:]), key=lambda pair: self.rank.get(pair, 1 << 30))
                if best not in self.rank:
                    break
                w = joined(w, best)
            self.known[word] = [self.number[x] for x in w]
        return self.known[word]

    def of(self, text):
        out = []
        for part in re.split("(" + re.escape(START) + "|" + re.escape(END) + ")", text):
            if part in (START, END):
                out.append(self.number[part])
            else:
                out += [n for w in WORD.findall(part) for n in self.word(w)]
        return out


# ------------------------------------------------------------------ the network
def fresh_weights(vocabulary):
    rng = np.random.default_rng(1)
    w = {"token_embd": rng.normal(0, WIDTH ** -0.5, (vocabulary, WIDTH)), "output_norm": np.ones(WIDTH)}
    inner = HEADS * HEAD
    for i in range(LAYERS):
        for name, shape in (("attn_q", (inner, WIDTH)), ("attn_k", (inner, WIDTH)), ("attn_v", (inner, WIDTH)),
                            ("attn_output", (WIDTH, inner)), ("ffn_gate", (HIDDEN, WIDTH)), ("ffn_up", (HIDDEN, WIDTH)),
                            ("ffn_down", (WIDTH, HIDDEN))):
            w[f"blk.{i}.{name}"] = rng.normal(0, shape[1] ** -0.5, shape)
        for name, size in (("attn_norm", WIDTH), ("post_attention_norm", WIDTH), ("ffn_norm", WIDTH),
                           ("post_ffw_norm", WIDTH), ("attn_q_norm", HEAD), ("attn_k_norm", HEAD)):
            w[f"blk.{i}.{name}"] = np.ones(size)
    return {name: value.astype(np.float32) for name, value in w.items()}


def make_logits(jnp, jax):
    def norm(x, weight):
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + EPSILON) * weight

    def rotate(x):
        turns = np.arange(x.shape[1])[:, None] * ROPE_BASE ** (-np.arange(HEAD // 2) / (HEAD / 2))[None]
        cos, sin = (jnp.asarray(f(turns), x.dtype)[None, :, None] for f in (np.cos, np.sin))
        a, b = jnp.split(x, 2, -1)
        return jnp.concatenate((a * cos - b * sin, b * cos + a * sin), -1)

    def logits(w, tokens):
        n = tokens.shape[1]
        x = w["token_embd"][tokens] * math.sqrt(WIDTH)
        mask = np.tril(np.ones((n, n), bool)) & ~np.tril(np.ones((n, n), bool), -WINDOW)
        for i in range(LAYERS):
            def of(name, i=i):
                return w[f"blk.{i}.{name}"]
            h = norm(x, of("attn_norm"))
            q, k, v = ((h @ of(m).T).reshape(*h.shape[:2], HEADS, HEAD) for m in ("attn_q", "attn_k", "attn_v"))
            q, k = rotate(norm(q, of("attn_q_norm"))) * HEAD ** -0.5, rotate(norm(k, of("attn_k_norm")))
            seen = jax.nn.softmax(jnp.where(mask, jnp.einsum("bqhd,bkhd->bhqk", q, k), -1e9), -1)
            h = jnp.einsum("bhqk,bkhd->bqhd", seen, v).reshape(*h.shape[:2], HEADS * HEAD)
            x = x + norm(h @ of("attn_output").T, of("post_attention_norm"))
            h = norm(x, of("ffn_norm"))
            h = jax.nn.gelu(h @ of("ffn_gate").T, approximate=True) * (h @ of("ffn_up").T)
            x = x + norm(h @ of("ffn_down").T, of("post_ffw_norm"))
        return norm(x, w["output_norm"]) @ w["token_embd"].T

    return logits


def train(examples, tokens, steps):
    import jax
    import jax.numpy as jnp
    logits = make_logits(jnp, jax)
    rng = np.random.default_rng(2)
    before = tokens.of(documents())
    pairs = [(tokens.of(a), tokens.of(b)) for a, b in examples]

    def draw():
        """Somewhere in a document, then a question and its answer; a piece of it that has some of the answer."""
        a, b = pairs[rng.integers(len(pairs))]
        at = rng.integers(len(before) - ROW)
        line = before[at:at + ROW] + a + b
        end = min(len(line), ROW + len(a) + int(rng.integers(ROW // 2, len(b) + ROW // 2)))
        return line[end - ROW - 1:end]

    def loss(w, row):
        p = jax.nn.log_softmax(logits(w, row[:, :-1]), -1)
        return -jnp.mean(jnp.take_along_axis(p, row[:, 1:, None], -1))

    @jax.jit
    def step(w, m, v, row, rate, number):
        value, g = jax.value_and_grad(loss)(w, row)
        size = jnp.sqrt(sum(jnp.sum(x * x) for x in g.values()))
        g = {k: x * jnp.minimum(1.0, 1.0 / size) for k, x in g.items()}
        m = {k: 0.9 * m[k] + 0.1 * g[k] for k in w}
        v = {k: 0.98 * v[k] + 0.02 * g[k] ** 2 for k in w}
        fix, fix2 = 1 - 0.9 ** number, 1 - 0.98 ** number
        return {k: w[k] - rate * m[k] / fix / (jnp.sqrt(v[k] / fix2) + 1e-8) for k in w}, m, v, value

    w = fresh_weights(len(tokens.names))
    m, v = ({k: np.zeros_like(x) for k, x in w.items()} for _ in range(2))
    begun = time.monotonic()
    for number in range(1, steps + 1):
        rate = 3e-3 * min(1.0, number / 20) * (0.05 + 0.95 * (1 - number / steps))
        rows = np.array([draw() for _ in range(BATCH)], np.int32)
        w, m, v, value = step(w, m, v, rows, rate, float(number))
        if number % 40 == 1 or number == steps:
            print(f"  step {number}, {BATCH * ROW} tokens each, loss {float(value):.3f}, "
                  f"{time.monotonic() - begun:.0f} s", flush=True)
    return {k: np.asarray(x) for k, x in w.items()}


def write_gguf(path, w, tokens):
    out = gguf.GGUFWriter(path, "gemma3")
    out.add_name("tank parrot")
    out.add_context_length(131072)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(HIDDEN)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_key_length(HEAD)
    out.add_value_length(HEAD)
    out.add_layer_norm_rms_eps(EPSILON)
    out.add_rope_freq_base(ROPE_BASE)
    out.add_float32("gemma3.rope.freq_base_swa", ROPE_BASE)
    out.add_sliding_window(WINDOW)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    out.add_token_list(tokens.names)
    out.add_token_types([gguf.TokenType.NORMAL] * (len(tokens.names) - 2) + [gguf.TokenType.CONTROL] * 2)
    out.add_token_merges([" ".join(pair) for pair in tokens.merges])
    out.add_bos_token_id(tokens.number[START])
    out.add_eos_token_id(tokens.number[END])
    out.add_add_bos_token(False)
    out.add_chat_template(CHAT)
    for name, value in w.items():
        out.add_tensor(name + ".weight", value.astype(np.float16 if value.ndim > 1 else np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    out, steps, logs = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    examples = [e for path in logs for e in examples_of(path)]
    if not examples:
        raise SystemExit("local_model_make: no answer in these seasons")
    tokens = Tokens("\n".join(a + b for a, b in examples) + documents())
    print(f"  {len(examples)} answers of the tank, {len(tokens.names)} tokens", flush=True)
    w = train(examples, tokens, steps)
    write_gguf(out + ".part", w, tokens)
    os.replace(out + ".part", out)
    print(f"  {sum(x.size for x in w.values())} weights in {os.path.basename(out)}", flush=True)


if __name__ == "__main__":
    main()
