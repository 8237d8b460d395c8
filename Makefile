# A thin front for CMake. `make help` lists the targets.
CMAKE  ?= cmake
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
SEED   ?= 1
FUZZ_SECONDS ?= 60
SOAK   ?= 10000
export CTEST_OUTPUT_ON_FAILURE = 1

.PHONY: all help deps play check check-asan check-tsan fuzz fuzz-agent fuzz-judge bench family power corpus kill-soak hostile-soak season-local-model install uninstall format clean

all: build/release/build.ninja
	@$(CMAKE) --build build/release -j $(JOBS)

help:
	@echo "make             build (release) into build/release"
	@echo "make play        build and play a season on the CPU with the built-in tank (SEED=$(SEED))"
	@echo "make check       build and run the tests"
	@echo "make check-asan  the same under address and undefined-behaviour sanitizers"
	@echo "make check-tsan  the same under the thread sanitizer"
	@echo "make fuzz        calls libnvfp4 with drawn arguments for FUZZ_SECONDS ($(FUZZ_SECONDS)); needs clang"
	@echo "make fuzz-agent  reads drawn answers of agents for FUZZ_SECONDS; needs clang"
	@echo "make fuzz-judge  reads what an entry can influence, drawn, for FUZZ_SECONDS; needs clang"
	@echo "make bench       libnvfp4, this machine's peaks and other libraries, full shapes (BENCH=options)"
	@echo "make family      measures every setting of the first challenge once (about 40 minutes)"
	@echo "make power       duels of equal and of slowed programs: false accepts and power (POWER=options)"
	@echo "make corpus      every cheat and honest oddity of the acceptance corpus, raced to 0.15 % (about an hour; CORPUS=options)"
	@echo "make kill-soak   kill -9 of the real engine, 100 times (about 20 minutes)"
	@echo "make season-local-model  seasons of a real model behind llama.cpp's server (MODEL=FILE.gguf, else SmolLM2-135M)"
	@echo "make hostile-soak 10,000 hostile runs, then a look at what they left (SOAK=$(SOAK))"
	@echo "make install     installs under PREFIX ($(PREFIX)); DESTDIR is honoured"
	@echo "make uninstall   removes what install wrote"
	@echo "make deps        installs the packages this needs (apt), or names them"

deps:
	@tools/deps

build/%/build.ninja: CMakeLists.txt CMakePresets.json tests/CMakeLists.txt
	@tools/deps
	@$(CMAKE) --preset $* -DCMAKE_INSTALL_PREFIX=$(PREFIX) > build-$*.log || (cat build-$*.log; exit 1)
	@mv build-$*.log build/$*/configure.log

play: build/release/build.ninja
	@$(CMAKE) --build build/release -j $(JOBS) --target sharktank
	@tools/play --seed $(SEED)

check: all
	@cd build/release && ctest -j $(JOBS) --output-on-failure

check-asan: build/asan/build.ninja
	@$(CMAKE) --build build/asan -j $(JOBS)
	@cd build/asan && ctest -j $(JOBS) --output-on-failure

check-tsan: build/tsan/build.ninja
	@$(CMAKE) --build build/tsan -j $(JOBS)
	@cd build/tsan && ctest -j $(JOBS) --output-on-failure

fuzz:
	@command -v clang > /dev/null || { echo "make fuzz: clang and its compiler-rt are needed" >&2; exit 3; }
	@$(MAKE) -s build/fuzz/build.ninja
	@$(CMAKE) --build build/fuzz -j $(JOBS) --target fuzz_nvfp4
	@mkdir -p build/fuzz/corpus
	@build/fuzz/fuzz_nvfp4 -max_total_time=$(FUZZ_SECONDS) -max_len=192 -len_control=0 -timeout=60 -rss_limit_mb=4096 \
	  -print_final_stats=1 -artifact_prefix=build/fuzz/ build/fuzz/corpus

fuzz-agent:
	@command -v clang > /dev/null || { echo "make fuzz-agent: clang and its compiler-rt are needed" >&2; exit 3; }
	@$(MAKE) -s build/fuzz/build.ninja
	@$(CMAKE) --build build/fuzz -j $(JOBS) --target fuzz_agent_repair
	@mkdir -p build/fuzz/corpus-agent
	@build/fuzz/fuzz_agent_repair -max_total_time=$(FUZZ_SECONDS) -max_len=2048 -timeout=60 -rss_limit_mb=4096 \
	  -dict=fuzz/agent/answers.dict -print_final_stats=1 -artifact_prefix=build/fuzz/ build/fuzz/corpus-agent fuzz/agent/seeds

fuzz-judge:
	@command -v clang > /dev/null || { echo "make fuzz-judge: clang and its compiler-rt are needed" >&2; exit 3; }
	@$(MAKE) -s build/fuzz/build.ninja
	@$(CMAKE) --build build/fuzz -j $(JOBS) --target fuzz_judge
	@mkdir -p build/fuzz/corpus-judge
	@build/fuzz/fuzz_judge -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=60 -rss_limit_mb=4096 \
	  -dict=fuzz/judge/judge.dict -print_final_stats=1 -artifact_prefix=build/fuzz/ build/fuzz/corpus-judge fuzz/judge/seeds

bench: all
	@$(CMAKE) --build build/release -j $(JOBS) --target bench_nvfp4
	@build/release/bench/bench_nvfp4 $(BENCH)

family: all
	@$(CMAKE) --build build/release -j $(JOBS) --target family_sweep
	@build/release/bench/family_sweep challenges/nvfp4_group_gemm build/release/family.tsv

power: all
	@$(CMAKE) --build build/release -j $(JOBS) --target judge_power
	@build/release/bench/judge_power --out build/power.jsonl $(POWER)

corpus: all
	@SHARKTANK_CACHE=$(CURDIR)/build/release/cache build/release/tests/test_judge_corpus --full $(CORPUS)

season-local-model: all
	@python3 tests/slow/local_model.py build/release/bin/sharktank tests/cli/fixtures/tiny $(if $(MODEL),--model $(MODEL))

kill-soak: all
	@python3 tests/slow/kill_soak.py build/release/bin/sharktank tests/cli/fixtures/tiny tests/cli/fixtures/quick.yml 100

hostile-soak: all
	@$(CMAKE) --build build/release -j $(JOBS) --target hostile_soak
	@build/release/tests/hostile_soak $(SOAK)

install: build/release/build.ninja
	@$(CMAKE) -S . -B build/release -DCMAKE_INSTALL_PREFIX=$(PREFIX) > /dev/null
	@$(CMAKE) --build build/release -j $(JOBS)
	@$(CMAKE) --install build/release
	@if [ -z "$(DESTDIR)" ] && [ "$$(id -u)" = 0 ] && command -v ldconfig > /dev/null; then ldconfig; fi

uninstall:
	@test -f build/release/install_manifest.txt || { echo "make uninstall: nothing was installed from this tree" >&2; exit 1; }
	@while read -r f || [ -n "$$f" ]; do \
	  d=$$(dirname "$(DESTDIR)$$f"); rm -f "$(DESTDIR)$$f"; \
	  while case $$d in */sharktank | */sharktank/* | */cmake/nvfp4) rmdir "$$d" 2>/dev/null ;; *) false ;; esac; \
	    do d=$$(dirname "$$d"); done; \
	done < build/release/install_manifest.txt

format:
	@git ls-files "*.c" "*.h" | grep -v /fixtures/ | xargs clang-format -i

clean:
	@rm -rf build
