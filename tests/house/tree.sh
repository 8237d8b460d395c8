#!/usr/bin/env bash
# House rules that a program can check: unique file names, no binary or generated file, no silenced
# warnings, exit and abort only under cli/ and in programs, first line of each source is its purpose.
set -u
cd "$1" || exit 3
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || { echo "skipped: not a git checkout"; exit 77; }
bad=0
complain() { echo "$*"; bad=1; }

twice=$(git ls-files 'src/*.c' 'src/*.h' | xargs -n1 basename | sort | uniq -d)
[ -z "$twice" ] || complain "file names that stand twice under src/: $twice"

while IFS= read -r f; do
  [ -f "$f" ] || continue
  head -c 2 "$f" | grep -q '/\*' || complain "$f: the first line does not say what this file is"
done < <(git ls-files 'src/*.c' 'src/*.h' 'include/*.h' 'challenges/*.c' 'bench/*.c')

while IFS= read -r f; do
  complain "$f calls exit or abort outside the command line and the sandboxed programs"
done < <(git ls-files 'src/*.c' | grep -vE '^src/(cli|judge/runner|challenge/helper)/' |
  xargs grep -lE '(^|[^_a-zA-Z.>])(exit|abort)\(' 2>/dev/null)

while IFS= read -r f; do
  [ -s "$f" ] && grep -qI . "$f" || [ ! -s "$f" ] || complain "$f is binary"
done < <(git ls-files)

silenced=$(git ls-files '*.c' '*.h' | xargs grep -nE '#pragma (GCC|clang) diagnostic ignored' 2>/dev/null)
[ -z "$silenced" ] || complain "warnings silenced: $silenced"

[ $bad = 0 ] && echo "the tree keeps its rules"
exit $bad
