#!/usr/bin/env bash
# Trains on this machine, all its cores, under mpirun:
#
#   jobs/local.sh recipe.yaml [more train flags]
#
# Ctrl-C (or SIGTERM, SIGUSR1) writes a checkpoint and stops; the same command goes on from there.
# Status: 0 all epochs are done, 75 stopped (130 by Ctrl-C), others as vared-train's.

# --- site values -----------------------------------------------------------------------------
ranks=${RANKS:-$(nproc)}    # one rank per core is fastest for small clips; fewer ranks need less memory
threads=${THREADS:-}        # of each rank; empty: cores / ranks
# --- nothing below needs a change ------------------------------------------------------------

set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$repository/jobs/job.sh"

if [ $# -eq 0 ] || [ "$1" = -h ] || [ "$1" = --help ]; then
  echo "usage: [RANKS=n] [THREADS=n] [OUTPUT=dir] jobs/local.sh recipe.yaml [more train flags]"
  exit $(($# == 0 ? 2 : 0))
fi
config=$1
shift
output=${OUTPUT:-runs/$(basename "$config" .yaml)}
trainer=${VARED_TRAIN:-$repository/.build/release/vared-train}
cores=$(nproc)
if [ -z "$threads" ]; then
  threads=$((cores > ranks ? cores / ranks : 1))
fi
if [ ! -x "$trainer" ]; then
  say "error: no executable at $trainer; build it with 'swift build -c release'" >&2
  exit 2
fi
set_open_mpi "$ranks" "$threads"

launch=()
blocking TERM mpirun -n "$ranks" "${binding[@]}"
blocking TERM,USR1 "$trainer" train --config "$config" --output "$output" --resume auto \
  --threads "$threads" "$@"

# Job control gives mpirun a process group of its own, so that Ctrl-C reaches this script alone.
set -m
stop_for_person=0
trap 'stop_for_person=1; warned=1; pass_on SIGINT' INT
run_ranks
if [ "$status" -eq "$stopped_status" ] && [ "$stop_for_person" -eq 1 ]; then
  exit 130
fi
exit "$status"
