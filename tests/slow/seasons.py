#!/usr/bin/env python3
"""Slow evidence, not part of `make check`: what `make play` reaches, seed by seed.

usage: seasons.py FAMILY.tsv SEED [SEED ...]      (from the root of the tree, after `make` and `make family`)

Plays a season with tools/play for each seed and prints, from the season's own log and from the survey of
the whole family: rounds, wall seconds, speedup over the naive incumbent with its interval (final duel, new
seeds), GMAC/s of the best entry on the full first benchmark shape and its share of the measured bf16-dot
peak, and how much slower the setting found is than the best of the family (the survey's times of both).
Exit status 0 if at least 8 of 10 seeds (or that share) meet every claim of the season's first issue.
"""
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

ROUNDS, SECONDS, SPEEDUP, PEAK_SHARE, NEAR_BEST, SHARE_OF_SEEDS = 8, 180, 50, 0.5, 0.15, 0.8


def canonical(setting):
    return json.dumps(setting, sort_keys=True)


def read_family(path):
    times = {}
    with open(path) as f:
        next(f)
        for line in f:
            cells = line.rstrip("\n").split("\t")
            if cells[0].startswith("{") and cells[1] == "ok":
                times[canonical(json.loads(cells[0]))] = float(cells[2])
    return times


def events(season):
    with sqlite3.connect("file:%s/season.db?mode=ro" % season, uri=True) as db:
        return [(kind, json.loads(data)) for kind, data in db.execute("SELECT kind, data FROM event ORDER BY seq")]


def play(seed, season):
    start = time.monotonic()
    subprocess.run(["tools/play", "--seed", str(seed), "--season", season], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def report(seed, season, wall, family):
    log = events(season)
    started = next(d for k, d in log if k == "season_started")
    ended = next(d for k, d in log if k == "season_ended")
    settings = [d.get("setting") for k, d in log if k == "incumbent_changed"]
    rounds = sum(k == "round_started" for k, _ in log)
    duel, full = ended["final"]["duel"], ended["final"]["full"]
    low = duel["interval"][0]
    gmac = full["shapes"][0]["gmac_per_s"]
    peak = started["machine"]["peaks"]["bf16_dot_mac_per_s"] * 1e-9
    best = min(family.values())
    found = family.get(canonical(settings[-1])) if settings else None
    off = found / best - 1 if found else None
    good = (rounds >= ROUNDS and wall <= SECONDS and duel["verdict"] == "faster" and duel["speedup"] >= SPEEDUP
            and gmac >= PEAK_SHARE * peak and full["verdict"] == "ok" and off is not None and off <= NEAR_BEST)
    print("%4d  %6d  %6.0f  %7.1f  [%s, %s]  %8.1f  %8.2f  %10s  %s" % (
        seed, rounds, wall, duel["speedup"], "%.1f" % low if low else "-",
        "%.1f" % duel["interval"][1] if duel["interval"][1] else "-", gmac, gmac / peak,
        "%.1f %%" % (100 * off) if off is not None else "-", "yes" if good else "NO"), flush=True)
    return good


def main():
    family = read_family(sys.argv[1])
    seeds = [int(s) for s in sys.argv[2:]]
    best = min(family.values())
    far = sum(t > (1 + NEAR_BEST) * best for t in family.values()) / len(family)
    print("family: %d settings measured, best %.1f us (geometric mean), %.1f %% of them more than 15 %% slower"
          % (len(family), best, 100 * far))
    print("seed  rounds  wall_s  speedup  [interval]      full GMAC/s  x bf16  over best  all claims")
    work = tempfile.mkdtemp()
    good = 0
    for seed in seeds:
        season = os.path.join(work, "s%d" % seed)
        good += report(seed, season, play(seed, season), family)
    shutil.rmtree(work)
    print("%d of %d seeds meet every claim" % (good, len(seeds)))
    return 0 if good >= SHARE_OF_SEEDS * len(seeds) else 1


sys.exit(main())
