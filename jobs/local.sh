#!/usr/bin/env bash
# Trains on this machine, all its cores, under mpirun:
#
#   jobs/local.sh recipe.yaml [more train flags]
#
# Ctrl-C (or SIGTERM) writes a checkpoint and stops; the same command goes on from there.

# --- site values -----------------------------------------------------------------------------
ranks=${RANKS:-$(nproc)}    # one rank per core is fastest for small clips; fewer ranks need less memory
threads=${THREADS:-}        # of each rank; empty: cores / ranks
# --- nothing below needs a change ------------------------------------------------------------

set -euo pipefail

if [ $# -eq 0 ] || [ "$1" = -h ] || [ "$1" = --help ]; then
  echo "usage: [RANKS=n] [THREADS=n] [OUTPUT=dir] jobs/local.sh recipe.yaml [more train flags]"
  exit $(($# == 0 ? 2 : 0))
fi
config=$1
shift
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=${OUTPUT:-runs/$(basename "$config" .yaml)}
trainer=${VARED_TRAIN:-$repository/.build/release/vared-train}
cores=$(nproc)
if [ -z "$threads" ]; then
  threads=$((cores > ranks ? cores / ranks : 1))
fi

if [ ! -x "$trainer" ]; then
  echo "local: error: no executable at $trainer; build it with 'swift build -c release'" >&2
  exit 2
fi
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads

# Ranks are bound to cores of their own where there are enough of them.
binding=(--oversubscribe --bind-to none)
if [ "$cores" -ge $((ranks * threads)) ]; then
  binding=(--map-by "slot:PE=$threads" --bind-to core)
fi

# Job control gives mpirun a process group of its own, so that Ctrl-C reaches this script alone.
set -m
mpirun -n "$ranks" "${binding[@]}" \
  "$trainer" train --config "$config" --output "$output" --resume auto --threads "$threads" "$@" \
  </dev/null &
launched=$!
pass_on() {
  interrupted=1
  stopped=1
  echo "local: asking the ranks for a checkpoint"
  kill -USR1 "$launched" || true
}
trap pass_on INT TERM USR1
stopped=0
interrupted=1
while [ "$interrupted" -eq 1 ]; do
  interrupted=0
  status=0
  wait "$launched" || status=$?
done
# Stopped on request is no failure of the ranks, but not the end of the training either.
if [ "$status" -eq 0 ] && [ "$stopped" -eq 1 ]; then
  exit 130
fi
exit "$status"
