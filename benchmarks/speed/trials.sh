#!/usr/bin/env bash
# What a trial costs before it trains: time and memory of a dry run of 10,000 and 100,000 trials (others with
# TRIALS="1000 1000000"), beyond those of a dry run of one. Three shapes: many seeds of few settings, a grid of many
# settings, and a random search, where every trial has options of its own (fewer with SHAPES="grid"). JSON. With PLAN=1 `spurion plan` is measured in place of the dry run. With RESUME=1 the
# trials are trained first (minutes), and the run that finds all of them in its store is measured in place of
# the dry run.
#   benchmarks/speed/trials.sh path/to/spurion
set -euo pipefail
spurion=${1:?path to spurion}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# suite SHAPE TRIALS FILE
suite() {
  local seeds=1 grid="" search=""
  case $1 in
    seeds) seeds=$(($2 / 2)); grid='"training.steps" = [1, 2]' ;;
    grid)  # TRIALS / 2 values of an option in which replicas differ, two seeds
      seeds=2; grid="\"optimizer.learning_rate\" = [$(seq -s, -f '%.8f' 0.0001 0.0001 "$(awk "BEGIN { print $2 / 2 * 0.0001 }")")]" ;;
    search)
      search=$(printf '[experiment.search]\nconfigurations = %s\nfields = ["optimizer.learning_rate", "method.l2"]' "$2") ;;
  esac
  [ "$2" -gt 1 ] || { seeds=1; grid=""; search=""; }
  cat > "$3" <<TOML
name = "trials"
seeds = $seeds
[[experiment]]
name = "trials"
environment = { name = "two_bit" }
model = { name = "linear" }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 1, rows = 8, batch = 4 }
evaluation = { rows = 8, training_rows = 0 }
[experiment.grid]
$grid
$search
TOML
}

# planned FILE: prints "seconds megabytes" of its dry run, or of its run that finds all trials: processor time, so that
# other processes hardly count, and the most memory, as the kernel tells at the end (Debian's package time). A look
# at a running process misses what it takes at its end: 10 MB of LibTorch's pages.
planned() {
  local how=(run "$1" --dry-run)
  if [ "${PLAN:-0}" = 1 ]; then how=(plan "$1"); fi
  if [ "${RESUME:-0}" = 1 ]; then
    how=(run "$1")
    rm -rf "$folder/out"
    "$spurion" run "$1" --quiet --out "$folder/out" > /dev/null
  fi
  command time -o "$folder/took" -f "%U %S %M" "$spurion" "${how[@]}" --out "$folder/out" > "$folder/said"
  awk '{ print $1 + $2, $3 * 1024 / 1e6 }' "$folder/took"
}

suite seeds 1 "$folder/one.toml"
read -r base_seconds base_megabytes <<< "$(planned "$folder/one.toml")"
printf '{\n  "one_trial_seconds": %s, "one_trial_megabytes": %s,\n  "rows": [\n' "$base_seconds" "$base_megabytes"
separator=""
for shape in ${SHAPES:-seeds grid search}; do
  fewest=""
  for trials in ${TRIALS:-10000 100000}; do
    suite "$shape" "$trials" "$folder/suite.toml"
    read -r seconds megabytes <<< "$(planned "$folder/suite.toml")"
    each=$(awk "BEGIN { printf \"%.1f\", ($seconds - $base_seconds) / $trials * 1e6 }")
    fewest=${fewest:-$each}
    printf '%s    {"shape": "%s", "trials": %s, "seconds": %s, "megabytes": %s, "microseconds_a_trial": %s, ' \
      "$separator" "$shape" "$trials" "$seconds" "$megabytes" "$each"
    awk "BEGIN { printf \"\\\"times_that_of_the_fewest\\\": %.2f, \\\"kilobytes_a_trial\\\": %.2f, \\\"bar_kilobytes_a_trial\\\": 2}\",
         ($fewest > 0 ? $each / $fewest : 0), ($megabytes - $base_megabytes) / $trials * 1e3 }"
    separator=$',\n'
  done
done
printf '\n  ]\n}\n'
