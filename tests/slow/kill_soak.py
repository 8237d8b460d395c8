#!/usr/bin/env python3
"""Slow evidence, not part of `make check`: kill -9 of the real engine at random moments of real seasons.

usage: kill_soak.py SHARKTANK CHALLENGE CONFIG KILLS [SEED]

Plays seasons of CHALLENGE; each run of the engine is killed after a random time, then resumed, until the
season ends; then a new season starts, until KILLS kills have happened. After every kill and at every end
the log is read with SQLite and compared: every event that was there before the kill is still there, byte
for byte (nothing lost); sequence numbers have no gap; the hash chain holds; no decision stands twice (one
tally, one frozen context, one closing of each phase a round; one outcome a pitch; one end an act).
"""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import json


def read_log(season):
    path = os.path.join(season, "season.db")
    if not os.path.exists(path):
        return []
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
        try:
            return db.execute("SELECT seq, wall_ns, kind, data, prev, hash FROM event ORDER BY seq").fetchall()
        except sqlite3.OperationalError as e:
            if "no such table" in str(e):
                return []  # killed before the log existed
            raise


def complain(text):
    print("kill_soak: " + text)
    sys.exit(1)


def check(rows, before, where):
    if rows[: len(before)] != before:
        complain("%s: an event from before the kill is lost or changed" % where)
    prev = None
    once, ended = set(), set()
    for i, (seq, _, kind, data, prev_hash, digest) in enumerate(rows):
        if seq != i + 1:
            complain("%s: the log has a gap at %d" % (where, seq))
        if prev is not None and prev_hash != prev:
            complain("%s: the chain is broken at %d" % (where, seq))
        prev = digest
        d = json.loads(data)
        key = None
        if kind in ("tally", "context_frozen", "round_started", "incumbent_changed"):
            key = (kind, d["round"])
        elif kind == "phase_closed":
            # a phase may close twice when all pitches were gated: then the ids differ
            key = (kind, d["round"], d["phase"], json.dumps(d["ids"]))
        elif kind == "outcome":
            key = (kind, d["pitch"])
        elif kind in ("season_started", "season_ended"):
            key = (kind,)
        elif kind == "begun":
            key = (kind, d["id"])
        elif kind == "ended":
            if d["id"] in ended:
                complain("%s: the act %s ended twice" % (where, d["id"]))
            ended.add(d["id"])
        if key:
            if key in once:
                complain("%s: decided twice: %s" % (where, key))
            once.add(key)


def main():
    program, challenge, config, kills = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    rng = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    done = seasons = events = 0
    hit = {}
    work = tempfile.mkdtemp()
    while done < kills:
        season = os.path.join(work, "s%d" % seasons)
        before = []
        while True:
            fresh = not read_log(season)
            if fresh:
                shutil.rmtree(season, ignore_errors=True)
            command = [program] + (
                ["run", challenge, "--season", season, "--rounds", "3", "--budget", "0.3", "--config", config,
                 "--seed", str(seasons)] if fresh else ["resume", season])
            engine = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            killed = done < kills
            try:
                _, err = engine.communicate(timeout=rng.expovariate(1 / rng.choice([0.3, 2, 8])) if killed else None)
                killed = False
                if engine.returncode != 0:
                    complain("the engine ended with %d: %s" % (engine.returncode, err.decode()[-600:]))
            except subprocess.TimeoutExpired:
                engine.send_signal(signal.SIGKILL)
                engine.communicate()
                done += 1
            rows = read_log(season)
            check(rows, before, "season %d after kill %d" % (seasons, done))
            if killed and rows:
                last = json.loads(rows[-1][3])
                name = rows[-1][2] + (" " + last.get("act", "") if rows[-1][2] == "begun" else "")
                hit[name] = hit.get(name, 0) + 1
            before = rows
            if not killed and rows and rows[-1][2] == "season_ended":
                break
        events += len(before)
        seasons += 1
        print("kill_soak: %d kills, %d seasons ended, %d events" % (done, seasons, events), flush=True)
    shutil.rmtree(work)
    print("the last event before a kill: " + ", ".join("%s %d" % x for x in sorted(hit.items(), key=lambda x: -x[1])))
    print("kill_soak: nothing lost, nothing doubled, no decision twice in %d kills of %d seasons" % (done, seasons))


main()
