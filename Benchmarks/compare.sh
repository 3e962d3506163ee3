#!/usr/bin/env bash
# Measures vared-train against PyTorch and inference engines, against the convolution floor and
# against itself, in turn, and prints tables of median ratios. README.md in this folder says how to
# read them.
set -euo pipefail

frames=8
size=112
batch=8
width=1
depth=18
threads=1,2
rounds=5
iterations=3
rank_steps=8
only=fixed,ranks,engines,dynamic,trained,savings

usage() {
  cat <<'TEXT'
usage: Benchmarks/compare.sh [flags]

Sets the peers up in .build/benchmarks, builds vared-train and the convolution floor, and runs them
in turn, each run a process of its own. Needs what scripts/setup.sh installs, a C and a C++ compiler
and python3 with venv. With the defaults it takes hours, and wants the machine for itself. What
cannot be installed or run here is left out, and the table says so.

  --depth 18|34     layers of the R(2+1)D (default: 18)
  --width X         channel multiplier (default: 1)
  --frames N        frames of a clip (default: 8)
  --size N          height and width of a clip (default: 112)
  --batch N         clips in a step, of each rank (default: 8)
  --threads A,B     threads of most runs, and of the runs that show how more of them help; also the
                    number of ranks (default: 1,2)
  --rounds N        how often everything is run; the table has medians over rounds (default: 5)
  --iterations N    timed steps in a run, after one to warm up (default: 3)
  --only PARTS      of fixed, ranks, engines, dynamic, trained, savings, with commas (default: all);
                    engines: inference by others than PyTorch; trained first trains gates, for some
                    minutes
  --quick           tiny network, one round: shows that everything works, the figures mean nothing

  VARED_TRAIN=path  measure this vared-train and build none
  PEER_PYTHON=path  use this Python, which has torch, numpy and h5py, and of onnx, onnxruntime,
                    openvino and nncf what is to be measured, and install nothing

PyTorch comes from where pip is configured to look. The CPU wheel is enough and much smaller: set
pip's index to PyTorch's CPU wheels, for example with PIP_EXTRA_INDEX_URL.
TEXT
}

fail() {
  echo "compare: error: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
    --depth | --width | --frames | --size | --batch | --threads | --rounds | --iterations | --only)
      [ $# -ge 2 ] || fail "$1 needs a value; see Benchmarks/compare.sh --help"
      printf -v "${1#--}" '%s' "$2"
      shift 2
      ;;
    --quick)
      width=0.25 frames=4 size=32 batch=2 rounds=1 iterations=1 rank_steps=3
      shift
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown option '$1'; see Benchmarks/compare.sh --help" ;;
  esac
done
[[ "$threads" =~ ^([1-9][0-9]*),([1-9][0-9]*)$ ]] ||
  fail "--threads: expected two whole numbers with a comma, found '$threads'"
few=${BASH_REMATCH[1]}
many=${BASH_REMATCH[2]}
[ "$few" -lt "$many" ] || fail "--threads: expected the smaller number first, found '$threads'"
for number in depth frames size batch rounds iterations; do
  [[ "${!number}" =~ ^[1-9][0-9]*$ ]] ||
    fail "--$number: expected a whole number above 0, found '${!number}'"
