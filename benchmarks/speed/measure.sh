#!/usr/bin/env bash
# Runs every speed benchmark and rewrites the table "last measured" in README.md and roofline.svg.
#   benchmarks/speed/measure.sh [--quick] [BUILD]      BUILD: build folder (default: build)
# --quick leaves out the convolutions and the whole runs. Nothing is rewritten when a runner fails.
set -euo pipefail
quick=no
if [[ ${1:-} == --quick ]]; then quick=yes; shift; fi
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

arguments=()
# measure NAME SHOWN COMMAND...: runs it, keeps its JSON
measure() {
  local name=$1 shown=$2
  shift 2
  echo "$shown" >&2
  "$@" > "$work/$name.json"
  arguments+=("$shown" "$work/$name.json")
}
measure replica_step replica_step "$build/replica_step"
measure roofline "replica_step --roofline" "$build/replica_step" --roofline "$work/roofline.svg"
measure linear_step linear_step "$build/linear_step"
measure generation generation "$build/generation"
measure grid_steps grid_steps "$build/grid_steps"
measure control_steps control_steps "$build/control_steps"
measure start start.sh "$here/start.sh" "$build/spurion"
if [[ $quick == no ]]; then
  measure cnn_step cnn_step "$build/cnn_step"
  measure whole_run "whole_run.sh" "$here/whole_run.sh" "$build/spurion"
fi
{
  printf 'On %s; load after: %s%s.\n\n' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(cut -d' ' -f1 /proc/loadavg)" \
    "$([[ $quick == no ]] || echo '; quick: without convolutions and whole runs')"
  "$build/speed_table" "${arguments[@]}"
} > "$work/table.md"
awk -v table="$work/table.md" '
  /^<!-- last measured: begin -->$/ { print; while ((getline line < table) > 0) print line; inside = 1; begun = 1 }
  /^<!-- last measured: end -->$/ { inside = 0; ended = begun }
  !inside && !/^<!-- last measured: begin -->$/ { print }
  END { exit !ended }' "$here/README.md" > "$work/README.md" ||
  { echo "README.md has lost its markers 'last measured: begin' and 'end'" >&2; exit 1; }
cat "$work/README.md" > "$here/README.md"
cat "$work/roofline.svg" > "$here/roofline.svg"
