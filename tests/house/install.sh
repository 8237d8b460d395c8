#!/usr/bin/env bash
# An installed tree works, also after it was moved: programs, headers, library, challenge, man page and
# completion are there, and a problem module compiles against them. And `make uninstall`'s loop removes all.
set -u
source_dir=$1 build_dir=$2
[ -x "$build_dir/bin/sharktank" ] || { echo "skipped: the program is not built"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cmake --install "$build_dir" --prefix "$scratch/first" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
bad=0
for f in bin/sharktank libexec/sharktank/sharktank-runner libexec/sharktank/sharktank-problem include/nvfp4.h \
  include/sharktank/entry.h include/sharktank/problem.h share/man/man1/sharktank.1 \
  share/bash-completion/completions/sharktank share/sharktank/challenges/nvfp4_group_gemm/challenge.yml; do
  [ -s "$scratch/first/$f" ] || { echo "not installed: $f"; bad=1; }
done
mv "$scratch/first" "$scratch/moved"
cd "$scratch" || exit 3
env -u SHARKTANK_CHALLENGES SHARKTANK_CACHE="$scratch/cache" \
  "$scratch/moved/bin/sharktank" roofline nvfp4_group_gemm --device b200 >out.txt 2>err.txt ||
  { echo "the moved tree does not work:"; cat err.txt; bad=1; }
grep -q '18.83' out.txt || { echo "no speed of light in: $(cat out.txt)"; bad=1; }
mv "$scratch/moved" "$scratch/first"
loop=$(sed -n 's/^\t@\(while read.*\)$/\1/p' "$source_dir/Makefile" | sed 's/\$(DESTDIR)//; s/\$\$/$/g')
(cd "$scratch" && mkdir -p build/release && cp "$build_dir/install_manifest.txt" build/release/ && bash -c "$loop")
left=$(find "$scratch/first" -type f)
[ -z "$left" ] || { echo "left after uninstall: $left"; bad=1; }
exit $bad
