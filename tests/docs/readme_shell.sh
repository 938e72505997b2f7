#!/usr/bin/env bash
# readme_shell.sh SOURCE_DIR SPURION WORK: runs the commands of README's ```sh blocks, as they are
# written, one after the other in an empty folder. Suites are found in SOURCE_DIR/tests/docs/suites
# first, where the long ones have short namesakes. What is not run is listed here with the reason.
set -euo pipefail
source_dir=$1
spurion=$2
work=$3
skipped=(
  "./benchmarks/quickstart.sh|it installs packages, builds and trains for minutes; it is the way a user builds"
  "./tests/run.sh|it is what runs this test"
  "cmake |the tests package.install and package.consumer build and install"
  "spurion score logits.npz|it needs logits of a model made elsewhere; cli/export_score_test.cpp makes them"
  "spurion score two_bit --model script:|it needs a TorchScript file; cli/script_model_test.cpp makes one"
  "spurion verify --size full|it runs the published suites, for days; the command before it is run with a namesake"
  "spurion --plugin|it needs the plug-in; package.consumer builds it from README's code and runs it"
  "spurion selftest --plugin|the same"
)
rm -rf "$work"
mkdir -p "$work/bin" "$work/run"
ln -s "$spurion" "$work/bin/spurion"
export PATH=$work/bin:$PATH SPURION_SUITES=$source_dir/tests/docs/suites SPURION_DATA=$work/no_data
cd "$work/run"

mapfile -t lines < <(awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$source_dir/README.md")
ran=0
declare -A used
command=""
for line in "${lines[@]}"; do
  command+=$line
  if [[ $command == *\\ ]]; then command=${command%\\}; continue; fi
  text=${command%% #*}
  text=${text%"${text##*[![:space:]]}"}
  command=""
  [[ -n ${text// /} ]] || continue
  for entry in "${skipped[@]}"; do
    if [[ $text == "${entry%%|*}"* ]]; then
      echo "not run: $text (${entry#*|})"
      used[${entry%%|*}]=1
      continue 2
    fi
  done
  echo "run: $text"
  if ! bash -euo pipefail -c "$text" >"$work/output" 2>&1 </dev/null; then
    cat "$work/output"
    echo "README.md: this command failed: $text"
    exit 1
  fi
  ran=$((ran + 1))
done
for entry in "${skipped[@]}"; do
  if [[ -z ${used[${entry%%|*}]:-} ]]; then
    echo "no command of README.md begins with '${entry%%|*}': take it out of the list in readme_shell.sh"
    exit 1
  fi
done
echo "$ran commands of README.md ran"
((ran >= 8))
