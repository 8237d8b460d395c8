#!/usr/bin/env bash
# The dependency rule of docs/architecture.md: a room includes only headers of the rooms it may use.
# Usage: includes.sh SOURCE_DIR. First it shows on a tree of its own that a breach is found.
set -u

# room: the rooms whose headers it may include, beside its own (what it may use is transitive).
allowed() {
  case $1 in
  base) echo "" ;;
  nvfp4 | sandbox | record) echo "base" ;;
  ptxsim) echo "base" ;;
  challenge) echo "base sandbox" ;;
  judge) echo "base sandbox challenge" ;;
  store) echo "base record" ;;
  agent) echo "base sandbox record" ;;
  season) echo "base sandbox challenge judge record store agent" ;;
  report) echo "base record store" ;;
  serve) echo "base sandbox challenge judge record store agent season report" ;;
  cli) echo "base sandbox challenge judge record store agent season report serve" ;;
  *) return 1 ;;
  esac
}

# Libraries that only one room talks to: header -> room.
owner() {
  case $1 in
  jansson.h | yaml.h | nettle/*) echo base ;;
  sqlite3.h) echo store ;;
  seccomp.h) echo judge ;;
  curl/*) echo agent ;;
  *) echo "" ;;
  esac
}

check() { # tree
  local bad=0 file room header target own
  while IFS= read -r file; do
    room=${file#"$1"/src/}
    room=${room%%/*}
    if ! allowed "$room" >/dev/null; then
      echo "$file: src/$room is not a room of docs/architecture.md"
      bad=1
      continue
    fi
    while IFS= read -r header; do
      case $header in
      */*) target=${header%%/*} ;;
      *) target="" ;;
      esac
      own=$(owner "$header")
      if [ -n "$own" ] && [ "$own" != "$room" ]; then
        echo "$file includes <$header>: only src/$own talks to that library"
        bad=1
      elif [ -n "$target" ] && [ -d "$1/src/$target" ] && [ "$target" != "$room" ]; then
        case " $(allowed "$room") " in
        *" $target "*) ;;
        *)
          echo "$file includes \"$header\": src/$room may not use src/$target"
          bad=1
          ;;
        esac
      fi
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1/p' "$file")
  done < <(find "$1/src" -name '*.[ch]' | sort)
  # Challenges see the public headers only.
  while IFS= read -r file; do
    while IFS= read -r header; do
      case $header in
      sharktank/* | nvfp4.h) ;;
      *)
        echo "$file includes \"$header\": a challenge may use include/ only"
        bad=1
        ;;
      esac
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"]+)".*/\1/p' "$file")
  done < <(find "$1/challenges" -name '*.[ch]' 2>/dev/null | sort)
  return $bad
}

self=$(mktemp -d)
trap 'rm -rf "$self"' EXIT
mkdir -p "$self/src/base" "$self/src/judge" "$self/src/nvfp4" "$self/challenges/x"
echo '#include "judge/judge.h"' >"$self/src/base/a.c"
echo '#include "base/b.h"' >"$self/src/judge/b.c"
echo '#include <sqlite3.h>' >"$self/src/judge/c.c"
echo '#include "base/b.h"' >"$self/challenges/x/problem.c"
found=$(check "$self")
if [ "$(printf '%s\n' "$found" | wc -l)" != 3 ]; then
  echo "the checker misses breaches it must find; it found:"
  printf '%s\n' "$found"
  exit 1
fi
check "$1" && echo "every include keeps the rule"
