#!/usr/bin/env bash
# Reads a run's event files with TensorBoard's own loader: trains a dynamic network on a small
# synthetic set with hostile class names, stops it, resumes it from an earlier checkpoint, and looks
# for every scalar of metrics.jsonl, each step once, for histograms, pictures and texts.
#
#   scripts/test_tensorboard.sh [--install]
#
# --install gets TensorBoard from PyPI where it is missing, into a folder that is removed again.
# Status 0: passed; 77: cannot be run here, with the reason in a line that begins with SKIPPED;
# others: failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() {
  echo "SKIPPED scripts/test_tensorboard.sh: $*"
  exit 77
}

trainer=${VARED_TRAIN:-$PWD/.build/release/vared-train}
command -v python3 >/dev/null || skip "missing package: python3"
[ -x "$trainer" ] || skip "no $trainer; build it with 'swift build -c release'"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python=python3
if ! "$python" -c "import tensorboard" 2>/dev/null; then
  [ "${1:-}" = --install ] || skip "missing Python package: tensorboard (--install gets it)"
  if ! { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q tensorboard; } \
    >"$work/pip.log" 2>&1; then
    skip "tensorboard cannot be installed: $(tail -n 1 "$work/pip.log")"
  fi
  python=$work/venv/bin/python
fi

"$trainer" synthesize --output "$work/shapes" --train 4 --val 3 --size 32 >/dev/null
sed -i 's/,\([a-z]*_[a-z-]*\),/,<script>\1<\/script>,/' "$work/shapes/labels.csv"

train() {
  local status=0
  "$trainer" --data "$work/shapes/labels.csv" --output "$work/run" --width 0.125 --frames 4 \
    --frame-stride 1 --size 16 --batch 8 --epochs 3 --learning-rate 0.02 --threads 1 \
    --checkpoint-every 2 --keep-checkpoints 0 "$@" >>"$work/log" 2>&1 || status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 75 ]; then
    cat "$work/log"
    exit 1
  fi
}
train --step-limit 9
rm "$work"/run/checkpoints/step-0000000[89].h5
train

"$python" scripts/check_tensorboard.py "$work/run"
echo "PASSED scripts/test_tensorboard.sh"
