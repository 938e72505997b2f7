#include "core/measurement_names.hpp"

#include <set>

#include "catch.hpp"
#include "spurion/error.hpp"

using namespace spurion;

TEST_CASE("the name of each stored number is read as what it was made of") {
  std::set<std::string> names;
  for (std::size_t i = 0; i < core::own_metrics().size(); ++i) {
    const auto id = static_cast<core::MetricId>(i);
    const MetricInfo& info = core::metric_info(id);
    INFO(info.name);
    CHECK(names.insert(info.name).second);
    const bool of_cue = info.name.back() == '*';
    const std::string stored = of_cue ? core::stored_name(id, "background") : core::stored_name(id);
    CHECK(info.names(stored));
    const core::MetricKey key = core::parse_metric(stored);
    CHECK(key.id == id);
    CHECK(key.cue == (of_cue ? "background" : ""));
    CHECK(core::own_metric(stored) == &info);
  }
  CHECK(core::parse_metric("somebody_elses").id == core::MetricId::other);
  CHECK(core::own_metric("group_0_accuracy") == nullptr);
}

TEST_CASE("the name of what a probe found is read as its label and the cue") {
  CHECK(core::stored_probe("last_layer", "colour") == "probe_last_layer_on_colour");
  const auto read = core::parse_probe("probe_last_layer_on_colour_on_top");
  REQUIRE(read.has_value());
  CHECK(read->label == "last_layer");
  CHECK(read->cue == "colour_on_top");
  for (const char* other :
       {"probe_x", "probe__on_", "probe__on_a", "probing_flops_a_on_b", "flip"}) {
    CHECK_FALSE(core::parse_probe(other).has_value());
  }
}

TEST_CASE("each stored number is explained") {
  for (const MetricInfo& info : core::own_metrics()) {
    INFO(info.name);
    CHECK_FALSE(info.title.empty());
    CHECK_FALSE(info.meaning.empty());
    CHECK(info.meaning.back() != '.');
    CHECK(info.range.low < info.range.high);
    CHECK_FALSE(info.writer.empty());
  }
}

TEST_CASE("the name of each domain is read as what it was made of") {
  const auto same = [](const core::DomainKey& key, const std::string& stored) {
    CHECK(core::stored_domain(key) == stored);
    const core::DomainKey read = core::parse_domain(stored);
    CHECK(read.in == key.in);
    CHECK(read.cue == key.cue);
    CHECK(read.number == key.number);
    CHECK(read.shift == key.shift);
  };
  same({core::MeasuredIn::in_distribution}, "in_distribution");
  same({core::MeasuredIn::train, {}, 12}, "train_12");
  same({core::MeasuredIn::test}, "test");
  same({core::MeasuredIn::test_cue, "background"}, "test_background");
  same({core::MeasuredIn::cue, "colour"}, "cue_colour");
  same({core::MeasuredIn::shift_value, {}, -1, 0.3}, "shift=0.3");
  same({core::MeasuredIn::phase, {}, 3}, "phase_3");
  same({core::MeasuredIn::validation}, "validation");
  same({core::MeasuredIn::validation_test}, "validation_test");
  same({core::MeasuredIn::coefficients}, "coefficients");
  same({core::MeasuredIn::stream}, "stream");
  same({core::MeasuredIn::acting}, "acting");
  same({core::MeasuredIn::selection}, "selection");
  for (const char* other : {"phase_", "phase_x", "train_1x", "shift=", "elsewhere", ""}) {
    CHECK(core::parse_domain(other).in == core::MeasuredIn::other);
  }
  CHECK_THROWS_AS(core::stored_domain(core::MeasuredIn::other), LogicError);
}

TEST_CASE("a regime records in domains of its own only") {
  for (const char* taken : {"test", "train_0", "phase_x", "shift=0", "cue_colour", "validation"}) {
    CHECK(core::is_measured_domain(taken));
  }
  CHECK_FALSE(core::is_measured_domain("stream"));
  CHECK_FALSE(core::is_measured_domain("acting"));
  CHECK_FALSE(core::is_measured_domain("mine"));
}

TEST_CASE("what is known about a column is the same after it was stored") {
  const MetricInfo info{"group_*_accuracy",
                        "accuracy of a group",
                        "accuracy in \"one\" group",
                        "share of rows",
                        {0.0, 1.0},
                        Better::high,
                        false,
                        true,
                        MetricRange{0.0},
                        "metric worst_group"};
  const MetricInfo again = metric_info_from_json(to_json(info));
  CHECK(again.name == info.name);
  CHECK(again.title == info.title);
  CHECK(again.meaning == info.meaning);
  CHECK(again.unit == info.unit);
  CHECK(again.range_text() == "[0, 1]; [0, inf) for regression");
  CHECK(again.better == info.better);
  CHECK(again.averaged == info.averaged);
  CHECK(again.rate == info.rate);
  CHECK(again.writer == info.writer);
  CHECK(again.names("group_12_accuracy"));
  CHECK_FALSE(again.names("group__accurac"));
  CHECK_FALSE(again.names("group_accuracy"));
}
