#!/usr/bin/env bash
# Kills a small training again and again, starts it each time by the same command, and looks whether
# a checkpoint is lost: each start has to go on from the newest whole one, and in the end parameters
# and metrics have to be those of a run that nothing interrupted, to the bit.
#
#   scripts/test_kills.sh [KILLS] [SEED]       (20 kills, seed 1; 3 to 5 s a kill on two cores)
#
# SIGKILL goes to a random one of 3 ranks or to mpirun: at any moment of a start, between steps,
# while a checkpoint is being written, or while the disk is full (a small tmpfs where this user may
# mount one, else a limit on the size of files). What is tried in which order follows from the seed;
# the moments are the machine's. Status 0: nothing was lost; 2: it cannot be run so; 1: something
# was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kills=${1:-20} seed=${2:-1}
if ! [[ "$kills" =~ ^[1-9][0-9]{0,3}$ && "$seed" =~ ^[0-9]{1,9}$ ]] || [ $# -gt 2 ]; then
  echo "usage: scripts/test_kills.sh [KILLS] [SEED]" >&2
  exit 2
fi
trainer=${VARED_TRAIN:-$PWD/.build/release/vared-train}
if [ ! -x "$trainer" ]; then
  echo "kills: error: no $trainer; build it with 'swift build -c release'" >&2
  exit 2
fi
# Open MPI refuses root unless told twice; three ranks share what cores there are.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
export OMPI_MCA_mpi_yield_when_idle=1
RANDOM=$seed

work=$(mktemp -d)
disk=$work/disk
checkpoints=$disk/run/checkpoints
mkdir "$disk"
log="" launched="" mounted=false
ranks=() all_ranks=()

fail() {
  echo "kills: error: $*" >&2
  [ -z "$log" ] || { echo "kills: the end of its log:" && tail -n 20 "$log"; } >&2
  exit 1
}

clean() {
  [ -z "$launched" ] || kill -9 "$launched" 2>/dev/null || true
  # Ranks of a killed mpirun end by themselves, but perhaps not yet.
  local process
  for process in "${all_ranks[@]}"; do
    if [ "$(ps -o comm= -p "$process" 2>/dev/null)" = "${trainer##*/}" ]; then
      kill -9 "$process" 2>/dev/null || true
    fi
  done
  if $mounted; then
    umount "$disk" 2>/dev/null || umount -l "$disk" || true
  fi
  rm -rf "$work"
}
trap clean EXIT

# Ten classes of six training clips: ten steps an epoch on 3 ranks of 2 clips each. A start ends by
# itself after four steps, so that the run, with six for each kill, lasts for all of them.
"$trainer" synthesize --output "$work/clips" --train 6 --val 1 --frames 4 --size 32 >/dev/null
epochs=$((kills * 6 / 10 + 1))
flags=(--data "$work/clips/labels.csv" --width 0.25 --frames 4 --frame-stride 1 --size 32 --batch 2
  --threads 1 --data-threads 1 --evaluate-every 0 --checkpoint-every 1 --epochs "$epochs")
steps=$((epochs * 10))
file_kib=unlimited
train() { # more flags
  exec mpirun -n 3 --oversubscribe --bind-to none bash -c 'ulimit -f "$0"; exec "$@"' \
    "$file_kib" "$trainer" train "${flags[@]}" "$@" </dev/null
}

echo "kills: $steps steps that nothing interrupts"
(train --output "$work/straight" >"$work/straight.log" 2>&1) ||
  { log=$work/straight.log && fail "the run that nothing interrupts failed"; }
newest() { # folder of checkpoints
  local file last=0
  for file in "$1"/step-*.h5; do
    file=${file##*/step-} file=${file%.h5}
    if [[ "$file" =~ ^[0-9]+$ ]] && [ $((10#$file)) -gt "$last" ]; then
      last=$((10#$file))
    fi
  done
  echo "$last"
}
[ "$(newest "$work/straight/checkpoints")" -eq "$steps" ] || fail "it has not $steps steps"
kib=$(($(stat -c %s "$work/straight/checkpoints/"step-*"$steps.h5") / 1024))
# Room for three checkpoints, the one that is written, one that is not deleted yet, and metrics.
if mount -t tmpfs -o size=$((6 * kib + 8192))k vared-kills "$disk" 2>/dev/null; then
  mounted=true
fi

running() { kill -0 "$launched" 2>/dev/null; }
starts=0
start() { # most steps; 0: all
  starts=$((starts + 1))
  log=$work/start.log
  ranks=()
  (train --output "$disk/run" --step-limit "$1") >"$log" 2>&1 &
  launched=$!
}
find_ranks() {
  mapfile -t ranks < <(pgrep -P "$launched" || true)
  all_ranks+=("${ranks[@]}")
}
# Waits for the end of what was started.
status=0
finish() {
  status=0
  wait "$launched" 2>/dev/null || status=$?
  launched=""
}
# Waits until a condition holds; fails where what was started ends before, or does not come to it.
await() { # seconds, command
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    running || return 1
    [ "$SECONDS" -lt "$end" ] || fail "waited for: $*"
    sleep 0.005
  done
}
# The folder is this start's: ranks that a killed mpirun left behind write nothing any more.
has_opened() { grep -qs "training and .* validation clips; 3 ranks" "$log"; }
await_steps() { # more
  await 120 has_opened && await 120 has_step $(($(newest "$checkpoints") + $1))
}
has_step() { [ "$(newest "$checkpoints")" -ge "$1" ]; }
is_writing() { compgen -G "$checkpoints/step-*.partial" >/dev/null; }
is_refused() { grep -qs "training goes on" "$log"; }
pause() { # at most so many milliseconds
  local ms=$((RANDOM % $1))
  sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}
shoot() { # rank, or mpirun; mpirun where that rank is not there yet
  find_ranks
  if [ "$1" = mpirun ] || [ ${#ranks[@]} -le "$1" ]; then
    victim=mpirun
    kill -9 "$launched" 2>/dev/null
  else
    kill -9 "${ranks[$1]}" 2>/dev/null
  fi
}

# What a start says it goes on from, against the newest checkpoint that was there before.
seen=0
require_nothing_lost() {
  local from
  from=$(sed -n 's/.*resuming from .*(step \([0-9]*\)).*/\1/p' "$log" | head -n 1)
  if [ -n "$from" ] && [ "$from" -lt "$seen" ]; then
    fail "went on from step $from; there was a whole checkpoint of step $seen"
  fi
  if [ -z "$from" ] && [ "$seen" -gt 0 ] && has_opened; then
    fail "began anew; there was a whole checkpoint of step $seen"
  fi
  if compgen -G "$checkpoints/*.damaged" >/dev/null || grep -q "damaged checkpoint" "$log"; then
    fail "a checkpoint that had its name was not whole"
  fi
  # Ranks that a killed mpirun left behind may still be writing; theirs only add to it.
  local now
  now=$(newest "$checkpoints")
  [ "$now" -ge "$seen" ] || fail "the newest checkpoint is of step $now; there was one of $seen"
  seen=$now
}
resume_is_possible() {
  local file newer
  while [ "$seen" -gt 0 ]; do
    file=$checkpoints/step-$(printf '%08d' "$seen").h5
    ! "$trainer" verify "$file" >"$work/verify.log" 2>&1 || break
    # Ranks that were left behind may have written newer ones meanwhile and taken this one away.
    newer=$(newest "$checkpoints")
    if [ -e "$file" ] || [ "$newer" -le "$seen" ]; then fail "$(cat "$work/verify.log")"; fi
    seen=$newer
  done
}

# Fills the disk, or has a limit stand for one that is full.
fill() {
  if $mounted; then
    dd if=/dev/zero of="$disk/ballast" bs=64k 2>/dev/null || true
  fi
}

kill_count=0 victim=mpirun
of_rank=0 of_mpirun=0 early=0 while_writing=0 left_partial=0 full=0
choose_victim() { # not in a subshell, where RANDOM would repeat itself
  victim=$((RANDOM % 3))
  [ $((RANDOM % 3)) -ne 0 ] || victim=mpirun
}
# One start and its end. Returns 1 where it ended before it was to be killed.
round() {
  local kind=$((RANDOM % 10)) more=$((1 + RANDOM % 3))
  choose_victim
  file_kib=unlimited
  case $kind in
    0 | 1) # at any moment of a start
      start 4
      pause 1500
      running || return 1
      shoot "$victim"
      early=$((early + 1))
      ;;
    2 | 3 | 4) # between two steps, or in one
      start 4
      await_steps "$more" || return 1
      pause 200
      running || return 1
      shoot "$victim"
      ;;
    5 | 6 | 7) # inside the write of a checkpoint, which rank 0 does
      start 4
      await_steps $((more - 1)) && await 120 is_writing || return 1
      [ "$victim" = mpirun ] || victim=0
      shoot "$victim"
      while_writing=$((while_writing + 1))
      ;;
    *) # on a full disk
      if ! $mounted; then file_kib=$((kib / 2)); fi
      start 4
      if $mounted; then
        await_steps 1 || return 1
        fill
      fi
      if ! await 120 is_refused; then
        rm -f "$disk/ballast"
        return 1
      fi
      pause 200
      shoot "$victim"
      full=$((full + 1))
      ;;
  esac
  if [ "$victim" = mpirun ]; then
    of_mpirun=$((of_mpirun + 1))
  else
    of_rank=$((of_rank + 1))
  fi
}

begin=$SECONDS
while [ "$kill_count" -lt "$kills" ]; do
  was_killed=true
  round || was_killed=false
  finish
  # A killed mpirun leaves ranks behind that may end what they write.
  if $was_killed && [ "$victim" != mpirun ] && is_writing; then
    left_partial=$((left_partial + 1))
  fi
  rm -f "$disk/ballast"
  require_nothing_lost
  resume_is_possible
  if $was_killed; then
    kill_count=$((kill_count + 1))
  elif [ "$status" -ne 75 ] && [ "$kill_count" -lt "$kills" ]; then
    fail "a start that nothing killed ended with status $status after $kill_count kills"
  fi
done
seconds=$((SECONDS - begin))
medium="limit on files"
if $mounted; then medium=tmpfs; fi
echo "kills: $kill_count in $seconds s, $of_rank of a rank and $of_mpirun of mpirun:" \
  "$early in the first 1.5 s, $while_writing inside a write ($left_partial left a partial file)," \
  "$full on a full disk ($medium); newest checkpoint: step $seen of $steps"

# The rest, which nothing kills.
file_kib=unlimited
start 0
finish
require_nothing_lost
[ "$status" -eq 0 ] || fail "the last start ended with status $status"
"$trainer" verify "$disk/run" --against "$work/straight" >"$work/verify.log" ||
  fail "$(grep -v ': good' "$work/verify.log")"
grep ": equal to" "$work/verify.log" | sed "s|$work/||g; s/^/kills: /"
losses() {
  grep -o '"kind":"step","step":[0-9]*,"epoch":[0-9]*,"loss":[^,]*' "$1/metrics.jsonl"
}
# Lines that a full disk does not take are written later; a kill before that loses them.
diff <(losses "$disk/run") <(losses "$work/straight") >"$work/metrics.diff" || true
unwritten=$(grep -c '^>' "$work/metrics.diff" || true)
if grep -q '^<' "$work/metrics.diff" || [ "$unwritten" -gt "$full" ]; then
  fail "metrics.jsonl has steps twice, too few, or other losses than the other run:" \
    "$(head -n 5 "$work/metrics.diff")"
fi
echo "kills: $starts starts, no checkpoint lost; of $steps steps in metrics.jsonl $unwritten are" \
  "missing, which a full disk did not take before a kill"
echo "PASSED scripts/test_kills.sh $kills $seed"
