#!/usr/bin/env bash
# Counts the instructions of one small fixed run with one worker and compares them with the kept figure
# in instructions.json; exits with 1 when they differ by more than 2 %, either way.
#   benchmarks/speed/instructions.sh path/to/spurion [--keep]      --keep: write the new figure
# Counts depend on the compiler, the libraries and the instruction set. Callgrind emulates no AVX-512,
# so both tools are held to AVX2 where a library lets itself be told; a kept figure is compared only
# with one counted by the same tool.
set -euo pipefail
spurion=${1:?path to spurion}
here=$(cd "$(dirname "$0")" && pwd)
kept=$here/instructions.json
tolerance=0.02
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 OPENBLAS_CORETYPE=Haswell OPENBLAS_NUM_THREADS=1 \
  OMP_NUM_THREADS=1 LC_ALL=C
run=("$spurion" run "$here/instructions.toml" --out "$work/out" --jobs 1 --memory 2G --quiet)
if perf stat -x, -e instructions:u -o "$work/probe" true 2> /dev/null && grep -q '^[0-9]' "$work/probe"; then
  tool=perf
  perf stat -x, -e instructions:u -o "$work/count" "${run[@]}"
  count=$(sed -n 's/^\([0-9][0-9]*\),.*/\1/p' "$work/count")
else
  tool=callgrind
  valgrind --tool=callgrind --callgrind-out-file="$work/profile" "${run[@]}" 2> "$work/log" ||
    { cat "$work/log" >&2; exit 2; }
  count=$(sed -n 's/^.*Collected : \([0-9]*\).*/\1/p' "$work/log")
fi
[[ -n $count ]] || { echo "no count was found" >&2; exit 2; }
if [[ ${2:-} == --keep ]]; then
  printf '{"instructions": %s, "tool": "%s", "isa": "avx2"}\n' "$count" "$tool" > "$kept"
fi
kept_tool=$(sed -n 's/.*"tool": "\([a-z]*\)".*/\1/p' "$kept")
kept_count=$(sed -n 's/.*"instructions": \([0-9]*\).*/\1/p' "$kept")
if [[ $kept_tool != "$tool" ]]; then
  echo "counted $count with $tool; the kept figure is by $kept_tool: not compared" >&2
  exit 2
fi
awk -v now="$count" -v kept="$kept_count" -v tolerance="$tolerance" -v tool="$tool" 'BEGIN {
  ratio = now / kept
  printf "{\"instructions\": %.0f, \"kept\": %.0f, \"ratio\": %.5f, \"tool\": \"%s\", \"tolerance\": %s}\n", now, kept, ratio, tool, tolerance
  exit (ratio > 1 + tolerance || ratio < 1 - tolerance)
}'
