#!/usr/bin/env bash
# Writes the answers, tables and figures of acting.md anew from a finished run:
#   spurion run acting && benchmarks/findings/acting.sh results/acting PATH/TO/spurion
# Every sentence between the marks is made of the tables of the report, so that none can differ from them. An
# experiment that was not run is left out, and said to be.
source "$(dirname -- "${BASH_SOURCE[0]}")/shared.sh"
page=${3:-$here/acting.md}
"$spurion" report "$results" --full --to "$work" >/dev/null
csv=$work/csv

# The lines of experiment $1, those of its two tables joined, with tabs between:
#  1 by        2 policy   3 return   4 low       5 high     6 best return  7 return of the cue  8 random return
#  9 seeds nearer to the cue (share)  10 verdict  11 change  12 low        13 high      14 p    15 against the baseline
# 16 seeds    17 accuracy "m [l, h]" 18 flips    19 KL to conditional      20 KL to interventional
# 21 labels   22 queries  23 steps   24 GFLOP    25 goal   26 proxy       27 accuracy (mean)
joined() {
  awk "$csv_reader"'
    FNR == 1 { ++file; delete at; n = split_record($0); for (i = 1; i <= n; ++i) at[cells[i]] = i; by = cells[1] ~ /^by_/ ? 1 : 0; next }
    function cell(name) {
      if (!(name in at)) { print "no column " name " in " FILENAME > "/dev/stderr"; exit 1 }
      return cells[at[name]]
    }
    function estimate(name, digits,   low) {
      if (cell(name) == "") return "-"
      low = cell(name "_low")
      if (low == "") return sprintf("%." digits "f", cell(name))
      return sprintf("%." digits "f [%." digits "f, %." digits "f]", cell(name), low, cell(name "_high"))
    }
    {
      split_record($0)
      key = (by ? cells[1] : "") "\t" cell("policy")
      if (file == 1) {
        own[key] = estimate("expert_accuracy", 3) "\t" estimate("action_flip_rate", 3) "\t" estimate("kl_to_conditional", 4) "\t" estimate("kl_to_interventional", 4) "\t" cell("labels") "\t" cell("expert_queries") "\t" cell("environment_steps") "\t" cell("gflop")
        mean[key] = cell("expert_accuracy")
        next
      }
      print key "\t" cell("return") "\t" cell("return_low") "\t" cell("return_high") "\t" cell("best_return") "\t" cell("return_of_the_cue") "\t" cell("random_return") "\t" cell("confused_seeds") "\t" cell("policy_verdict") "\t" cell("change_in_return") "\t" cell("change_in_return_low") "\t" cell("change_in_return_high") "\t" cell("p") "\t" cell("against_the_baseline") "\t" cell("seeds") "\t" own[key] "\t" estimate("goal_reached", 3) "\t" estimate("proxy_reached", 3) "\t" mean[key]
    }' "$csv/acting_habits_$1.csv" "$csv/acting_$1.csv"
}
has() { [ -s "$work/$1.tsv" ]; }
for table in "$csv"/acting_habits_*.csv; do
  experiment=$(basename "$table" .csv)
  experiment=${experiment#acting_habits_}
  joined "$experiment" >"$work/$experiment.tsv"
done

# Shared by the programs below.
# shellcheck disable=SC2016 # awk's own fields
program='
  BEGIN { FS = "\t" }
  function size(x) { return x < 0 ? -x : x }
  function digits(best) { return size(best) >= 10 ? 1 : 3 }
  function one(value) { return value == "" ? "not known" : sprintf("%." digits($6) "f", value) }
  function interval(value, low, high) {
    if (value == "") return "-"
    if (low == "") return one(value) " (one seed)"
    return sprintf("%." digits($6) "f [%." digits($6) "f, %." digits($6) "f]", value, low, high)
  }
  function reached() { return interval($3, $4, $5) }
  function change() { return interval($11, $12, $13) }
  # It is no finding.
  function lost() { return $10 == "did not learn its task" }
  function count_of_seeds() { return $9 == "" ? "no index" : sprintf("%d of %d", $9 * $16 + 0.5, $16) }
  function chance(p) { return p == "" ? "-" : p < 0.001 ? "< 0.001" : sprintf("%.3f", p) }
  function p_text(p) { return p == "" ? "no p" : p < 0.001 ? "p < 0.001" : sprintf("p = %.3f", p) }
  function rounded(x) { return x >= 1000 ? sprintf("%d", x) : sprintf("%.4g", x) }
  # The value of an option in the name of a policy, or "".
  function option(name, text,   at) {
    at = index(text, name " = ")
    if (at == 0) return ""
    text = substr(text, at + length(name) + 3)
    if (text ~ /^\[/) { sub(/\].*/, "]", text); return text }
    sub(/[,)].*/, "", text)
    return text
  }'

