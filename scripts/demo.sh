#!/usr/bin/env bash
# From nothing to a table: synthesizes videos, trains a fixed and an input-adaptive network on them
# with `mpirun`, and compares accuracy, computation and time.
set -euo pipefail

ranks=2
output=""
quick=0

usage() {
  cat <<'TEXT'
usage: scripts/demo.sh [--ranks N] [--output DIR] [--quick]

Sets the machine up, builds, synthesizes a small set of videos, trains configs/demo-fixed.yaml and
configs/demo-dynamic.yaml, evaluates both and prints a table. Given again it goes on where it was
interrupted; in a finished folder it only evaluates again.

  --ranks N      processes to train with, one thread each (default: 2)
  --output DIR   where videos and results go (default: runs/demo, with --quick runs/demo-quick)
  --quick        few videos, 1 epoch: shows that everything works, the accuracy means nothing
TEXT
}

fail() {
  echo "demo: error: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
    --ranks | --output)
      [ $# -ge 2 ] || fail "$1 needs a value; see scripts/demo.sh --help"
      if [ "$1" = --ranks ]; then ranks=$2; else output=$(realpath -m "$2"); fi
      shift 2
      ;;
    --quick)
      quick=1
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown option '$1'; see scripts/demo.sh --help" ;;
  esac
done
[[ "$ranks" =~ ^[1-9][0-9]*$ ]] || fail "--ranks: expected a whole number above 0, found '$ranks'"

cd "$(dirname "${BASH_SOURCE[0]}")/.."
clips=(--train 120 --val 20 --size 48)
training=()
if [ "$quick" -eq 1 ]; then
  output=${output:-runs/demo-quick}
  clips=(--train 8 --val 2 --size 48)
  training=(--epochs 1)
fi
output=${output:-runs/demo}

# One thread for each rank, on a core of its own where there are enough.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# A rank that waits lets others run: decoding threads, and whatever else the machine does.
launch=(mpirun --mca mpi_yield_when_idle 1 -n "$ranks" --oversubscribe --bind-to none)

scripts/setup.sh
echo "demo: building"
swift build -c release --product vared-train </dev/null
vared=.build/release/vared-train

if [ -f "$output/clips/labels.csv" ]; then
  echo "demo: videos: those in $output/clips"
else
  echo "demo: videos: synthesizing"
  rm -rf "$output/clips.part"
  "$vared" synthesize --output "$output/clips.part" "${clips[@]}"
  mv -T "$output/clips.part" "$output/clips"
fi

# Trains network $1, or goes on where it was interrupted; the other arguments are flags.
train() {
  local network=$1
  shift
  if compgen -G "$output/$network/checkpoints/step-*.h5" >/dev/null; then
    echo "demo: training the $network network: going on in $output/$network"
  else
    echo "demo: training the $network network"
  fi
  "${launch[@]}" "$vared" train --config "configs/demo-$network.yaml" \
    --data "$output/clips/labels.csv" --output "$output/$network" --resume auto --threads 1 \
    "${training[@]}" "$@" </dev/null
}

train fixed
# The dynamic network starts from the fixed one's newest weights.
weights=("$output"/fixed/checkpoints/step-*.h5)
train dynamic --initialize "${weights[-1]}"

# By one process, so that videos are not decoded on the core that is timed.
for network in fixed dynamic; do
  echo "demo: evaluating the $network network"
  "$vared" evaluate --checkpoint "$output/$network" --threads 1 \
    --data "$output/clips/labels.csv" --report "$output/$network/evaluation.json" \
    --clips "$output/$network/clips.csv" </dev/null >"$output/$network/evaluation.txt"
done

# The first number named $2 in the one-line JSON object of file $1.
number() {
  sed "s/\"$2\":/\n/" "$1" | sed -n '2s/^\([-+.0-9eE]*\).*/\1/p'
}

echo
printf '%-8s  %8s  %10s  %14s  %12s\n' network accuracy "conv ratio" "executed GMAC" "s per clip"
for network in fixed dynamic; do
  report=$output/$network/evaluation.json
  printf '%-8s  %8.3f  %10.3f  %14.4f  %12.4f\n' "$network" "$(number "$report" top1)" \
    "$(number "$report" conv_ratio)" "$(number "$report" executed_gmacs)" \
    "$(number "$report" seconds_per_clip)"
done
echo
echo "The dynamic network was trained to take 0.65 of the fixed one's seconds; on larger clips" \
  "more of what is not computed is time (docs/RESULTS.md, Seconds)."
"$vared" report "$output/fixed" "$output/dynamic" --output "$output/report.html" >/dev/null
echo "What both networks do, for a browser: $output/report.html"
