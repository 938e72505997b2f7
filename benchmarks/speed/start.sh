#!/usr/bin/env bash
# Processor time of commands that train nothing, from start to end, against `sqlite3 --version` beside
# them: each is run many times, in turn, so that a busy machine is as busy for both. `list` is there to
# compare: it loads LibTorch. JSON; exits with 1 where a command takes longer than its bar.
#   benchmarks/speed/start.sh path/to/spurion [RUNS]
set -euo pipefail
export LC_ALL=C
spurion=${1:?path to spurion}
runs=${2:-20}
bar=${BAR:-30}  # times sqlite3: .15 s where sqlite3 takes 5 ms
command -v sqlite3 > /dev/null || { echo "sqlite3 is not installed: apt-get install sqlite3" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A small store: 8 trials with a question.
cat > "$folder/small.toml" <<'TOML'
name = "small"
seeds = 4
[defaults]
environment = { name = "two_bit" }
model = { name = "linear" }
regime = { name = "offline" }
training = { steps = 20, rows = 200, batch = 50 }
evaluation = { rows = 200 }
[[experiment]]
name = "small"
[experiment.grid]
method = [{ name = "erm" }, { name = "irm_v1" }]
[[question]]
text = "Which method does better?"
kind = "compare_methods"
experiment = "small"
TOML
"$spurion" run "$folder/small.toml" --out "$folder/store" --quiet

names=("sqlite3 --version" "spurion --version" "spurion --help" "spurion data status" "spurion report --text" "spurion report" "spurion list suites")
command_of() {
  case $1 in
    "sqlite3 --version") sqlite3 --version ;;
    "spurion report --text") "$spurion" report "$folder/store" --text ;;
    "spurion report") "$spurion" report "$folder/store" --to "$folder/report" ;;
    *) "$spurion" ${1#spurion } ;;
  esac > /dev/null
}

TIMEFORMAT='%U %S'
for name in "${names[@]}"; do command_of "$name"; done  # files in memory, once
for ((i = 0; i < runs; ++i)); do
  for name in "${names[@]}"; do
    taken=$({ time command_of "$name"; } 2>&1)
    echo "$name|$taken"
  done
done > "$folder/times"

awk -F'[| ]' -v runs="$runs" -v bar="$bar" -v order="$(IFS=';'; echo "${names[*]}")" '
  { split($0, parts, "|"); split(parts[2], seconds, " "); total[parts[1]] += seconds[1] + seconds[2] }
  END {
    count = split(order, list, ";")
    base = total["sqlite3 --version"]
    printf "{\n  \"sqlite3_seconds\": %.4f, \"runs\": %d,\n  \"rows\": [\n", base / runs, runs
    for (i = 2; i <= count; ++i) {
      ratio = total[list[i]] / base
      barred = list[i] != "spurion list suites"
      if (barred && ratio > bar) late = 1
      printf "    {\"command\": \"%s\", \"seconds\": %.4f, \"times_sqlite3\": %.1f%s}%s\n", list[i],
             total[list[i]] / runs, ratio, barred ? sprintf(", \"bar_times_sqlite3\": %d", bar) : "", i < count ? "," : ""
    }
    printf "  ]\n}\n"
    exit late
  }' "$folder/times"
