# What the job scripts share; they source it. Not a program of its own.
#
# What ranks and launcher rest on: `vared-train` stops in order on SIGUSR1 and SIGTERM, with a
# checkpoint, and ends with status 75. mpirun hands SIGUSR1 on, but answers SIGTERM by killing its
# ranks within two seconds.
# shellcheck shell=bash

stopped_status=75

# Runs its arguments with some signals blocked until the program asks for them, which vared-train
# does first thing: none kills it while its libraries are still being loaded.
blocking() {
  local signals=$1
  shift
  if env --block-signal="$signals" true 2>/dev/null; then
    launch+=(env "--block-signal=$signals")
  fi
  launch+=("$@")
}

# What Open MPI is told.
set_open_mpi() {
  local ranks_here=$1 threads=$2
  if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
  # mpirun notices within half a minute that a host is gone, instead of never.
  export OMPI_MCA_oob_tcp_keepalive_time=${OMPI_MCA_oob_tcp_keepalive_time:-10}
  export OMPI_MCA_oob_tcp_keepalive_intvl=${OMPI_MCA_oob_tcp_keepalive_intvl:-3}
  export OMPI_MCA_oob_tcp_keepalive_probes=${OMPI_MCA_oob_tcp_keepalive_probes:-3}
  # Ranks have cores of their own where there are enough; otherwise one that waits gives its core
  # to another: two on one core are 18 times slower where they poll.
  # shellcheck disable=SC2034 # Who sources this reads `binding`.
  if [ "$(nproc)" -ge $((ranks_here * threads)) ]; then
    binding=(--map-by "slot:PE=$threads" --bind-to core)
  else
    binding=(--oversubscribe --bind-to none)
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
  fi
  export OMP_NUM_THREADS=$threads OPENBLAS_NUM_THREADS=$threads
}

newest_checkpoint() {
  local file newest=""
  for file in "$1"/checkpoints/step-*.h5; do
    [ ! -e "$file" ] || newest=$file
  done
  echo "$newest"
}

say() {
  echo "$(date +%Y-%m-%dT%H:%M:%S%:z) job: $*"
}

# Passes a signal on as SIGUSR1. The launcher hands it to its ranks once it has started them; before
# that it would die of it.
pass_on() {
  local tries=0
  interrupted=1
  say "$1: asking the ranks for a checkpoint"
  until [ -n "$(ps -o pid= --ppid "$launched" 2>/dev/null)" ] || [ $((tries += 1)) -gt 50 ]; do
    kill -0 "$launched" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -USR1 "$launched" 2>/dev/null || true
}

# Runs `launch` and sets `status`, and `warned` and `terminated` to whether SIGUSR1 and SIGTERM came.
# `wait` returns when a trapped signal arrives, hence the loop.
run_ranks() {
  warned=0 terminated=0 interrupted=1 status=0
  "${launch[@]}" </dev/null &
  launched=$!
  trap 'warned=1; pass_on SIGUSR1' USR1
  trap 'terminated=1; pass_on SIGTERM' TERM
  while [ "$interrupted" -eq 1 ]; do
    interrupted=0
    status=0
    wait "$launched" || status=$?
  done
  trap '' USR1
  # What ends a rank or the launcher by these signals came before they could listen.
  if [ $((warned + terminated)) -gt 0 ]; then
    case $status in 138 | 143) status=$stopped_status ;; esac
  fi
}