# The table of experiment $1: $2 is what its first column says, empty if it has none; $3: goal, belief or cost columns.
table() {
  has "$1" || return 0
  awk -v by="$2" -v kinds="$3" "$program"'
    BEGIN {
      line = (by == "" ? "|" : "| " by " |") " policy | return | best | of the cue only | seeds nearer to the cue | verdict | change from the baseline | p | accuracy on the expert | action flips |"
      rule = (by == "" ? "|" : "|---|") "---|---:|---:|---:|---:|---|---:|---:|---:|---:|"
      if (kinds ~ /goal/) { line = line " goal reached | proxy reached |"; rule = rule "---:|---:|" }
      if (kinds ~ /belief/) { line = line " KL to conditional | KL to interventional |"; rule = rule "---:|---:|" }
      if (kinds ~ /cost/) { line = line " labels | asked | steps | GFLOP |"; rule = rule "---:|---:|---:|---:|" }
      print line; print rule
    }
    {
      line = (by == "" ? "|" : "| " $1 " |") " `" $2 "` | " reached() " | " one($6) " | " one($7) " | " count_of_seeds() " | " $10 " | " ($15 == "baseline" ? "baseline" : change()) " | " chance($14) " | " $17 " | " $18 " |"
      if (kinds ~ /goal/) line = line " " $25 " | " $26 " |"
      if (kinds ~ /belief/) line = line " " $19 " | " $20 " |"
      if (kinds ~ /cost/) line = line " " rounded($21) " | " rounded($22) " | " rounded($23) " | " rounded($24) " |"
      print line
    }
    END { print "" }' "$work/$1.tsv"
}

# Clones with and without the previous action, at each value of an axis: a sentence for each, and what they come to.
clones() { # EXPERIMENT AXIS SAME ("rows")
  awk -v axis="$2" -v many="$3" "$program"'
    !($1 in known) { known[$1] = ++values; value[values] = $1 }
    $2 ~ /observe = confounded/ { with[$1] = $0 }
    $2 ~ /observe = state_only/ { without[$1] = $0 }
    END {
      for (v = 1; v <= values; ++v) {
        if (with[value[v]] == "" || without[value[v]] == "") continue
        ++judged
        $0 = with[value[v]]
        text = "- " axis " " value[v] ": with the previous action in view accuracy " $17 ", return " reached() " (" count_of_seeds() " seeds nearer to the policy that repeats its action)"
        closed = $10 == "as good as the best"
        if (judged == 1) { first = value[v] " (" reached() ")"; first_low = $4; first_high = $5 }
        last = value[v] " (" reached() ")"; last_low = $4; last_high = $5
        seen = $27
        $0 = without[value[v]]
        text = text "; without it accuracy " $17 ", return " reached() ". Without it the return is "
        if ($15 == "better than the baseline") { text = text "higher, by " change(); ++better; worst = worst (worst == "" ? "" : ", ") value[v] }
        else if ($15 == "worse than the baseline") { text = text "lower, by " change(); ++worse }
        else { text = text "not shown to differ: " change(); ++open; unsure = unsure (unsure == "" ? "" : ", ") value[v] }
        if (seen >= $27 - 0.01) ++warns_not
        if (closed) { ++mended; where = where (where == "" ? "" : ", ") value[v] }
        print text " (" p_text($14) ")."
      }
      if (judged == 0) exit
      printf "\nAt %d of %d values the clone that sees its previous action predicts the expert at least as well as the other (within .01). ", warns_not, judged
      if (better > 0) printf "It acts worse at: %s. ", worst
      if (open > 0) printf "No difference is shown at: %s. ", unsure
      if (worse > 0) printf "It acts better at %d. ", worse
      if (mended > 0) printf "It is shown to be as good as the expert at: %s.", where
      else printf "At no value is it shown to be as good as the expert."
      if (judged > 1) {
        printf " With the previous action in view the return goes from that at %s to that at %s: ", first, last
        if (last_low > first_high) printf "it rises, for the intervals are apart."
        else if (last_high < first_low) printf "it falls, for the intervals are apart."
        else printf "the intervals overlap."
        if (mended > 0) printf " So %s mend it where the list says so.", many
        else if (last_low > first_high) printf " So %s lessen it, and are not shown to mend it.", many
        else printf " So %s are not shown to mend it.", many
      }
      print "\n"
    }' "$work/$1.tsv"
}

