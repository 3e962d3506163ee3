#!/usr/bin/env bash
# Makes a small stand-in of a data set in the layout that people have it in, so that the first thing
# that fails on a cluster is not a path.
set -euo pipefail

output=""
set=mini-kinetics-200
classes=""

usage() {
  cat <<'TEXT'
usage: scripts/stand_in.sh --output DIR [--set NAME] [--classes N]

Writes synthesized videos and lists as a data set has them, some listed videos missing. It needs a
built vared-train.

  mini-kinetics-200   DIR/lists with the bare id lists train_ytid_list.txt and val_ytid_list.txt
                      beside Kinetics' tables, DIR/videos with a folder for each class below train
                      and val
  kinetics-400        DIR/lists with train.csv, validate.csv and test.csv, DIR/videos likewise
  moments-in-time     trainingSet.csv, validationSet.csv and moments_categories.txt in DIR, a folder
                      for each class below DIR/training and DIR/validation

  --output DIR   where it goes; must not be there yet
  --set NAME     one of these (default: mini-kinetics-200)
  --classes N    classes, 2 train and 1 val video each (default: the set's 200, 400 or 339)
TEXT
}

fail() {
  echo "stand-in: error: $*" >&2
  exit 2
}

while [ $# -gt 0 ]; do
  case "$1" in
    --output | --classes | --set)
      [ $# -ge 2 ] || fail "$1 needs a value; see scripts/stand_in.sh --help"
      case "$1" in
        --output) output=$(realpath -m "$2") ;;
        --classes) classes=$2 ;;
        --set) set=$2 ;;
      esac
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
case "$set" in
  mini-kinetics-200) classes=${classes:-200} ;;
  kinetics-400) classes=${classes:-400} ;;
  moments-in-time) classes=${classes:-339} ;;
  *) fail "--set: expected mini-kinetics-200, kinetics-400 or moments-in-time, found '$set'" ;;
esac
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

# Puts the video numbered $number there as $2, unless it is one of every 29th, listed and missing.
number=0
copy() {
  [ $((number % 29)) -ne 0 ] || return 0
  mkdir -p "$(dirname "$2")"
  cp "$made/set/$1" "$2"
}

# Kinetics: a line of a table, and a file under an id of eleven characters and the clip's times.
kinetics() {
  local table=$1 word=$2 folder=$3 label=$4 source=$5 start
  id=$(printf -- '-x_%08d' "$number")
  start=$((number % 50))
  echo "$label,$id,$start,$((start + 10)),$word,0" >>"$output/lists/$table"
  copy "$source" \
    "$output/videos/$folder/$label/${id}_$(printf '%06d_%06d' "$start" $((start + 10))).mp4"
}

put_mini-kinetics-200() {
  kinetics "kinetics_$1.csv" "$1" "$1" "stand-in class $2" "$3"
  echo "$id" >>"$output/lists/$1_ytid_list.txt"
}

put_kinetics-400() {
  if [ "$1" = train ]; then
    kinetics train.csv train train "stand-in class $2" "$3"
  else
    kinetics validate.csv validate val "stand-in class $2" "$3"
    echo "stand-in class $2,tst_$(printf '%07d' "$number"),0,10,test,0" >>"$output/lists/test.csv"
  fi
}

put_moments-in-time() {
  local part=training name="stand+in+class+$2"
  [ "$1" = train ] || part=validation
  local file
  file="$name/yt-$(printf '%011d' "$number")_$((number % 50)).mp4"
  echo "$file,$name,3,0" >>"$output/${part}Set.csv"
  copy "$3" "$output/$part/$file"
}

case "$set" in
  mini-kinetics-200 | kinetics-400)
    mkdir -p "$output/lists" "$output/videos"
    tables="train validate test"
    [ "$set" = kinetics-400 ] || tables="kinetics_train kinetics_val"
    for table in $tables; do
      echo "label,youtube_id,time_start,time_end,split,is_cc" >"$output/lists/$table.csv"
    done
    ;;
  moments-in-time)
    mkdir -p "$output"
    for ((class = 0; class < classes; class++)); do
      printf 'stand+in+class+%04d,%d\n' "$class" "$class"
    done >"$output/moments_categories.txt"
    ;;
esac

for ((class = 0; class < classes; class++)); do
  name=$(printf '%04d' "$class")
  kind=$((class % ${#val[@]}))
  for source in "${train[$((2 * kind))]}" "${train[$((2 * kind + 1))]}"; do
    number=$((number + 1))
    "put_$set" train "$name" "$source"
  done
  number=$((number + 1))
  "put_$set" val "$name" "${val[$kind]}"
done
echo "stand-in: $number listed videos of $classes classes in $output"
