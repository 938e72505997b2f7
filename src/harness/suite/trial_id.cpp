#include "harness/suite/trial_id.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/name_hash.hpp"
#include "harness/suite/added_options.hpp"
#include "spurion/random.hpp"

namespace spurion::harness {

std::string TrialId::text() const { return fmt::format("{:016x}{:016x}", high, low); }

std::optional<TrialId> TrialId::read(std::string_view text) {
  constexpr std::size_t kDigits = 16;
  if (text.size() != 2 * kDigits) return std::nullopt;
  TrialId id;
  const char* middle = text.data() + kDigits;
  const char* end = middle + kDigits;
  const auto high = std::from_chars(text.data(), middle, id.high, 16);
  const auto low = std::from_chars(middle, end, id.low, 16);
  if (high.ptr != middle || low.ptr != end) return std::nullopt;
  return id;
}

std::string canonical_text(const std::string& section, const Component& component,
                           const std::vector<std::string>& left_out) {
  return fmt::format(R"({{"name":{},"options":{}}})", Value(component.name).canonical_json(),
                     written_text(section, component.name, component.options, left_out));
}

std::string canonical_text(const std::string& section, const Value& options,
                           const std::vector<std::string>& left_out) {
  return written_text(section, "", options, left_out);
}

TrialId trial_id_of_text(std::string_view canonical_json) {
  // Children of two keys by the same name; the text is long, so its hash is taken once.
  const std::uint64_t hash = core::name_hash(canonical_json);
  return {core::named_child(RandomKey(2).value(), hash),
          core::named_child(RandomKey(1).value(), hash)};
}

TrialId trial_id(const SectionTexts& sections, std::int64_t seed, std::int64_t base_seed,
                 std::int64_t config_index) {
  const auto& [environment, model, method, regime, optimizer, training, evaluation] = sections;
  // As `TrialSpec::canonical` writes it: keys are sorted.
  const std::string text = fmt::format(
      R"({{"base_seed":{},"config_index":{},"environment":{},"evaluation":{},"method":{},)"
      R"("model":{},"optimizer":{},"regime":{},"seed":{},"training":{}}})",
      base_seed, config_index, *environment, *evaluation, *method, *model, *optimizer, *regime,
      seed, *training);
  return trial_id_of_text(text);
}

TrialId trial_id(const TrialSpec& trial) {
  const std::array<std::string, 7> texts = {
      canonical_text("environment", trial.environment), canonical_text("model", trial.model),
      canonical_text("method", trial.method),           canonical_text("regime", trial.regime),
      canonical_text("optimizer", trial.optimizer),     canonical_text("training", trial.training),
      canonical_text("evaluation", trial.evaluation)};
  SectionTexts sections{};
  for (std::size_t i = 0; i < texts.size(); ++i) sections[i] = &texts[i];
  return trial_id(sections, trial.seed, trial.base_seed, trial.config_index);
}

}  // namespace spurion::harness