# What mends the clone, world by world: $1 the experiment.
mended() {
  awk "$program"'
    !($1 in known) { known[$1] = ++worlds; world[worlds] = $1 }
    {
      if ($15 == "baseline") { base[$1] = "it returns " reached() ", the expert " one($6); next }
      name = "`" $2 "`"
      cost = rounded($21) " labels, " rounded($22) " questions to the expert, " rounded($23) " environment steps, " rounded($24) " GFLOP"
      if ($10 == "as good as the best") done[$1] = done[$1] "; " name " (" reached() "; " cost ")"
      else if ($15 == "better than the baseline") helped[$1] = helped[$1] "; " name " (" reached() "; " cost ")"
      else failed[$1] = failed[$1] "; " name " (" reached() "; " $15 ")"
    }
    END {
      for (w = 1; w <= worlds; ++w) {
        text = "- `" world[w] "`, the baseline: " base[world[w]] "."
        if (done[world[w]] != "") text = text " As good as the expert: " substr(done[world[w]], 3) "."
        if (helped[world[w]] != "") text = text " Better, not shown to be as good as the expert: " substr(helped[world[w]], 3) "."
        if (failed[world[w]] != "") text = text " Not shown to help: " substr(failed[world[w]], 3) "."
        print text
      }
      print ""
    }' "$work/$1.tsv"
}

# The return of mazes against the region of the cheese, for each kind of line.
mazes() {
  awk "$program"'
    {
      k = option("region", $2); kind = $2; sub(/, cheese_maze.*/, "", kind)
      if (!(kind in known)) { known[kind] = ++kinds; name[kinds] = kind }
      n = ++count[kind]
      list[kind] = list[kind] (n > 1 ? ", " : "") reached() " (k = " k ")"
      if (n > 1) { ++steps[kind]; if ($3 > last[kind]) ++ups[kind] }
      if (n == 1) { first_high[kind] = $5; first_k[kind] = k }
      last[kind] = $3; last_low[kind] = $4; last_k[kind] = k
      if ($3 < $7) below[kind] = below[kind] (below[kind] == "" ? "" : ", ") k
      if ($3 > $6) above[kind] = above[kind] (above[kind] == "" ? "" : ", ") k
      best = one($6); corner = one($7); random = one($8)
    }
    END {
      for (i = 1; i <= kinds; ++i) {
        kind = name[i]
        printf "- `%s`: %s. ", kind, list[kind]
        if (steps[kind] > 0) {
          if (ups[kind] == steps[kind]) printf "The mean rises at every step of k. "
          else printf "The mean rises at %d of %d steps of k. ", ups[kind], steps[kind]
          if (last_low[kind] > first_high[kind]) printf "At k = %s it is higher than at k = %s: the intervals are apart. ", last_k[kind], first_k[kind]
          else printf "The intervals at k = %s and k = %s overlap. ", first_k[kind], last_k[kind]
        }
        if (below[kind] == "" && above[kind] == "") printf "All means lie between the policy that goes to the corner (%s) and the optimum (%s), both exact.\n", corner, best
        else {
          if (below[kind] != "") printf "Below the policy that goes to the corner (%s, exact) at k = %s. ", corner, below[kind]
          if (above[kind] != "") printf "Above the optimum at k = %s. ", above[kind]
          printf "The optimum is %s (exact).\n", best
        }
      }
    }' "$work/$1.tsv"
}

