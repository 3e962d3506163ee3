#!/usr/bin/env bash
# Makes a small stand-in of Mini-Kinetics-200 in the layout that people have it in, so that the
# first thing that fails on a cluster is not a path.
set -euo pipefail

output=""
classes=200

usage() {
  cat <<'TEXT'
usage: scripts/stand_in.sh --output DIR [--classes N]

Writes synthesized videos and lists as Mini-Kinetics-200 has them: DIR/lists with the bare id lists
train_ytid_list.txt and val_ytid_list.txt beside Kinetics' tables, DIR/videos with a folder for each
class below train and val, some listed videos missing. It needs a built vared-train.

  --output DIR   where it goes; must not be there yet
  --classes N    classes, 2 train and 1 val video each (default: 200)
TEXT
}

fail() {
  echo "stand-in: error: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
    --output | --classes)
      [ $# -ge 2 ] || fail "$1 needs a value; see scripts/stand_in.sh --help"
      if [ "$1" = --output ]; then output=$(realpath -m "$2"); else classes=$2; fi
      shift 2
      ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown option '$1'; see scripts/stand_in.sh --help" ;;
  esac
done
[ -n "$output" ] || fail "--output is missing; see scripts/stand_in.sh --help"
[[ "$classes" =~ ^[1-9][0-9]{0,3}$ ]] || fail "--classes: expected 1 to 9999, found '$classes'"
[ ! -e "$output" ] || fail "$output is there already; give another --output"

cd "$(dirname "${BASH_SOURCE[0]}")/.."
trainer=${VARED_TRAIN:-.build/release/vared-train}
[ -x "$trainer" ] || fail "no executable at $trainer; build it with 'swift build -c release'"

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$trainer" synthesize --output "$made/set" --train 2 --val 1 --size 128 >"$made/log" 2>&1 ||
  fail "no videos were synthesized: $(tail -n 1 "$made/log")"

# The synthesized videos, in the order of their classes.
sources() {
  grep ",$1\$" "$made/set/labels.csv" | cut -d, -f1
}
mapfile -t train < <(sources train)
mapfile -t val < <(sources val)

mkdir -p "$output/lists" "$output/videos"
for split in train val; do
  echo "label,youtube_id,time_start,time_end,split,is_cc" >"$output/lists/kinetics_$split.csv"
  : >"$output/lists/${split}_ytid_list.txt"
done

# Puts a video there under an id of eleven characters; every 29th is listed and missing.
number=0
put() {
  local split=$1 label=$2 source=$3 id start
  number=$((number + 1))
  start=$((number % 50))
  id=$(printf -- '-x_%08d' "$number")
  echo "$id" >>"$output/lists/${split}_ytid_list.txt"
  echo "$label,$id,$start,$((start + 10)),$split,0" >>"$output/lists/kinetics_$split.csv"
  [ $((number % 29)) -ne 0 ] || return 0
  mkdir -p "$output/videos/$split/$label"
  cp "$made/set/$source" \
    "$output/videos/$split/$label/${id}_$(printf '%06d_%06d' "$start" $((start + 10))).mp4"
}

for ((class = 0; class < classes; class++)); do
  label=$(printf 'stand-in class %04d' "$class")
  kind=$((class % ${#val[@]}))
  put train "$label" "${train[$((2 * kind))]}"
  put train "$label" "${train[$((2 * kind + 1))]}"
  put val "$label" "${val[$kind]}"
done
echo "stand-in: $number listed videos of $classes classes in $output"
