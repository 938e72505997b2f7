#!/usr/bin/env bash
# Writes the tables and figures of methods_overview.md anew from a finished run:
#   spurion run methods_overview && benchmarks/findings/methods_overview.sh results/methods_overview PATH/TO/spurion
# It writes the page and its .svg files in this folder. The folder of the run stays as it is.
source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
page=$here/methods_overview.md
"$spurion" report "$results" --to "$work" >/dev/null
csv=$work/csv

chosen=overview_selected_by_training_domain
for figure in leaderboard_map_$chosen leaderboard_dots_$chosen; do
  cp "$csv/$figure.svg" "$here/methods_overview_${figure%%_overview*}.svg"
done
standing="method;rank;normalised OOD;normalised difference;result;p;control difference;share of oracle;wins;control not beaten;ties;losses;ID lost;GFLOP;may see"
{
  sed '/<!-- tables: begin -->/q' "$page"
  echo
  echo "### Chosen on held-out rows of the training domains"
  echo
  columns "$csv/leaderboard_${chosen}.md" "$standing"
  echo
  echo "### Chosen on the worst group of these rows"
  echo
  columns "$csv/leaderboard_overview_selected_by_training_worst_group.md" "$standing"
  echo
  echo "### Chosen on test rows: a leak, an upper bound"
  echo
  columns "$csv/leaderboard_overview_selected_by_oracle.md" "method;rank;normalised OOD;normalised difference;result;p"
  echo
  echo "### Nothing chosen: the mean over all samples"
  echo
  columns "$csv/leaderboard_overview.md" "method;rank;normalised OOD;normalised difference;result;p"
  echo
  echo "### Can an environment rank methods? Slope of probit(OOD) on probit(ID) over all models"
  echo
  columns "$csv/leaderboard_scales_overview.md" "environment;cue only;invariant;trials;slope;R;certificate"
  echo
  echo "### Kendall's tau of the orders of two environments"
  echo
  columns "$csv/leaderboard_agreement_$chosen.md" "environment;other environment;tau;methods"
  echo
  sed -n '/<!-- tables: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