# Doors: success on both sides of the boundary q / (p + q), which is worked out here for 5 doors.
doors() {
  awk "$program"'
    {
      seen = option("eps_obs", $2); expert = option("eps_exp", $2); mode = option("mode", $2)
      key = expert SUBSEP seen
      if (!(key in known)) { known[key] = ++cells; cell[cells] = key }
      of[key, mode] = reached() " | " $19 " | " $20 " | " $10
      naive[key] = sprintf("%.3f", $7); right[key] = sprintf("%.3f", 1 - expert)
      q = expert / 4; boundary[key] = q / (1 - expert + q)
    }
    END {
      print "| eps_exp | eps_obs | boundary | side | expert | naive (reference) | taught | success | KL to conditional | KL to interventional | verdict |"
      print "|---:|---:|---:|---|---:|---:|---|---:|---:|---:|---|"
      for (i = 1; i <= cells; ++i) {
        split(cell[i], part, SUBSEP)
        for (m = 1; m <= 2; ++m) {
          mode = m == 1 ? "factual" : "counterfactual"
          if ((cell[i], mode) in of) printf "| %s | %s | %.4f | %s | %s | %s | %s | %s |\n", part[1], part[2], boundary[cell[i]], (part[2] + 0 > boundary[cell[i]] ? "above: a wrong belief stays" : "below: it dies out"), right[cell[i]], naive[cell[i]], mode, of[cell[i], mode]
        }
      }
      print ""
    }' "$work/doors.tsv"
}

# The reference policy that takes its own actions as evidence, around the boundary, in long episodes: 5 doors.
boundary() {
  echo "| eps_exp | boundary | eps_obs: half the boundary | .8 of it | 1.25 of it | twice | expert |"
  echo "|---:|---:|---:|---:|---:|---:|---:|"
  for expert in 0.05 0.2 0.4; do
    at=$(awk -v e="$expert" 'BEGIN { q = e / 4; printf "%.5f", q / (1 - e + q) }')
    printf "| %s | %s |" "$expert" "$at"
    for times in 0.5 0.8 1.25 2; do
      seen=$(awk -v b="$at" -v t="$times" 'BEGIN { printf "%.5f", b * t }')
      "$spurion" describe confounded_bandit "eps_exp=$expert" "eps_obs=$seen" horizon=400 --format json |
        tr -d ' \n' | grep -o '"cue":{[^}]*}' | sed -n 1p |
        sed 's/.*"value":\([^,}]*\).*"error_bound":\([^,}]*\).*/\1 \2/' | awk '{ printf " %.3f \302\261 %.3f |", $1, $2 }'
    done
    awk -v e="$expert" 'BEGIN { printf " %.2f |\n", 1 - e }'
  done
}

# Beliefs: what both ways of teaching come to. EXPERIMENT "by"
beliefs() {
  awk -v by="$2" "$program"'
    {
      mode = option("mode", $2)
      print "- " (by == "" ? "" : by " " $1 ", ") "taught " (mode == "factual" ? "factually" : "counterfactually") ": " $19 " nats from the conditional, " $20 " from the interventional posterior (verdict: *" $10 "*). Return " reached() "."
      want = mode == "factual" ? "takes own actions as evidence" : "takes own actions as interventions"
      ++all[mode]; if ($10 == want) ++as_known[mode]
    }
    END {
      printf "\nTaught factually, %d of %d lines are shown to take own actions as evidence. Taught counterfactually, %d of %d are shown to take them as interventions.\n\n", as_known["factual"], all["factual"], as_known["counterfactual"], all["counterfactual"]
    }' "$work/$1.tsv"
}

# Which lines of experiment $1 are no finding. $2: what says where, " in " if there is none.
unlearned() {
  awk -v where="${2:- in }" "$program"'
    lost() { text = text (text == "" ? "" : "; ") "`" $2 "`" ($1 == "" ? "" : where $1) }
    END { if (text != "") print "These did not learn their task, so they are no findings: " text ".\n" }' "$work/$1.tsv"
}

