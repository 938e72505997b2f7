#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fuzz/one_error.hpp"
#include "fuzz/targets.hpp"
#include "harness/store/measurement_layout.hpp"
#include "harness/store/store_content.hpp"
#include "harness/store/store_tables.hpp"
#include "harness/store/store_writer.hpp"

namespace {

using namespace spurion;

/// The texts of a row: its spec, numbers, layout, record of what made it, suite and message.
constexpr std::size_t kTexts = 6;

std::array<std::string, kTexts> texts_in(std::string_view bytes) {
  std::array<std::string, kTexts> texts;
  for (std::string& text : texts) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    text = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return texts;
}

/// A store with one trial of these texts, sealed as if spurion had written them.
void write_store(harness::sqlite::Database& database,
                 const std::array<std::string, kTexts>& texts) {
  const auto& [spec, numbers, layout, made_by, suite, message] = texts;
  harness::make_tables(database);
  harness::StoreWriter writer(database);
  harness::StoredTrial trial;
  trial.number = 1;
  trial.id = harness::trial_id_of_text(spec);
  trial.provenance = harness::provenance_key(made_by);
  trial.layout = harness::layout_key(layout);
  TrialResult result;
  result.message = message;
  writer.write_layout(trial.layout, layout);
  writer.write_provenance(trial.provenance, made_by);
  harness::Tally context;
  harness::Tally trials;
  harness::Tally memberships;
  context.add(writer.write(harness::ContextRow{"suite", suite, ""}));
  trials.add(writer.write(trial, result, spec, numbers));
  memberships.add(writer.write(harness::StoredMembership{1, 0, false}, {suite, message}));
  writer.write_tallies(context, trials, memberships);
}

}  // namespace

void spurion::fuzz::row(const std::uint8_t* data, std::size_t size) {
  const auto texts = texts_in({reinterpret_cast<const char*>(data), size});
  harness::sqlite::Database database(":memory:", harness::sqlite::Access::write);
  write_store(database, texts);
  for (const auto detail : {harness::StoreDetail::index, harness::StoreDetail::numbers,
                            harness::StoreDetail::results}) {
    fuzz::reads_or_says_why<StoreError>(":memory:", [&] {
      const harness::StoreContent content = harness::read_store(database, detail);
      const bool there = content.trials.size() == 1;
      if (there == !content.damaged_trials.empty()) std::abort();
      if (!there || detail == harness::StoreDetail::index) return;
      // What is read can be used.
      for (const MeasurementRow number : content.results.at(0).measurements) (void)number.metric;
      if (detail == harness::StoreDetail::results) (void)content.results.at(0).spec.id();
    });
  }
}
