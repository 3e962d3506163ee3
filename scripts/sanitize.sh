#!/usr/bin/env bash
# Builds everything and runs every test under clang's sanitizers: what touches memory that is not
# its own (address), what C leaves undefined (undefined), what two threads do to the same memory at
# once (thread). The ranks and programs that tests start are built and watched the same way. A
# finding, or a test that fails, ends it with status 1.
#
#   scripts/sanitize.sh                                  all three, one after another
#   scripts/sanitize.sh address                          one of them
#   scripts/sanitize.sh thread --filter VARedDistTests   some tests: what follows is `swift test`'s
#
# Builds stay in .build-asan, .build-ubsan and .build-tsan; what was found is in reports/
# there. Without a sanitizer's runtime it says SKIPPED, with status 77.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sanitizers=(address undefined thread)
case ${1:-} in
  address | undefined | thread)
    sanitizers=("$1")
    shift
    ;;
esac

# Open MPI refuses root unless told twice; containers usually are root.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

swift=$(dirname "$(command -v swiftc)")
resources=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)".*/\1/p')
declare -A short=([address]=asan [undefined]=ubsan [thread]=tsan)
declare -A runtimes=([address]=asan [undefined]=ubsan_standalone [thread]=tsan)
runtime_of() {
  echo "$resources/clang/lib/linux/libclang_rt.${runtimes[$1]}-$(uname -m).a"
}
for sanitizer in "${sanitizers[@]}"; do
  if [ ! -e "$(runtime_of "$sanitizer")" ]; then
    echo "SKIPPED: this Swift has no runtime of the sanitizer '$sanitizer'" \
      "($(runtime_of "$sanitizer"))"
    exit 77
  fi
done
export PATH=$swift:$PATH # The reports' lines of code are llvm-symbolizer's.

# Tests that cannot be run under a sanitizer, and why; one a line.
cannot_run() {
  # Address and thread have a malloc of their own, and reserve terabytes of addresses.
  if [ "$1" != undefined ]; then
    echo "AllocationTests/warmStepsAllocateNothing counts calls of malloc: it is another here"
    echo "HardInputTests/outOfMemoryIsOneLine limits addresses, of which terabytes are taken"
    echo "HardInputTests/littleRoomForLibrariesIsNoHang does so, too"
  fi
  if [ "$1" = thread ]; then
    echo "DurableCheckpointTests/aFullDiskIsSaidAtOnceAndTrainingGoesOn" \
      "limits the size of files: the runtime begins with one of 4 MB"
  fi
}

# What is said of memory that there is not enough of, where that is no finding.
harmless='^==[0-9]+==WARNING: [A-Za-z]+Sanitizer failed to allocate|^$'

# Sets `flags`, a sanitizer in flags of `swift test`; what they link lies in a build's folder.
set_flags() {
  local sanitizer=$1 build=$2
  case $sanitizer in
    address) flags=(--sanitize address) ;;
    # Of C alone: Swift traps instead, and its compiler has no such flag on Linux. A float that
    # no integer holds is not among what `undefined` means. The first finding ends a process.
    undefined)
      flags=(-Xcc "-fsanitize=undefined,float-cast-overflow" -Xcc -fno-sanitize-recover=all
        -Xlinker --whole-archive -Xlinker "$(runtime_of undefined)" -Xlinker --no-whole-archive)
      ;;
    thread)
      "$swift/clang" -O1 -fPIC -fblocks -I"$resources" -c scripts/tsan_announce.c \
        -o "$build/tsan_announce.o"
      flags=(--sanitize thread -Xlinker "$build/tsan_announce.o" -Xlinker -lBlocksRuntime)
      ;;
  esac
}

# Runs tests under one sanitizer; other arguments are `swift test`'s.
run_under() {
  local sanitizer=$1 build=$PWD/.build-${short[$1]} flags=() skips=() test why
  local reports=$build/reports log=$build/tests.log
  shift
  while read -r test why; do
    echo "sanitize: $sanitizer: SKIPPED $test, which $why"
    skips+=(--skip "$test")
  done < <(cannot_run "$sanitizer")
  skipped=$((skipped + ${#skips[@]} / 2))

  # A process writes what it finds to a file of its own: tests keep the output of what they start.
  rm -rf "$reports"
  mkdir -p "$reports"
  # Some tests have a rank trap, which is no finding. Nor is memory that there is not enough of, or
  # that Swift's runtime keeps for good.
  local common=log_path=$reports/report:handle_sigill=0:handle_sigtrap=0
  common+=:allocator_may_return_null=1
  export ASAN_OPTIONS=$common:detect_leaks=0:suppressions=$PWD/scripts/asan-suppressions.txt
  export UBSAN_OPTIONS=$common:print_stacktrace=1
  export TSAN_OPTIONS=$common
  # Swift's own answer to a crash calls clone(), in which the thread sanitizer fails.
  export SWIFT_BACKTRACE=enable=no

  set_flags "$sanitizer" "$build" || return 1
  local status=0
  swift test -c release -Xswiftc -enable-testing --disable-xctest --no-parallel \
    --scratch-path "$build" "${flags[@]}" "${skips[@]}" "$@" \
    </dev/null 2>&1 | tee "$log" || status=$?
  local found
  found=$(grep -rlvE "$harmless" "$reports" | wc -l || true)
  if [ "$status" -ne 0 ] || [ "$found" -ne 0 ]; then
    echo "sanitize: $sanitizer: tests ended with status $status, $found processes found something"
    if [ "$found" -ne 0 ]; then
      cat "$reports"/* | sed -n 's/^SUMMARY: //p' | sort | uniq -c | sort -rn
      echo "sanitize: $sanitizer: all of it is in $reports"
    fi
    return 1
  fi
  local count
  count=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\}.*/\1/p' "$log")
  totals+=("$count tests under $sanitizer")
}

totals=() failed=() skipped=0
for sanitizer in "${sanitizers[@]}"; do
  echo "sanitize: $sanitizer"
  run_under "$sanitizer" "$@" || failed+=("$sanitizer")
done
if [ ${#failed[@]} -ne 0 ]; then
  echo "sanitize: found something, or tests failed, under: ${failed[*]}" >&2
  exit 1
fi
text=$(printf ', %s' "${totals[@]}")
echo "sanitize: ${text:2}: nothing found; $skipped skipped by name"
