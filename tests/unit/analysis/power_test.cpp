// The power of paired tests: against published numbers, and against the tests themselves on made-up
// seeds.
#include "analysis/power.hpp"

#include <cmath>

#include "analysis/paired_test.hpp"
#include "analysis/seed_plan.hpp"
#include "catch.hpp"
#include "planted.hpp"
#include "spurion/random.hpp"

namespace spurion::analysis {

namespace {

PowerPlan plan_of(double difference, double deviation, std::int64_t comparisons = 1) {
  PowerPlan plan;
  plan.difference = difference;
  plan.deviation = deviation;
  plan.comparisons = comparisons;
  return plan;
}

/// How often the tests of reports show the first of a family of differences, in the true direction.
double shown_share(const PowerPlan& plan, std::int64_t seeds, int repetitions) {
  const RandomStream stream(RandomKey(11).child("power test"));
  int shown = 0;
  for (int i = 0; i < repetitions; ++i) {
    SeedCells differences;
    for (std::int64_t seed = 0; seed < seeds; ++seed) {
      RowNoise noise;
      noise.deviation = plan.own_noise;
      differences.add("c", seed, plan.difference + plan.deviation * stream.normal(i, seed), noise);
    }
    // The others of the family are sure to be shown, so that this one gets the strictest level.
    PairedTest test = paired_test(differences, "p");
    std::vector<PairedTest> family(static_cast<std::size_t>(plan.comparisons), test);
    for (std::size_t j = 1; j < family.size(); ++j) family[j].student = family[j].flips = 1.0;
    adjust(family);
    shown += family.front().shown() && test.seeds == seeds && differences.estimate("e").low > 0.0
                 ? 1
                 : 0;
  }
  return static_cast<double>(shown) / repetitions;
}

}  // namespace

TEST_CASE("the power of the t test is that of a noncentral t") {
  // Paired t test, two-sided, level .05: the sample sizes of G*Power for a power of .8, and their
  // powers (Faul et al. 2007).
  PowerPlan plan = plan_of(0.5, 1.0);
  plan.sign_flips = false;
  SignFlipLoss loss;
  CHECK(seeds_needed(plan, 0.8, loss) == 34);
  CHECK(student_power(plan, 34) == Approx(0.8078).margin(1e-4));
  CHECK(student_power(plan, 33) < 0.8);
  plan.difference = 0.8;
  CHECK(seeds_needed(plan, 0.8, loss) == 15);
  plan.difference = 0.2;
  CHECK(seeds_needed(plan, 0.8, loss) == 199);
  // No difference is shown in this direction in half the level of all cases.
  plan.difference = 1e-9;
  for (const std::int64_t seeds : {2, 3, 5, 30, 400}) {
    CHECK(student_power(plan, seeds) == Approx(0.025).margin(1e-6));
  }
}

TEST_CASE("quantiles of chi-squared agree with tables") {
  CHECK(chi_squared_quantile(0.975, 4.0) == Approx(11.1433).margin(1e-4));
  CHECK(chi_squared_quantile(0.025, 4.0) == Approx(0.48442).margin(1e-5));
  CHECK(chi_squared_quantile(0.95, 10.0) == Approx(18.3070).margin(1e-4));
  CHECK(chi_squared_quantile(0.5, 200.0) == Approx(199.3338).margin(1e-3));
  // Three seeds tell a standard deviation within these factors.
  CHECK(deviation_factors(2.0).low == Approx(0.5207).margin(1e-4));
  CHECK(deviation_factors(2.0).high == Approx(6.2847).margin(1e-3));
}

TEST_CASE("the tests of reports show as often as their power says") {
  SignFlipLoss loss;
  for (const PowerPlan& plan : {plan_of(1.5, 1.0), plan_of(1.0, 1.0), plan_of(1.6, 1.0, 10)}) {
    const auto seeds = seeds_needed(plan, 0.8, loss);
    REQUIRE(seeds);
    INFO("difference " << plan.difference << ", " << plan.comparisons << " comparisons, " << *seeds
                       << " seeds");
    const double power = power_of(plan, *seeds, loss);
    CHECK(power >= 0.8);
    const double shown = shown_share(plan, *seeds, 600);
    CHECK(shown == Approx(power).margin(0.06));  // three standard errors of both simulations
    CHECK(shown > 0.75);
  }
  // With six seeds only differences of one sign pass a sign-flip test, though t shows more.
  CHECK(loss(6, 0.05, 1.5) > 0.05);
  CHECK(loss(5, 0.05, 1.5) == 0.0);
  CHECK(loss(kMostSimulated + 1, 0.05, 0.7) == 0.0);
}

TEST_CASE("the noise of rows is part of the power") {
  SignFlipLoss loss;
  PowerPlan plan = plan_of(0.5, 1.0);
  plan.own_noise = 1.0;  // all of it is noise of rows
  const auto seeds = seeds_needed(plan, 0.8, loss);
  // The t test asks for more as a rule: only seeds that spread little have to exceed the noise.
  const auto without = seeds_needed(plan_of(0.5, 1.0), 0.8, loss);
  CHECK(*seeds >= *without);
  CHECK(*seeds <= *without + 2);
  CHECK(shown_share(plan, 10, 400) == Approx(power_of(plan, 10, loss)).margin(0.07));
  // Rows that all seeds share limit what any number of seeds can show.
  plan.own_noise = 0.0;
  plan.shared_noise = 0.2;
  CHECK_FALSE(seeds_needed(plan, 0.8, loss));
  plan.shared_noise = 0.1;
  CHECK(*seeds_needed(plan, 0.8, loss) > *seeds);
}

TEST_CASE("a pilot says how many seeds a suite needs, and how surely") {
  tests::PlantedTrials pilot;
  const RandomStream stream(RandomKey(5));
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    const double erm = 0.3 + 0.05 * stream.normal(0, seed);
    pilot.add("erm", seed, 0.8, erm);
    pilot.add("irm_v1", seed, 0.8, erm + 0.03 + 0.02 * stream.normal(1, seed));
  }
  const Suite suite = Suite::parse(
      "name = \"s\"\n[[experiment]]\nname = \"e\"\nseeds = 6\nevaluation = { rows = 2000 }\n"
      "[experiment.grid]\nmethod = [{ name = \"erm\" }, { name = \"irm_v1\" }]\n"
      "[[question]]\ntext = \"?\"\nexperiment = \"e\"\nkind = \"compare_methods\"\n",
      "suite");
  StoredResults results;
  results.context["suite"] = "name = \"pilot\"\n[[experiment]]\nname = \"e\"\n";
  results.trials = pilot.all();
  const Answer plan = seed_plan(results, suite, {0.02, 0.8});
  REQUIRE(plan.tables.front().rows.size() == 1);
  const Table& table = plan.tables.front();
  const Estimate needed = std::get<Interval>(table.cell(0, "seeds needed")).estimate;
  CHECK(needed.low >= 2.0);
  CHECK(needed.low < needed.value);
  CHECK(needed.value < needed.high);  // four seeds leave it open
  CHECK(text_of(table.cell(0, "seeds planned")) == "6");
  const double of_rows = std::get<Number>(table.cell(0, "share of rows")).value;
  CHECK(of_rows > 0.0);
  CHECK(of_rows <= 1.0);
  // More rows need fewer seeds, never more.
  Suite more = suite;
  more.experiments.front().sections.as_table()["evaluation"] = Value::Table{{"rows", 200000}};
  const Answer cheaper = seed_plan(results, more, {0.02, 0.8});
  CHECK(std::get<Interval>(cheaper.tables.front().cell(0, "seeds needed")).estimate.value <=
        needed.value);
  // Without trials the rows alone ask for some.
  const Answer rows = seed_plan_of_rows(suite, {0.05, 0.8});
  CHECK(rows.tables.front().rows.size() == 1);
  CHECK(rows.sentence.find("no pilot trials") != std::string::npos);
}

