#!/usr/bin/env bash
# Runs jobs/train.slurm for real: starts a Slurm on this machine, trains 8 ranks under mpirun and
# under srun, pre-empts and requeues them, and holds what comes out against a run that nothing
# interrupted. Takes one to three minutes.
#
#   scripts/test_slurm.sh [--install]
#
# Needs root and Slurm's programs; --install gets those with apt-get. Status 0: passed; 77: cannot
# be run here, with the reason in a line that begins with SKIPPED; others: failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins)

skip() {
  echo "SKIPPED scripts/test_slurm.sh: $*"
  exit 77
}

fail() {
  echo "slurm test: error: $*" >&2
  for log in "$work"/*.log; do
    [ ! -e "$log" ] || { echo "--- $log" >&2 && tail -n 60 "$log" >&2; }
  done
  exit 1
}

[ "$(id -u)" -eq 0 ] || skip "Slurm is started as root"
programs() {
  command -v slurmctld slurmd sbatch munged >/dev/null
}
if ! programs && [ "${1:-}" = --install ] && command -v apt-get >/dev/null; then
  env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null || true
  env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    "${packages[@]}" </dev/null >/dev/null 2>&1 || true
fi
programs || skip "missing packages: ${packages[*]}"
if pgrep -x slurmctld >/dev/null; then
  skip "a Slurm runs on this machine already"
fi
trainer=${VARED_TRAIN:-$PWD/.build/release/vared-train}
[ -x "$trainer" ] || skip "no $trainer; build it with 'swift build -c release'"

work=$(mktemp -d)
pids=()
clean() {
  scancel --user=root >/dev/null 2>&1 || true
  for _ in $(seq 30); do
    [ -n "$(squeue -h 2>/dev/null)" ] || break
    sleep 0.5
  done
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  sleep 1
  rm -rf "$work"
}
trap clean EXIT

host=$(hostname -s)
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmUser=root
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=pmix
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
KillWait=10
MinJobAge=3600
SchedulerParameters=bf_interval=1
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 CoresPerSocket=8 RealMemory=2000
PartitionName=low Nodes=ALL Default=YES PriorityTier=1
PartitionName=high Nodes=ALL PriorityTier=2
CONF
export SLURM_CONF=$work/slurm.conf
mkdir -p "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 600 "$work/munge.key"
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" \
  --pid-file="$work/munge.pid" --seed-file="$work/munge.seed" --log-file="$work/munge.log" &
pids+=($!)
slurmctld -D -c >"$work/slurmctld.out.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
  [ ! -S "$work/munge.socket" ] || break
  sleep 0.1
done
slurmd -D -N "$host" >"$work/slurmd.out.log" 2>&1 &
pids+=($!)
for _ in $(seq 100); do
  [ "$(sinfo -h -o %t -p low 2>/dev/null)" != idle ] || break
  sleep 0.3
done
[ "$(sinfo -h -o %t -p low 2>/dev/null)" = idle ] ||
  skip "Slurm's node does not come up here: $(tail -qn 1 "$work"/slurmd.*log | tr '\n' ' ')"

# 160 clips, 8 ranks x batch 2: 10 steps an epoch; 400 steps, so that a machine that makes 100 a
# second is still at work when it is stopped for the third time.
"$trainer" synthesize --output "$work/clips" --shapes circle,cross --train 16 --val 1 --frames 4 \
  --size 16 >/dev/null
cat >"$work/recipe.yaml" <<YAML
data: $work/clips/labels.csv
width: 0.125
frames: 4
frame-stride: 1
size: 16
batch: 2
epochs: 40
network: fixed
checkpoint-every: 5
evaluate-every: 0
data-threads: 1
YAML
export CONFIG=$work/recipe.yaml VARED_TRAIN=$trainer
# More ranks than cores here: the scripts tell Open MPI so by what nproc says.
unset OMP_NUM_THREADS OPENBLAS_NUM_THREADS OMPI_MCA_mpi_yield_when_idle

submit() {
  OUTPUT=$work/$1 LAUNCHER=$2 sbatch --parsable --partition=low --time=10 --output="$work/$1.log" \
    jobs/train.slurm
}
state() {
  scontrol -o show job "$1" | sed -n 's/.* JobState=\([A-Z_]*\).*/\1/p'
}
wait_for() { # job, state
  local now
  for _ in $(seq 900); do
    now=$(state "$1")
    case $now in
      "$2") return 0 ;;
      FAILED | CANCELLED | TIMEOUT | COMPLETED) fail "job $1 is $now, not $2" ;;
    esac
    sleep 0.2
  done
  fail "job $1 does not become $2: $(state "$1")"
}
newest_checkpoint() { # run
  local newest
  newest=$(cd "$work" && ls "$1/checkpoints" 2>/dev/null | sed -n 's/^step-\([0-9]*\).h5$/\1/p' |
    sort | tail -n 1) || true
  echo "$((10#${newest:-0}))"
}
wait_for_checkpoint() { # run, step that it is to be newer than
  for _ in $(seq 1800); do
    [ "$(newest_checkpoint "$1")" -le "$2" ] || return 0
    sleep 0.1
  done
  fail "no checkpoint of $1 after step $2"
}

