// Turns what the runners print into the rows of the table in README.md: work, against what, bar,
// measured. Arguments: COMMAND FILE.json pairs, in the order of the table.
#include <fmt/format.h>

#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace {

using nlohmann::json;

/// What one row of a runner measured: its sizes and names, in words.
std::string work_of(const json& row) {
  std::string work;
  const auto add = [&](const std::string& text) { work += (work.empty() ? "" : ", ") + text; };
  for (const char* name : {"suite", "environment", "model", "method", "command"}) {
    if (row.contains(name)) add(row.at(name).get<std::string>());
  }
  if (row.contains("width")) add(fmt::format("mlp of width {}", row.at("width").get<int>()));
  if (row.contains("loss")) add(row.at("loss").get<std::string>() + " loss");
  if (row.contains("rows")) add(row.at("rows").get<std::string>() + " rows");
  for (const char* name : {"batch", "replicas", "configurations"}) {
    if (row.contains(name)) add(fmt::format("{} {}", name, row.at(name).get<int>()));
  }
  return work;
}

struct Ratio {
  const char* field;
  const char* bar;  ///< field of the wanted value; 0 or absent: none
  const char* against;
  const char* unit;
};

constexpr Ratio kRatios[] = {
    {"times_plain_libtorch", "bar_plain", "plain LibTorch", " x"},
    {"share_of_peak", "bar_peak", "multiply-add peak", ""},
    {"generation_percent", "bar_generation_percent", "training the smallest MLP, at most", " %"},
    {"images_per_second", "bar_images_per_second", "images of 14x14 a second", ""},
    {"steps_per_second", "bar_steps_per_second", "steps a second", ""},
    {"times_plain_loop", "bar_plain_loop", "a plain loop over episodes", " x"},
    {"share_of_bandwidth", "bar_bandwidth", "memory bandwidth", ""},
    {"training_percent", "bar_training_percent", "processor time of workers", " %"},
    {"times_one_worker", "bar_times_one_worker", "one worker, by the clock", " x"},
    {"times_sqlite3", "bar_times_sqlite3", "sqlite3 --version, processor time, at most", " x"}};

void print_rows(const std::string& command, const json& result) {
  for (const json& row : result.contains("rows") ? result.at("rows") : result.at("roofline")) {
    for (const Ratio& ratio : kRatios) {
      if (!row.contains(ratio.field)) continue;
      const double bar = row.contains(ratio.bar) ? row.at(ratio.bar).get<double>() : 0.0;
      fmt::print("| {} | {} | {} | {:.4g}{} | `{}` |\n", work_of(row), ratio.against,
                 bar > 0 ? fmt::format("{:.4g}{}", bar, ratio.unit) : "-",
                 row.at(ratio.field).get<double>(), ratio.unit, command);
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  fmt::print("| work | against | bar | measured | command |\n|---|---|---|---|---|\n");
  for (int i = 1; i + 1 < argc; i += 2) {
    std::ifstream file(argv[i + 1]);
    if (!file) throw std::runtime_error(fmt::format("cannot read {}", argv[i + 1]));
    print_rows(argv[i], json::parse(file));
  }
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
