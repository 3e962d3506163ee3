#!/usr/bin/env bash
# Looks at a report in a headless Chromium: trains a fixed and a dynamic network on a small
# synthetic set whose names are as hostile as names can be, makes the report of one run and of both,
# and opens them (scripts/check_report.py).
#
#   scripts/test_report.sh [FOLDER for screenshots]
#
# Status 0: passed; 77: cannot be run here, with the reason in a line that begins with SKIPPED;
# others: failed.
set -euo pipefail
screenshots=${1:+$(mkdir -p "$1" && cd "$1" && pwd)}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() {
  echo "SKIPPED scripts/test_report.sh: $*"
  exit 77
}

trainer=${VARED_TRAIN:-$PWD/.build/release/vared-train}
browser=$(command -v chromium chromium-browser google-chrome | head -n 1 || true)
[ -n "$browser" ] || skip "missing package: chromium"
command -v python3 >/dev/null || skip "missing package: python3"
[ -x "$trainer" ] || skip "no $trainer; build it with 'swift build -c release'"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$trainer" synthesize --output "$work/shapes" --train 4 --val 3 --size 48 >/dev/null
# Other names for two classes, and a file name with all that HTML reads as its own.
python3 - "$work/shapes" <<'PYTHON'
import csv, os, sys
folder = sys.argv[1]
with open(f"{folder}/labels.csv", newline="") as file:
    rows = list(csv.reader(file))
path, label = rows[0].index("path"), rows[0].index("label")
classes = sorted({row[label] for row in rows[1:]})
names = {classes[0]: "<script>alert(1)</script>", classes[1]: "\"'><img src=x onerror=alert(2)>"}
for number, row in enumerate(rows[1:]):
    row[label] = names.get(row[label], row[label])
    if number % 2:
        odd = f"{os.path.dirname(row[path])}/{number}\"\u0301 onmouseover=\"alert(3)\" '&<b>.mp4"
        os.rename(f"{folder}/{row[path]}", f"{folder}/{odd}")
        row[path] = odd
with open(f"{folder}/labels.csv", "w", newline="") as file:
    csv.writer(file).writerows(rows)
PYTHON

for network in fixed dynamic; do
  "$trainer" --data "$work/shapes/labels.csv" --output "$work/$network" --network "$network" \
    --width 0.125 --frames 8 --frame-stride 1 --size 32 --batch 8 --epochs 2 \
    --learning-rate 0.02 --threads 1 >"$work/$network.log"
done
"$trainer" report "$work/dynamic" --output "$work/one.html"
"$trainer" report "$work/fixed" "$work/dynamic" --output "$work/both.html"
for page in one both; do
  scripts/check_report.py "$browser" "$work/$page.html" ${screenshots:+"$screenshots/$page"}
done
echo "report: passed"