# Return in training of experiment $1, the mean over trials, by the columns $2 of results.csv (comma separated): a line
# each, with tabs between.
in_training() {
  awk -v experiment="$1" -v names="$2" "$csv_reader"'
    FNR == 1 { ++file; delete at; n = split_record($0); for (i = 1; i <= n; ++i) at[cells[i]] = i; many = split(names, name, ","); next }
    file == 1 {
      split_record($0)
      if (cells[at["experiment"]] != experiment) next
      text = cells[at[name[1]]]
      for (i = 2; i <= many; ++i) text = text "\t" cells[at[name[i]]]
      line[cells[at["trial"]]] = text
      next
    }
    { if (index($0, ",in_distribution,") == 0 || index($0, ",return,") == 0) next; split_record($0) }
    cells[at["metric"]] == "return" && cells[at["domain"]] == "in_distribution" && (cells[at["trial"]] in line) { last[cells[at["trial"]]] = cells[at["value"]] }
    END {
      for (trial in last) { sum[line[trial]] += last[trial]; ++n_of[line[trial]] }
      for (one in sum) printf "%s\t%.3f\n", one, sum[one] / n_of[one]
    }' "$csv/results.csv" "$csv/measurements.csv"
}

# What policies on boards reached in training.
boards() {
  in_training "$1" environment,method | sort | awk -F '\t' '
    { text = text (text == "" ? "" : "; ") "`" $2 "` in " $1 " " $3 }
    END { print "Mean return in training: " text ".\n" }'
}

# The T-maze: returns in training, which say that a policy learned, and on ice. EXPERIMENT
habits() {
  in_training "$1" method,environment.memory,environment.train_shifts >"$work/habit_training"
  awk -v training="$work/habit_training" "$program"'
    BEGIN { while ((getline line <training) > 0) { split(line, part, "\t"); sub(/ .*/, "", part[1]); trained[part[1], part[2], part[3]] = part[4] } }
    {
      method = $2; sub(/[ ,].*/, "", method)
      memory = option("memory", $2); shifts = option("train_shifts", $2)
      if (memory == "") memory = "history" # the same in all lines, so that names leave it out
      value = ((method, memory, shifts) in trained) ? trained[method, memory, shifts] : ""
      if (value == "") value = trained[method, memory, "[0.0]"]
      text = "- `" method "`, memory = `" memory "`" (shifts == "[0.0]" || shifts == "" ? "" : ", ice in a part of the training (e in " shifts ")") ": return in training " (value == "" ? "not known" : value) ", on ice " reached() "; who follows the location has " one($7) " there, exactly. "
      if (lost()) text = text "It did not learn its task, so this is no finding."
      else if ($10 == "follows the cue") { text = text "**It has the habit: it follows the location.**"; made = made (made == "" ? "" : "; ") "`" method "` with memory `" memory "`" }
      else if ($10 == "as good as the best") { text = text "It has no habit."; free = free (free == "" ? "" : "; ") "`" method "` with memory `" memory "`" (shifts == "[0.0]" || shifts == "" ? "" : " and ice in training") }
      else text = text "The verdict is *" $10 "*."
      print text
    }
    END {
      print ""
      if (made != "") print "On-policy learning made the habit in: " made ". No training row was biased: the policy itself made its location tell the signal."
      else print "In no line is it shown that on-policy learning made the habit."
      if (free != "") print "No habit is shown to be left in: " free "."
      print ""
    }' "$work/$1.tsv"
}

# An anchor to where the policy began: the return along its weight.
anchors() {
  awk "$program"'
    {
      weight = option("kl_anchor", $2)
      list = list (NR > 1 ? ", " : "") reached() " (" weight ")"
      if (NR == 1) { first = weight; first_low = $4; first_high = $5 }
      last = weight; last_low = $4; last_high = $5
    }
    END {
      printf "The return in the test domain by the weight of the anchor: %s. ", list
      if (last_high < first_low) printf "At %s it is lower than at %s: a strong anchor keeps a part of the confusion.\n\n", last, first
      else if (last_low > first_high) printf "At %s it is higher than at %s: the anchor helps.\n\n", last, first
      else printf "The intervals at %s and %s overlap: it is not shown that the anchor changes it.\n\n", first, last
    }' "$work/anchor.tsv"
}