# Waits until the job runs again and has written a checkpoint newer than the one it went on from.
wait_for_start() { # run, how often it was started again
  local start waited=0
  for _ in $(seq 750); do
    if start=$(grep "job: start $2 of job" "$work/$1.log"); then
      start=$(sed -n 's/.*step-\([0-9]*\).h5$/\1/p' <<<"$start")
      wait_for_checkpoint "$1" "$((10#${start:-0}))"
      return
    fi
    # Slurm lets a requeued job wait for a minute or two, longer than its last start takes to end.
    if [ "$(state "$job")" = PENDING ] && [ "$(sinfo -h -o %t -p low)" = idle ]; then
      waited=$((waited + 1))
      [ "$((waited % 15))" -ne 0 ] ||
        scontrol update JobId="$job" StartTime=now >/dev/null 2>&1 || true
    fi
    sleep 0.2
  done
  fail "$1 was not started again, the $2. time"
}

# A job that does nothing but start ranks, so that what follows fails by our own fault only.
cat >"$work/first.sh" <<'FIRST'
#!/usr/bin/env bash
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun -n 2 --oversubscribe --bind-to none hostname && srun --mpi=pmix -n 2 hostname && echo started
FIRST
first=$(sbatch --parsable --partition=low --ntasks=2 --time=1 --output="$work/first.log" \
  "$work/first.sh")
for _ in $(seq 200); do
  case $(state "$first") in
    PENDING | CONFIGURING | RUNNING | COMPLETING) sleep 0.3 ;;
    *) break ;;
  esac
done
grep -qx started "$work/first.log" 2>/dev/null || skip "Slurm starts no ranks on this machine"

straight=$(submit straight mpirun)
wait_for "$straight" COMPLETED

for launcher in mpirun srun; do
  job=$(submit "$launcher" "$launcher")
  wait_for_checkpoint "$launcher" 0
  # Pre-empted by a job that takes the whole node.
  sbatch --partition=high --ntasks=8 --output="$work/high.log" --wrap 'sleep 1' >/dev/null
  wait_for_start "$launcher" 1
  # Warned, as before a time limit: the job queues itself again.
  scancel --batch --signal=USR1 "$job"
  wait_for_start "$launcher" 2
  # Requeued by an administrator.
  scontrol requeue "$job"
  wait_for_start "$launcher" 3
  wait_for "$job" COMPLETED
  stops=$(grep -c "stopped by .* with a checkpoint at step" "$work/$launcher.log") || true
  starts=$(grep -c "job: start" "$work/$launcher.log")
  [ "$stops" -eq 3 ] || fail "$launcher: $stops of 3 stops wrote a checkpoint"
  [ "$starts" -eq 4 ] || fail "$launcher: expected 4 starts, found $starts"
  losses() {
    grep -o '"kind":"step","step":[0-9]*,"epoch":[0-9]*,"loss":[^,]*' "$work/$1/metrics.jsonl"
  }
  diff <(losses straight) <(losses "$launcher") >"$work/diff.log" ||
    fail "$launcher: other losses than the run that nothing interrupted"
  echo "slurm test: $launcher: pre-empted, warned, requeued, and equal to the uninterrupted run" \
    "in $(losses straight | wc -l) steps"
done
echo "PASSED scripts/test_slurm.sh"