TEST_CASE("a pilot says how many seeds show where a scaling law ends") {
  tests::PlantedTrials pilot;
  const RandomStream stream(RandomKey(6));
  for (std::int64_t seed = 0; seed < 4; ++seed) {
    for (const std::int64_t width : {4, 16, 64, 256, 1024}) {
      const double gap = 0.1 + 1.0 / static_cast<double>(width) + 0.02 * stream.normal(width, seed);
      pilot.add("erm", seed, 0.9, 0.9 - gap).spec.model.options = Value::Table{{"width", width}};
    }
  }
  const std::string text =
      "name = \"s\"\n[[experiment]]\nname = \"e\"\nseeds = 6\nevaluation = { rows = 2000 }\n"
      "[[question]]\ntext = \"?\"\nexperiment = \"e\"\nkind = \"scaling_law\"\nresamples = 100\n"
      "planted = 0\naxis = \"model.width\"\n";
  StoredResults results;
  results.context["suite"] = "name = \"pilot\"\n[[experiment]]\nname = \"e\"\n";
  results.trials = pilot.all();
  const Answer plan = seed_plan(results, Suite::parse(text, "suite"), {0.02, 0.8});
  REQUIRE(plan.tables.front().rows.size() == 1);
  const Table& table = plan.tables.front();
  CHECK(text_of(table.cell(0, "number")) == "g_inf");
  CHECK(std::get<Interval>(table.cell(0, "seeds needed")).estimate.value >= 2.0);
  CHECK(plan.sentence.find("g_inf, the value at an unlimited scale") != std::string::npos);
  // More noise needs more seeds.
  const RandomStream further(RandomKey(7));
  for (TrialResult& trial : results.trials) {
    const std::int64_t width = trial.spec.model.options.find("width")->as_integer();
    const double gap = trial.measurements.last("test", "gap").value_or(0.0);
    tests::set_number(trial, "test", "gap", gap + 0.05 * further.normal(width, trial.spec.seed));
  }
  const Answer noisy = seed_plan(results, Suite::parse(text, "suite"), {0.02, 0.8});
  const Cell& seeds = noisy.tables.front().cell(0, "seeds needed");
  CHECK((std::holds_alternative<Missing>(seeds) ||
         std::get<Interval>(seeds).estimate.value >
             std::get<Interval>(table.cell(0, "seeds needed")).estimate.value));
}

}  // namespace spurion::analysis
