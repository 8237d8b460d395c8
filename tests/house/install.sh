#!/usr/bin/env bash
# An installed tree works, also after it was moved: programs, headers, libraries, challenge, man page and
# completion are there; nvfp4.h compiles alone; libnvfp4 needs nothing but libc, libm and pthread and shows
# nothing but its header's functions; the examples build against it through pkg-config (shared and static)
# and CMake, and run. And `make uninstall` removes all.
set -u
source_dir=$1 build_dir=$2
[ -x "$build_dir/bin/sharktank" ] || { echo "skipped: the program is not built"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
bad=0
complain() { echo "$*"; bad=1; }

# Under DESTDIR, as packagers do. The list for `make uninstall` belongs to whoever really installed.
manifest=$build_dir/install_manifest.txt
[ -f "$manifest" ] && cp "$manifest" "$scratch/manifest.before"
DESTDIR="$scratch/dest" cmake --install "$build_dir" --prefix /opt/first >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }
cp "$manifest" "$scratch/manifest.ours"
if [ -f "$scratch/manifest.before" ]; then cp "$scratch/manifest.before" "$manifest"; else rm -f "$manifest"; fi
first=$scratch/dest/opt/first moved=$scratch/moved
pc=$(find "$first" -name nvfp4.pc)
lib=${pc#"$first/"} lib=${lib%/pkgconfig/nvfp4.pc}
for f in bin/sharktank libexec/sharktank/sharktank-runner libexec/sharktank/sharktank-problem libexec/sharktank/sharktank-confine include/nvfp4.h \
  include/sharktank/entry.h include/sharktank/problem.h include/sharktank/problem_nvfp4.h share/man/man1/sharktank.1 \
  share/bash-completion/completions/sharktank share/sharktank/challenges/nvfp4_group_gemm/challenge.yml \
  share/sharktank/templates/agent/system.md share/sharktank/templates/agent/pitch.md share/sharktank/templates/agent/ballot.md \
  share/sharktank/templates/agent/entry.md \
  "$lib/libnvfp4.a" "$lib/libnvfp4.so" "$lib/cmake/nvfp4/nvfp4-config.cmake"; do
  [ -s "$first/$f" ] || complain "not installed: $f"
done
mv "$first" "$moved"
cd "$scratch" || exit 3
env -u SHARKTANK_CHALLENGES SHARKTANK_CACHE="$scratch/cache" \
  "$moved/bin/sharktank" roofline nvfp4_group_gemm --device b200 >out.txt 2>err.txt ||
  complain "the moved tree does not work: $(cat err.txt)"
grep -q '18.83' out.txt || complain "no speed of light in: $(cat out.txt)"
# A challenge that borrows its neighbour's knobs.
env -u SHARKTANK_CHALLENGES SHARKTANK_CACHE="$scratch/cache" \
  "$moved/bin/sharktank" roofline nvfp4_dual_gemm --device b200 >out.txt 2>err.txt ||
  complain "the moved tree does not work: $(cat err.txt)"
grep -q '8.714' out.txt || complain "no speed of light in: $(cat out.txt)"

# The header alone, as strict as a caller may be.
printf '#include <nvfp4.h>\n' | tee header.c >header.cc
cc -std=c99 -pedantic -Wall -Wextra -Werror -I "$moved/include" -fsyntax-only header.c || complain "nvfp4.h is not C99"
if command -v c++ >/dev/null; then
  c++ -pedantic -Wall -Wextra -Werror -I "$moved/include" -fsyntax-only header.cc || complain "nvfp4.h is not C++"
else
  echo "not checked: nvfp4.h as C++ (no c++ here)"
fi

# Every object of the archive finds its symbols in itself, libc, libm and pthread.
cc -shared -Wl,--no-undefined -Wl,--whole-archive "$moved/$lib/libnvfp4.a" -Wl,--no-whole-archive -pthread -lm \
  -o whole.so 2>link.txt || complain "libnvfp4.a needs more than libc, libm and pthread: $(grep undefined link.txt)"
# What the shared one shows is what the header declares, no more and no less.
cc -std=c99 -E -P -I "$moved/include" header.c | grep -oE '\bnvfp4_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u >declared.txt
nm -D --defined-only "$moved/$lib/libnvfp4.so" | awk '{ print $3 }' | sort -u >exported.txt
[ "$(wc -l <declared.txt)" -ge 40 ] || complain "only $(wc -l <declared.txt) functions were found in nvfp4.h"
diff declared.txt exported.txt >apart.txt || complain "declared (<) and exported (>) differ: $(cat apart.txt)"

# run PROGRAM [ENVIRONMENT]: an example says what it should.
run() {
  env "${@:2}" "./$1" >said.txt 2>&1 || { complain "$1 fails: $(cat said.txt)"; return; }
  case $1 in
  quantize*) grep -qE 'relative error of the .*: 0\.(0[5-9]|1[0-5])[0-9]*$' said.txt ;;
  *) [ "$(grep -cE '^step [0-2]: y\[0\]\[0\] = -?[0-9.]+, y' said.txt)" = 3 ] ;;
  esac || complain "$1 says: $(cat said.txt)"
}
strict="-Wall -Wextra -Wshadow -Wconversion -Werror"
export PKG_CONFIG_PATH=$moved/$lib/pkgconfig
[ "$(pkg-config --modversion nvfp4)" = "$(sed -n 's/^project(sharktank VERSION \([0-9.]*\).*/\1/p' "$source_dir/CMakeLists.txt")" ] ||
  complain "pkg-config's version is $(pkg-config --modversion nvfp4)"
