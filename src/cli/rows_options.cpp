#include "cli/rows_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>

namespace spurion::cli {

namespace {

/// A check of the parser: an integer of at least `low` and at most `high`.
auto at_least(std::int64_t low, std::int64_t high = std::numeric_limits<std::int64_t>::max()) {
  return [low, high](const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool integer = error != std::errc::invalid_argument && rest == end;
    if (integer &&
        (number > high || (error == std::errc::result_out_of_range && text.front() != '-'))) {
      return fmt::format("expects an integer <= {}, got '{}'", high, text);
    }
    return integer && number >= low ? std::string()
                                    : fmt::format("expects an integer >= {}, got '{}'", low, text);
  };
}

/// Rows are counted from any of them on without leaving the integers.
constexpr std::int64_t kMostRows = 1'000'000'000'000;

}  // namespace

void add_rows_options(CLI::App& parser, RowsArguments& arguments, const std::string& rows_doc) {
  parser.add_option("OPTION", arguments.options, "OPTION=VALUE ...: options of the environment")
      ->option_text(" ");
  parser
      .add_option("--domain", arguments.domains,
                  "train_0, test, shift=0.3 (a shift), or test_CUE if there are several cues; may "
                  "be given many times (default: all train domains and the test domain)")
      ->option_text("DOMAIN")
      ->allow_extra_args(false);
  parser.add_option("--rows", arguments.rows, "Rows of each domain " + rows_doc)
      ->option_text("N")
      ->check(at_least(1, kMostRows));
  parser.add_option("--first", arguments.first, "Number of the first row (default: 0)")
      ->option_text("N")
      ->check(at_least(0, kMostRows));
  parser.add_option("--split", arguments.split, "train, validation or test")
      ->option_text("PURPOSE");
  parser
      .add_option("--seed", arguments.seed,
                  "Seed: the rows are those of a trial with this seed (default: 0)")
      ->option_text("N")
      ->check(at_least(0));
  parser
      .add_option("--base-seed", arguments.base_seed,
                  "base_seed of the suite of that trial (default: 0)")
      ->option_text("N")
      ->check(at_least(0));
}

std::vector<std::string> given_rows_options(const CLI::App& parser,
                                            const RowsArguments& arguments) {
  std::vector<std::string> given = arguments.options;
  for (const char* option : {"--domain", "--rows", "--first", "--split", "--seed", "--base-seed"}) {
    if (parser.count(option) > 0) given.emplace_back(option);
  }
  return given;
}

}  // namespace spurion::cli