# The curriculum by regret against train domains that count alike.
curricula() {
  awk "$program"'
    { which = option("curriculum", $2); got[which] = reached(); if ($15 != "baseline") { other = which; by = change(); said = $15; p = p_text($14) } }
    END {
      if (got["regret"] == "" || got["uniform"] == "" || other == "") exit
      printf "By regret the return in the test domain is %s, with domains alike %s. ", got["regret"], got["uniform"]
      name = other == "uniform" ? "Domains alike" : "The curriculum by regret"
      if (said == "better than the baseline") printf "%s: better, by %s (%s).\n\n", name, by, p
      else if (said == "worse than the baseline") printf "%s: worse, by %s (%s).\n\n", name, by, p
      else printf "No difference is shown: %s (%s).\n\n", by, p
    }' "$work/curriculum.tsv"
}

# Claim 3 in plain words, counted over the verdicts.
enough() {
  [ ! -s "$work/mend_acting.tsv" ] || awk "$program"'
    $2 ~ /query = own_states/ { ++own; flops += $24; labels += $21; if ($10 == "as good as the best") ++own_best; if ($15 == "better than the baseline") ++own_better }
    $2 ~ /query = demonstrations/ { ++other; other_flops += $24; other_labels += $21; if ($10 == "as good as the best") ++other_best; if ($15 == "better than the baseline") ++other_better }
    END {
      if (own == 0 || other == 0) exit
      printf "**With an expert who answers in the own states of the learner** (DAgger) %d of %d worlds end as good as the expert, and %d are better than the clone. ", own_best, own, own_better
      printf "As many labels of further demonstrations, watched only: %d of %d are as good as the expert, and %d are better than the clone. ", other_best, other, other_better
      printf "Updates are equal; both use %s and %s labels, and %.3g and %.3g GFLOP, on average. ", rounded(labels / own), rounded(other_labels / other), flops / own, other_flops / other
      if (own_best > other_best) print "So acting resolves what watching leaves open."
      else print "So it is not shown that acting resolves more than watching."
      print ""
    }' "$work/mend_acting.tsv"
  echo "**From rewards of its own actions**, judged in the test domain:"
  echo
  for pair in "maze_acted:the maze, k as in the suite, acting only or after watching" \
    "anchor:the maze with k = 1 and a little of the test domain in training, after watching" \
    "curriculum:the maze with k = 1 and several train domains" "goals:traffic, with a goal and a proxy" \
    "goals_on_boards:boards with a goal and a proxy" \
    "habit:the T-maze on ice" "habit_history:the T-maze on ice, for a recurrent policy"; do
    [ ! -s "$work/${pair%%:*}.tsv" ] || awk -v what="${pair#*:}" "$program"'
      { ++all; ++count[$10] }
      END {
        printf "- %s: of %d lines %d end as good as the best policy, and %d follow the cue", what, all, count["as good as the best"], count["follows the cue"]
        for (verdict in count) if (verdict != "as good as the best" && verdict != "follows the cue") printf ", %d *%s*", count[verdict], verdict
        print "."
      }' "$work/${pair%%:*}.tsv"
  done
  echo
  for experiment in maze_acted anchor curriculum goals goals_on_boards habit habit_history; do
    if has "$experiment"; then cat "$work/$experiment.tsv"; fi
  done | awk "$program"'
    lost() { ++unlearned; next }
    { ++all; if ($10 == "as good as the best") ++best; if ($10 == "follows the cue") ++cue; if ($10 == "worse than the cue") ++worse }
    END {
      if (all == 0) exit
      if (best < all) printf "**So acting is not enough by itself:** %d of %d lines end as good as the best policy, %d are shown to follow the cue, and %d are worse than the policy that follows it.%s\n", best, all, cue, worse, unlearned ? sprintf(" Lines that did not learn their task, and say nothing about the claim: %d.", unlearned) : ""
      else print "**So acting was enough in every line.**"
    }'
}

section() { # TITLE EXPERIMENT: the title, or that it was not run
  echo "### $1"
  echo
  has "$2" && return 0
  echo "The experiment \`$2\` was not run."
  echo
  return 1
}