for example in quantize_and_multiply prepacked_threads; do
  source=$source_dir/docs/examples/$example.c
  # The command in the file's head, with the flags of this house added.
  command=$(sed -n 's/^ \*   \(cc .*\)$/\1/p' "$source")
  cp "$source" .
  bash -c "${command/#cc/cc -std=c17 $strict}" || complain "its own command does not build $example"
  run $example LD_LIBRARY_PATH="$moved/$lib"
  # shellcheck disable=SC2046,SC2086 # the lists are meant to be split
  cc -std=c17 $strict "$source" $(pkg-config --cflags nvfp4) -Wl,-Bstatic $(pkg-config --libs nvfp4) -Wl,-Bdynamic \
    $(pkg-config --static --libs-only-other nvfp4) -lm -o static_$example || complain "$example does not link the archive"
  mv static_$example $example && run $example
done

mkdir user && cat >user/CMakeLists.txt <<EOF
cmake_minimum_required(VERSION 3.22)
project(user LANGUAGES C)
find_package(nvfp4 0.1 REQUIRED)
foreach(example quantize_and_multiply prepacked_threads)
  add_executable(\${example} "$source_dir/docs/examples/\${example}.c")
  target_link_libraries(\${example} PRIVATE nvfp4::nvfp4 m)
endforeach()
EOF
for shared in OFF ON; do
  if cmake -S user -B user/$shared -G Ninja -DCMAKE_PREFIX_PATH="$moved" -DBUILD_SHARED_LIBS=$shared >user.txt 2>&1 &&
    cmake --build user/$shared -j 1 >>user.txt 2>&1; then
    for example in quantize_and_multiply prepacked_threads; do
      cp user/$shared/$example . && run $example
      case $shared-$(ldd $example | grep -c libnvfp4) in
      OFF-0 | ON-1) ;;
      *) complain "BUILD_SHARED_LIBS=$shared is not what $example links" ;;
      esac
    done
  else
    complain "find_package(nvfp4) with BUILD_SHARED_LIBS=$shared: $(tail -15 user.txt)"
  fi
done

mv "$moved" "$first"
mkdir -p build/release && cp manifest.ours build/release/install_manifest.txt
touch "$first/share/someone-elses"
make -s -f "$source_dir/Makefile" uninstall DESTDIR="$scratch/dest" || complain "make uninstall fails"
left=$(find "$first" ! -type d ! -name someone-elses -o -type d -path '*nvfp4*' -o -type d -path '*sharktank*')
[ -z "$left" ] || complain "left after uninstall: $left"
[ -f "$first/share/someone-elses" ] || complain "uninstall removed what it did not install"
exit $bad
