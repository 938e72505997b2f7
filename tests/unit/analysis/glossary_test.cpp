#include "spurion/analysis/glossary.hpp"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "analysis/fits/scaling_judgement.hpp"
#include "analysis/gap_verdict.hpp"
#include "analysis/questions/authenticity/probe_lines.hpp"
#include "analysis/questions/compare_policies/policy_lines.hpp"
#include "analysis/questions/goodhart/equal_gain.hpp"
#include "analysis/questions/leaderboard/judge.hpp"
#include "catch.hpp"
#include "spurion/access.hpp"
#include "spurion/analysis/streams.hpp"
#include "spurion/catalog.hpp"

namespace spurion::analysis {

TEST_CASE("the glossary names each term once, in whole sentences") {
  std::set<std::string> anchors;
  for (const Term& term : glossary()) {
    INFO(term.name);
    CHECK(anchors.insert(term_anchor(term)).second);
    CHECK(term.meaning.size() > 10);
    CHECK(term.meaning.back() == '.');
    for (const std::string_view other : term.see) {
      INFO("see " << other);
      CHECK(find_term(other) != nullptr);
      CHECK(find_term(other) != &term);
    }
  }
}

TEST_CASE("terms are found however they are written") {
  REQUIRE(find_term("flip rate") != nullptr);
  CHECK(find_term("Flip rate") == find_term("flip_rate"));
  CHECK(find_term("flip-rate") == find_term("flip_rate"));
  CHECK(find_term("flip") == nullptr);
}

TEST_CASE("a term is found by its plural and by the other names that readers use") {
  CHECK(find_term("cues") == find_term("cue"));
  CHECK(find_term("cue only") == find_term("spurious only"));
  CHECK(find_term("95 % interval") == find_term("interval"));
  CHECK(find_term("flops") == find_term("FLOP"));
  CHECK(find_term("sign flips") == find_term("sign-flip p"));
  CHECK(find_term("environment, stream") == find_term("environment_stream"));
  for (const char* name : {"cue only", "95 % interval", "flops", "sign flips"}) {
    CAPTURE(name);
    CHECK(find_term(name) != nullptr);
  }
}

TEST_CASE("what a method may see is a term, in every combination of one") {
  std::vector<Access> all(7);
  all[1].domain_labels = all[2].group_labels = all[3].group_labels_validation = true;
  all[4].unlabelled_target = all[5].counterfactual_rows = true;
  all[6].validation_rows = true;
  for (const Access& access : all) {
    CAPTURE(access.text());
    CHECK(find_term(access.text()) != nullptr);
  }
}

TEST_CASE("a column is explained by its key, its title, or as an axis") {
  CHECK(term_of({"a number", ColumnKind::estimate, "gap_at_largest"}) ==
        find_term("gap at largest"));
  CHECK(term_of({"flip rate", ColumnKind::estimate}) == find_term("flip rate"));
  CHECK(term_of({"model.width", ColumnKind::number}) == find_term("axis"));
  CHECK(term_of({"nobody.knows", ColumnKind::number}) == nullptr);
}

TEST_CASE("every verdict has an entry") {
  const auto is_verdict = [](const char* name) {
    INFO(name);
    const Term* term = find_term(name);
    REQUIRE(term != nullptr);
    CHECK(term->kind == TermKind::verdict);
    CHECK(term->name == name);
  };
  for (int i = 0; i <= static_cast<int>(GapOutcome::undecided); ++i) {
    is_verdict(gap_outcome_name(static_cast<GapOutcome>(i)));
  }
  for (int i = 0; i <= static_cast<int>(StreamOutcome::undecided); ++i) {
    is_verdict(outcome_name(static_cast<StreamOutcome>(i)));
  }
  for (int i = 0; i <= static_cast<int>(fits::ScalingOutcome::undecided); ++i) {
    is_verdict(fits::scaling_outcome_name(static_cast<fits::ScalingOutcome>(i)));
  }
  for (int i = 0; i <= static_cast<int>(questions::ActingVerdict::no_index); ++i) {
    is_verdict(questions::acting_verdict_name(static_cast<questions::ActingVerdict>(i)));
  }
  namespace authenticity = questions::authenticity;
  for (int i = 0; i <= static_cast<int>(authenticity::AuthenticityVerdict::nothing_to_rank); ++i) {
    is_verdict(
        authenticity::authenticity_verdict_name(static_cast<authenticity::AuthenticityVerdict>(i)));
  }
  for (int i = 0; i <= static_cast<int>(authenticity::AgreementChange::not_shown); ++i) {
    is_verdict(authenticity::agreement_change_name(static_cast<authenticity::AgreementChange>(i)));
  }
  namespace goodhart = questions::goodhart;
  for (int i = 0; i <= static_cast<int>(goodhart::GoodhartVerdict::undecided); ++i) {
    is_verdict(goodhart::goodhart_verdict_name(static_cast<goodhart::GoodhartVerdict>(i)));
  }
  for (int i = 0; i <= static_cast<int>(goodhart::EqualGain::not_shown); ++i) {
    is_verdict(goodhart::equal_gain_name(static_cast<goodhart::EqualGain>(i)));
  }
  using questions::leaderboard::Result;
  for (int i = 1; i <= static_cast<int>(Result::undecided); ++i) {
    is_verdict(questions::leaderboard::result_name(static_cast<Result>(i)));
  }
}

TEST_CASE("include/spurion/README.md is what the glossary says") {
  const char* path = SPURION_SOURCE_DIR "/include/spurion/README.md";
  const std::string expected = glossary_markdown(builtin_catalog().metric_columns());
  // SPURION_WRITE_GOLDEN=1 in the environment writes the file anew.
  if (std::getenv("SPURION_WRITE_GOLDEN") != nullptr) std::ofstream(path) << expected;
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  CHECK(text.str() == expected);
}

}  // namespace spurion::analysis