# A figure: the chart $1 of the report as acting_$2.svg beside the page, and what it shows.
figure() {
  [ -e "$csv/$1.svg" ] || return 0
  cp "$csv/$1.svg" "$(dirname -- "$page")/acting_$2.svg"
  printf "![%s](acting_%s.svg)\n\n" "$3" "$2"
}
trials=$(awk -F, 'NR > 1 && !seen[$1]++ { ++count } END { print count + 0 }' "$csv/results.csv")
{
  sed '/<!-- answers: begin -->/q' "$page"
  echo
  printf "The store holds %s trials.\n\n" "$trials"
  echo "### Is acting enough?"
  echo
  enough
  echo
  if section "Do more demonstrations mend a clone that sees its previous action?" clone_rows; then
    clones clone_rows "rows" "more rows"
    table clone_rows "rows" cost
  fi
  if section "Do they, where the velocity is as large as the other inputs?" clone_rows_scaled; then
    clones clone_rows_scaled "rows" "more rows"
  fi
  if section "Does a wider clone?" clone_width; then clones clone_width "width" "wider models"; fi
  if section "How often must the shown action be a random one?" clone_dial; then table clone_dial "" cost; fi
  if section "What mends it by acting, and at what cost?" mend_acting; then
    mended mend_acting
    table mend_acting "world" cost
  fi
  if section "What mends it by watching alone?" mend_methods; then
    mended mend_methods
    table mend_methods "world" ""
  fi
  if section "A maze: the return with the cheese anywhere, against the region k of the training" maze_watched; then mazes maze_watched; fi
  if has maze_acted; then mazes maze_acted; fi
  echo
  table maze_watched "" goal
  table maze_acted "" "goal cost"
  if section "Does an anchor to where the policy began keep the confusion?" anchor; then
    anchors
    table anchor "" "goal cost"
  fi
  if section "Does a curriculum by exact regret help, against domains alike?" curriculum; then
    curricula
    table curriculum "" "goal cost"
  fi
  if section "Goal or proxy: policies that act in traffic" goals; then
    table goals "world" "goal cost"
    unlearned goals
  fi
  if section "Goal or proxy: policies that act on boards" goals_on_boards; then
    boards goals_on_boards
    table goals_on_boards "world" "goal cost"
    unlearned goals_on_boards
  fi
  if section "Goal or proxy: policies that watched traffic" goals_watched; then
    table goals_watched "" goal
    unlearned goals_watched
  fi
  if section "Goal or proxy: policies that watched boards" goals_on_boards_watched; then
    table goals_on_boards_watched "rows" goal
    unlearned goals_on_boards_watched " with rows = "
  fi
  if section "Doors: does success follow the boundary q / (p + q)?" doors; then
    doors
    echo "The reference policy that takes its own actions as evidence, over episodes of 400 steps: its success is that of"
    echo "the expert below the boundary, and falls above it. The second number is a bound of 5 standard errors."
    echo
    boundary
    echo
  fi
  if section "A prize or a frog: are own actions evidence?" boxes; then
    beliefs boxes "width"
    table boxes "width" "belief cost"
  fi
  if section "Does on-policy learning make a habit that fails on ice?" habit; then
    habits habit
    table habit "" "goal cost"
  fi
  if section "Does a recurrent policy, which sees all it saw before, make the habit?" habit_history; then
    habits habit_history
    table habit_history "" "goal cost"
  fi
  if section "A life without resets" trees; then table trees "" cost; fi
  if compgen -G "$csv/return*.svg" >/dev/null; then
    echo "### Figures"
    echo
  fi
  figure returns_mend_acting_environment_mountain_car mend "Returns in the mountain car, watching and acting"
  figure return_curve_maze_watched maze_watched "Return of watched mazes against the share of episodes with the cheese anywhere"
  figure return_curve_maze_acted maze_acted "Return of acted mazes against the share of episodes with the cheese anywhere"
  figure return_curve_habit habit "Return in the T-maze against the probability of ice"
  sed -n '/<!-- answers: end -->/,$p' "$page"
} >"$page.new"
mv "$page.new" "$page"