done
[[ "$width" =~ ^[0-9]*\.?[0-9]+$ ]] || fail "--width: expected a number above 0, found '$width'"
for part in ${only//,/ }; do
  [[ "$part" =~ ^(fixed|ranks|engines|dynamic|trained|savings)$ ]] ||
    fail "--only: expected fixed, ranks, engines, dynamic, trained or savings, found '$part'"
done

[ -z "${VARED_TRAIN:-}" ] || VARED_TRAIN=$(realpath "$VARED_TRAIN")
[ -z "${PEER_PYTHON:-}" ] || PEER_PYTHON=$(realpath -s "$PEER_PYTHON")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=.build/benchmarks
mkdir -p "$work"

# The flags say how many threads run; a processor type forced upon OpenBLAS halves its speed.
unset OPENBLAS_CORETYPE OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# What is measured -------------------------------------------------------------------------------

# With fewer clips PyTorch multiplies matrices where it has a convolution; README.md says where.
best_batch=$((batch > 16 ? batch : 16))

readonly torch_version=2.13.0

prepare_peers() {
  peer_python=${PEER_PYTHON:-$work/venv/bin/python}
  [ -z "${PEER_PYTHON:-}" ] || return 0
  [ -x "$peer_python" ] || python3 -m venv "$work/venv"
  local package
  for package in "torch==$torch_version" numpy h5py onnx onnxruntime openvino nncf; do
    "$peer_python" -m pip install --quiet "$package" ||
      echo "compare: $package cannot be installed; what needs it is missing in the table" >&2
  done
}

prepare_ours() {
  vared=${VARED_TRAIN:-.build/release/vared-train}
  # Flags as in scripts/test.sh, so that neither has to build again what the other built.
  [ -n "${VARED_TRAIN:-}" ] ||
    swift build -c release -Xswiftc -enable-testing --product vared-train </dev/null
}

prepare_floor() {
  cc -O2 -o "$work/convolution_floor" Benchmarks/convolution_floor.c -ldnnl -lgomp -lm
}

# How it is measured -----------------------------------------------------------------------------

round=0
failures=0
# Two parts may need the same run; a round has it once.
declare -A recorded

# Runs a command as the run named $1, once a round; what it printed is in `found`. A run that fails
# costs its own rows of the table and not the hours of the others; one that ends with status 3
# cannot run on this machine, and is not asked again.
found=
try() {
  local name=$1 status=0 reason
  shift
  [ "${recorded[$name]:-0}" -lt "$round" ] || return 1
  recorded[$name]=$round
  echo "compare: round $round of $rounds: $name"
  found=$("$@" </dev/null 2>"$work/stderr.txt") || status=$?
  [ "$status" -ne 0 ] || return 0
  reason=$(tail -n 1 "$work/stderr.txt" | tr -d '"\\')
  if [ "$status" -eq 3 ]; then
    recorded[$name]=$rounds
    printf '{"round":%d,"run":"%s","left_out":"%s"}\n' "$round" "$name" "$reason" >>"$results"
    echo "compare: left out: $reason"
    return 1
  fi
  failures=$((failures + 1))
  echo "compare: error: $name failed: $reason" >&2
  return 1
}

# Keeps the JSON object that a command prints as its last line as the result named $1.
record() {
  try "$@" || return 0
  printf '{"round":%d,"run":"%s","result":%s}\n' "$round" "$1" "${found##*$'\n'}" >>"$results"
}

# Keeps the JSON objects that a command prints for policies that take turns; the * of the name $1
# stands for the policy.
record_turns() {
  try "$@" || return 0
  printf '{"round":%d,"run":"%s","results":[%s]}\n' "$round" "$1" "${found//$'\n'/,}" >>"$results"
}

# Timed steps at batch $1. One clip takes so little time that more of them cost nothing, and they
# steady the median.
steps() {
  if [ "$1" -gt 1 ]; then echo "$iterations"; else echo $((4 * iterations)); fi
}

# Ours: network $1 with policy $2 and $3 threads on $4 clips; $5 tells the run from an equal one.
ours() {
  record "ours/$1/$2/threads $3/batch $4${5:-}" "$vared" bench --json \
    --model "r2plus1d-$depth" --width "$width" --network "$1" --policy "$2" --frames "$frames" \
    --size "$size" --batch "$4" --threads "$3" --iterations "$(steps "$4")"
}

# A peer: network $1 with $2 threads on $3 clips by engine $4 in precision $5 and layout $6.
peer() {
  record "peer/$1/$4 $5 ${6:-contiguous}/threads $2/batch $3" "$peer_python" Benchmarks/bench.py \
    --network "$1" --threads "$2" --batch "$3" --engine "$4" --precision "$5" \
    --layout "${6:-contiguous}" --depth "$depth" --width "$width" --frames "$frames" \
    --size "$size" --iterations "$(steps "$3")"
}

# PyTorch in fp32: network $1 with $2 threads, on as many clips as ours in both layouts, and at its
# best.
pytorch() {
  peer "$1" "$2" "$batch" pytorch fp32 contiguous
  peer "$1" "$2" "$batch" pytorch fp32 channels-last
  peer "$1" "$2" "$best_batch" pytorch fp32 channels-last
}

floor() {
  record "floor/threads $1" "$work/convolution_floor" --depth "$depth" --width "$width" \
    --frames "$frames" --size "$size" --batch "$batch" --threads "$1" --repetitions "$iterations"
}

# A training run of $1 ranks on clips from a file, as users have it: data, all-reduce, synchronised
# batch norm. Prints the rate of its median step, over all ranks.
train_with_ranks() {
  local launch=(mpirun -n "$1" --bind-to core)
  # Fewer cores than ranks, as under taskset: they take turns, and the one that waits gives way.
  if [ "$(nproc)" -lt "$1" ]; then
    launch=(mpirun -n "$1" --oversubscribe --bind-to none --mca mpi_yield_when_idle 1)
  fi
  local clips=$work/clips.h5
  rm -rf "$work/ranks"
  # One chain: bash does not stop at errors in what `if` asks, and `record` asks.
  "$peer_python" Benchmarks/clips.py random "$clips" --count $(($1 * batch * rank_steps)) \
    --frames "$frames" --size "$size" &&
    "${launch[@]}" "$vared" train --data "$clips" --output "$work/ranks" --network fixed \
    --model "r2plus1d-$depth" --width "$width" --frames "$frames" --frame-stride 1 --size "$size" \
    --batch "$batch" --threads 1 --data-threads 1 --augment none --epochs 1 --checkpoint-every 0 \
    >"$work/ranks.log" &&
    python3 Benchmarks/table.py --median-step "$work/ranks/metrics.jsonl"
}

measure_fixed() {
  local count
  floor "$few"
  for count in "$few" "$many"; do
    ours fixed gates "$count" "$batch"
    pytorch fixed "$count"
    peer fixed "$count" "$best_batch" pytorch bf16 channels-last
  done
}

measure_ranks() {
  record "ranks/$many" train_with_ranks "$many"
  pytorch fixed "$many"
}

# Inference by what people deploy with.
measure_engines() {
  local clips precision
  for clips in 1 "$batch"; do
    ours fixed gates "$few" "$clips"
    for precision in fp32 bf16; do
      peer fixed "$few" "$clips" compiled "$precision" channels-last
    done
    peer fixed "$few" "$clips" onnxruntime fp32
    for precision in fp32 bf16 int8; do
      peer fixed "$few" "$clips" openvino "$precision"
    done
  done
}

measure_dynamic() {
  pytorch dynamic "$few"
  ours dynamic gates "$few" "$batch"
  ours dynamic random "$few" "$batch"
  # The fixed network once more, next to what is held against it.
  ours fixed gates "$few" "$batch" "/beside dynamic"
  ours dynamic full "$few" "$batch"
}

# Trains gates on gratings: small ones, where a hundred steps take minutes, then for some steps at
# the size that is measured.
train_gates() {
  local small=$((size < 32 ? size : 32)) count=$((batch < 40 ? 160 : 4 * batch))
  local common=(--data "$work/gratings.h5" --model "r2plus1d-$depth" --width "$width"
    --frames "$frames" --frame-stride 1 --augment none --threads "$many" --data-threads 1
    --checkpoint-every 0 --evaluate-every 0 --target-ratio 0.5 --cost-power 1)
  rm -rf "$work/gates" "$work/gates-small"
  # One chain, as above.
  "$peer_python" Benchmarks/clips.py gratings "$work/gratings.h5" --count "$count" \
    --frames "$frames" --size "$size" &&
    "$vared" train "${common[@]}" --output "$work/gates-small" --size "$small" --batch 16 \
      --epochs 14 --learning-rate 0.02 --warmup-epochs 1 --cost-weight 8 &&
    "$vared" train "${common[@]}" --output "$work/gates" --initialize "$work/gates-small" \
      --size "$size" --batch "$batch" --epochs 1 --learning-rate 0.005 --warmup-epochs 0.1 \
      --warmup-share 0 --cost-ramp 0.1 --cost-weight 40
}

gates_are_trained=
measure_trained() {
  local clips
  if [ "$round" -eq 1 ]; then
    echo "compare: training gates"
    if train_gates >"$work/gates.log" 2>&1; then
      gates_are_trained=yes
    else
      failures=$((failures + 1))
      echo "compare: error: training gates failed; see $work/gates.log" >&2
    fi
  fi
  [ -n "$gates_are_trained" ] || return 0
  for clips in 1 "$batch"; do
    record_turns "ours/trained/*/threads $few/batch $clips" "$vared" bench --json \
      --checkpoint "$work/gates" --data "$work/gratings.h5" --batch "$clips" --threads "$few" \
      --iterations "$(steps "$clips")" --policy full --policy gates
  done
  # It computes everything, whatever the gates decide: the dynamic network is its peer.
  pytorch dynamic "$few"
}

measure_savings() {
  local clips
  for clips in 1 "$batch"; do
    record_turns "ours/turns/*/threads $few/batch $clips" "$vared" bench --json \
      --model "r2plus1d-$depth" --width "$width" --frames "$frames" --size "$size" \
      --batch "$clips" --threads "$few" --iterations "$(steps "$clips")" \
      --policy full --policy half-channels --policy half-frames --policy half
  done
}

# The first line of the results: what they were measured on and with.
describe() {
  local model versions
  model=$(lscpu | sed -n 's/^Model name: *//p' | head -n 1 | tr -cd '[:alnum:] ()@.-')
  versions="vared-train $("$vared" --version)"
  [ -n "${VARED_TRAIN:-}" ] || versions+=" ($(git describe --always --dirty))"
  printf '{"machine":"%s, %d cores","versions":"%s","depth":%d,"width":%s,"frames":%d,"size":%d,' \
    "$model" "$(nproc)" "$versions" "$depth" "$width" "$frames" "$size"
  printf '"batch":%d,"few":%d,"many":%d,"iterations":%d}\n' "$batch" "$few" "$many" "$iterations"
}

prepare_peers
prepare_ours
prepare_floor
results=$work/results-$(date +%Y%m%d-%H%M%S).jsonl
describe >"$results"
while [ "$round" -lt "$rounds" ]; do
  round=$((round + 1))
  for part in ${only//,/ }; do
    "measure_$part"
  done
done
echo
python3 Benchmarks/table.py "$results"
echo "compare: every result: $results"
[ "$failures" -eq 0 ] || fail "$failures runs failed; their rows are missing"
