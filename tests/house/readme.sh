#!/usr/bin/env bash
# Runs the README's commands as they stand there, in a scratch folder: the block under "What you can do
# with it" line by line, each with the exit status that the README promises (0). The set-up block
# (`make play`, `make check`) is what runs this very test; here it is only checked to be two commands
# that the Makefile has.
set -u
source_dir=$1 build_dir=$2
[ -x "$build_dir/bin/sharktank" ] || { echo "skipped: the program is not built"; exit 77; }

# block N: the N-th ```sh block of the README.
block() {
  awk -v want="$1" '/^```sh$/ { n++; inside = (n == want); next } /^```$/ { inside = 0 } inside' "$source_dir/README.md"
}

bad=0
while read -r command target _; do
  if [ "$command" != make ] || ! grep -q "^$target:" "$source_dir/Makefile"; then
    echo "the README's set-up names '$command $target', which the Makefile does not have"
    bad=1
  fi
done < <(block 1)
[ "$(block 1 | wc -l)" = 2 ] || { echo "the README's set-up is not two commands"; bad=1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 3
export PATH="$build_dir/bin:$PATH" SHARKTANK_CHALLENGES="$source_dir/challenges"
naive=$source_dir/challenges/nvfp4_group_gemm/entries/naive.c
cp "$naive" my_kernel.c
cp "$naive" old.c
# A new kernel that really is faster, on any machine: the family's portable member with both sides packed.
{
  for knob in ISA_scalar MATH_f32 FLOW_outer DECODE_table PACK_ab SCALE_sum; do echo "#define KNOB_$knob 1"; done
  cat "$source_dir/challenges/nvfp4_group_gemm/entries/family.c"
} >new.c

ran=0
while IFS= read -r line; do
  case $line in export* | "") continue ;; esac
  start=$SECONDS
  if bash -c "$line" >out.txt 2>err.txt </dev/null; then
    echo "ok ($((SECONDS - start)) s): ${line%%  *}"
  else
    echo "exit status $? from: $line"
    tail -5 out.txt err.txt
    bad=1
  fi
  ran=$((ran + 1))
done < <(block 2)
[ "$ran" -ge 8 ] || { echo "only $ran commands were found in the README"; bad=1; }
[ -s seasons/nvfp4_group_gemm-001/index.html ] || { echo "the season left no index.html"; bad=1; }
exit $bad
