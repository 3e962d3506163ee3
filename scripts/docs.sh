#!/usr/bin/env bash
# Builds the pages of the library modules and what they quote: holds the code of each page against
# the example that is compiled, runs the examples, and converts the DocC catalogs without a warning.
set -euo pipefail

# The pages that walk through a module, and their examples.
readonly pages=(
  Sources/VARedDist/VARedDist.docc/SummingGradients.md:SumOverRanks
  Sources/VARedData/VARedData.docc/LoadingClips.md:LoadClips
  Sources/VARedNN/VARedNN.docc/RunningANetwork.md:StepOnce
  Sources/VARedTraining/VARedTraining.docc/TrainingANetwork.md:TrainOnShapes
)
readonly modules=(VARedDist VARedData VARedNN VARedTraining)
output=""

usage() {
  cat <<'TEXT'
usage: scripts/docs.sh [--output DIR]

Checks and builds the documentation of the libraries: the examples in the pages are those in
Examples/, they are compiled and run, and docc converts the pages without a warning. Builds what
scripts/test.sh builds, so that neither has to build again what the other built.

  --output DIR   keep the archives, DIR/MODULE.doccarchive, to look at with a web server
TEXT
}

fail() {
  echo "docs: error: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case "$1" in
    --output)
      [ $# -ge 2 ] || fail "$1 needs a value; see scripts/docs.sh --help"
      output=$(realpath -m "$2")
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown option '$1'; see scripts/docs.sh --help" ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# The Swift code of page $1: its blocks, an empty line between two.
code_of_page() {
  awk '/^```/ { inside = !inside && $0 == "```swift"; if (inside && seen++) print ""; next }
       inside' "$1"
}

# The code of example $1 without the comment it begins with.
code_of_example() {
  awk '!begun && /^\/\// { next } !begun && !NF { next } { begun = 1; print }' \
    "Examples/$1/main.swift"
}

echo "docs: examples as in the pages"
for pair in "${pages[@]}"; do
  diff <(code_of_page "${pair%:*}") <(code_of_example "${pair#*:}") ||
    fail "the code of ${pair%:*} (<) is not that of Examples/${pair#*:}/main.swift (>)"
done

echo "docs: building"
# Through `swift test`, as in scripts/test.sh: `swift build` with the same flags compiles everything
# anew.
swift test list -c release -Xswiftc -enable-testing --disable-xctest </dev/null >/dev/null
build=$(swift build -c release --show-bin-path)

echo "docs: running the examples"
"$build/vared-train" synthesize --output "$scratch/shapes" --train 4 --val 1 --size 32 >/dev/null
mpirun -n 2 --oversubscribe --bind-to none "$build/SumOverRanks" </dev/null
"$build/LoadClips"
"$build/StepOnce"
"$build/TrainOnShapes" "$scratch/shapes"

# A tool of the toolchain that `swiftc` belongs to.
tool() {
  local resources
  resources=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
  local found=${resources%/lib/swift}/bin/$1
  [ -x "$found" ] || fail "the Swift toolchain has no $1 (looked for $found)"
  echo "$found"
}

# Writes the symbol graph of module $1 into folder $2, from what was built.
symbol_graph() {
  local target modulemaps=()
  target=$(swiftc -print-target-info | sed -n 's/.*"triple": "\(.*\)".*/\1/p' | head -n 1)
  for map in Sources/C*/module.modulemap "$build"/*.build/module.modulemap \
    .build/checkouts/*/Sources/*/include/module.modulemap; do
    modulemaps+=(-Xcc "-fmodule-map-file=$map")
  done
  local flags
  read -ra flags <<<"$(pkg-config --cflags ompi-c hdf5 openblas libavformat libavcodec libavutil)"
  "$(tool swift-symbolgraph-extract)" -module-name "$1" -target "$target" -I "$build/Modules" \
    "${modulemaps[@]}" "${flags[@]}" \
    -minimum-access-level public -output-dir "$2"
}

for module in "${modules[@]}"; do
  echo "docs: pages of $module"
  mkdir -p "$scratch/$module"
  symbol_graph "$module" "$scratch/$module"
  "$(tool docc)" convert "Sources/$module/$module.docc" --warnings-as-errors \
    --additional-symbol-graph-dir "$scratch/$module" --fallback-display-name "$module" \
    --fallback-bundle-identifier "$module" --output-path "$scratch/$module.doccarchive"
done

if [ -n "$output" ]; then
  mkdir -p "$output"
  for module in "${modules[@]}"; do
    rm -rf "$output/$module.doccarchive"
    mv "$scratch/$module.doccarchive" "$output"
  done
  echo "docs: archives in $output"
fi
