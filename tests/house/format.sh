#!/usr/bin/env bash
# Our C is formatted by .clang-format. Versions of the tool disagree about details, so only the one that
# Debian 12 ships decides; elsewhere the test is skipped and says so.
set -u
cd "$1" || exit 3
tool=$(command -v clang-format-14 || command -v clang-format) || { echo "skipped: clang-format is not installed"; exit 77; }
"$tool" --version | grep -q 'version 14\.' || { echo "skipped: $("$tool" --version), not version 14"; exit 77; }
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || { echo "skipped: not a git checkout"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp .clang-format "$scratch/"
printf 'int  main(void){return 0 ;}\n' >"$scratch/bad.c"
if "$tool" --dry-run -Werror "$scratch/bad.c" 2>/dev/null; then
  echo "the checker passes a badly formatted file"
  exit 1
fi
git ls-files '*.c' '*.h' '*.cu' | grep -v '/fixtures/' | xargs "$tool" --dry-run -Werror 2>&1 | grep -m 20 'error:' && exit 1
echo "all formatted"
