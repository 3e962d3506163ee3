#!/usr/bin/env bash
# Feeds every reader of what comes from outside with mutated files: clang's fuzzer with its address
# sanitizer. A trap, a memory error, more than 10 seconds or more than 1 GB ends it with status 1
# and the file that did it.
#
#   scripts/fuzz.sh                      a minute for each reader
#   scripts/fuzz.sh 3600                 an hour for each
#   scripts/fuzz.sh 600 video yaml       ten minutes for these two
#
# What it found out about the readers stays in .build-fuzz/corpus and is gone on from. Without the
# fuzzer's runtime it says SKIPPED, with status 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-60}
if ! [[ "$seconds" =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: scripts/fuzz.sh [SECONDS [READER...]]"
  [[ "$seconds" == -h || "$seconds" == --help ]] && exit 0
  exit 2
fi
shift || true
readers=("$@")
if [ ${#readers[@]} -eq 0 ]; then
  readers=(annotations prepared shard yaml metrics report clips checkpoint sealed weights seconds
    video)
fi

runtime=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)".*/\1/p')
fuzzer=$runtime/clang/lib/linux/libclang_rt.fuzzer_no_main-x86_64.a
if [ ! -e "$fuzzer" ]; then
  echo "SKIPPED: this Swift has no runtime of clang's fuzzer ($fuzzer)"
  exit 77
fi

# What -sanitize=fuzzer makes of Swift, without its main: the program has one of its own.
build=.build-fuzz
swift build -c release --scratch-path $build --product Fuzz --sanitize address -Xswiftc -DFUZZING \
  -Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table \
  -Xlinker "$fuzzer" -Xlinker -lstdc++ </dev/null

# Swift's runtime keeps memory for good, which is no leak.
export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=32:allocator_may_return_null=0
total=0
for reader in "${readers[@]}"; do
  echo "fuzz: $reader, $seconds s"
  corpus=$build/corpus/$reader found=$build/found/$reader log=$build/$reader.log
  mkdir -p "$corpus" "$found"
  if ! $build/release/Fuzz "$reader" "$corpus" "Tests/Fuzz/Seeds/$reader" \
    -max_total_time="$seconds" -seed=1 -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
    -artifact_prefix="$found/" -print_final_stats=1 >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "fuzz: $reader: found something; the file is in $found, the whole output in $log" >&2
    exit 1
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "fuzz: $reader: $runs runs, no trap, memory error, hang or 1 GB"
  total=$((total + runs))
done
echo "fuzz: $total runs of ${#readers[@]} readers, nothing found"
