#!/usr/bin/env bash
# A whole `spurion run` against its training steps: the share of worker time inside training steps, two
# workers against one (wall-clock: only on an idle machine), peak memory against the budget. JSON.
#   benchmarks/speed/whole_run.sh path/to/spurion [MEMORY]
set -euo pipefail
spurion=${1:?path to spurion}
memory=${2:-2G}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# first_look on drawn images: the same shapes, no download.
suites=$(dirname "$0")/../suites
sed 's/source = "fashion_mnist"/source = "glyphs"/' "$suites/first_look.toml" > "$folder/images.toml"
# One of the fifty data seeds of the published sweep: 600 trainings.
sed 's/^seeds = 50$/seeds = 1/' "$suites/linear_unit_tests_sweep.toml" > "$folder/sweep.toml"
cat > "$folder/tiny.toml" <<'TOML'
name = "tiny"
seeds = 64
[defaults]
model = { name = "mlp", depth = 2, width = 16 }
method = { name = "erm" }
regime = { name = "offline" }
training = { steps = 2000, rows = 5000, batch = 64 }
evaluation = { rows = 2000, training_rows = 1000 }
[[experiment]]
name = "tiny"
[experiment.grid]
environment = [{ name = "two_bit" }, { name = "linear_unit_tests", example = "2" }]
TOML

# run NAME JOBS: prints "wall-seconds peak-kilobytes training data evaluation rest" (percent)
run() {
  local out=$folder/$1.$2 start end
  start=$(date +%s.%N)
  "$spurion" run "$folder/$1.toml" --out "$out" --jobs "$2" --memory "$memory" > "$out.txt" 2> /dev/null
  end=$(date +%s.%N)
  local shares peak
  shares=$(sed -n 's/^processor time: training \([0-9]*\) %, data \([0-9]*\) %, evaluation \([0-9]*\) %, rest \([0-9]*\) %$/\1 \2 \3 \4/p' "$out.txt")
  peak=$(sed -n 's/^peak memory: \([0-9]*\) MB of .*/\1/p' "$out.txt")
  echo "$(awk "BEGIN { print $end - $start }") $peak $shares"
}

load=$(cut -d' ' -f1 /proc/loadavg)
echo "{"
echo "  \"load_before\": $load, \"memory\": \"$memory\","
echo "  \"rows\": ["
separator=""
for name in tiny images sweep; do
  read -r one _ _ <<< "$(run "$name" 1)"
  read -r two peak training data evaluation rest <<< "$(run "$name" 2)"
  printf '%s    {"suite": "%s", "training_percent": %s, "bar_training_percent": 85, "data_percent": %s, ' \
    "$separator" "$name" "$training" "$data"
  printf '"evaluation_percent": %s, "rest_percent": %s, "peak_megabytes": %s, ' "$evaluation" "$rest" "$peak"
  printf '"times_one_worker": %s, "bar_times_one_worker": 1.9}' "$(awk "BEGIN { printf \"%.2f\", $one / $two }")"
  separator=$',\n'
done
printf '\n  ]\n}\n'
