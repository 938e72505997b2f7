#include "harness/store/plan_file.hpp"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "core/blake2b.hpp"
#include "harness/store/whole_copy.hpp"
#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion::harness {

namespace {

/// Raised when a plan is written otherwise.
constexpr std::string_view kMagic = "spurion plan 1\n";

template <class Number>
void append(std::string& out, Number value) {
  char bytes[sizeof(Number)];
  std::memcpy(bytes, &value, sizeof(Number));
  out.append(bytes, sizeof(Number));
}

void append(std::string& out, const std::vector<PlannedTrial>& trials) {
  append(out, static_cast<std::uint64_t>(trials.size()));
  for (const PlannedTrial& trial : trials) {
    append(out, trial.place);
    append(out, trial.id.high);
    append(out, trial.id.low);
  }
}

[[noreturn]] void refuse_damaged(const std::filesystem::path& file) {
  throw StoreError(
      fmt::format("plan '{}' is damaged; make it again with 'spurion plan'", file.string()));
}

/// Takes numbers off the front of a text; what is not there is damage.
class Reader {
 public:
  Reader(std::string_view bytes, const std::filesystem::path& file) : bytes_(bytes), file_(file) {}

  template <class Number>
  Number take() {
    Number value{};
    std::memcpy(&value, text(sizeof(Number)).data(), sizeof(Number));
    return value;
  }
  std::string_view text(std::uint64_t size) {
    if (size > bytes_.size()) refuse_damaged(file_);
    const std::string_view out = bytes_.substr(0, static_cast<std::size_t>(size));
    bytes_.remove_prefix(static_cast<std::size_t>(size));
    return out;
  }
  /// A number of things that take so many bytes each and follow.
  std::size_t count(std::size_t bytes_each) {
    const auto number = take<std::uint64_t>();
    if (number > bytes_.size() / bytes_each) refuse_damaged(file_);
    return static_cast<std::size_t>(number);
  }
  std::vector<PlannedTrial> trials() {
    constexpr std::size_t kBytes = sizeof(std::uint32_t) + 2 * sizeof(std::uint64_t);
    std::vector<PlannedTrial> out(count(kBytes));
    for (PlannedTrial& trial : out) {
      trial.place = take<std::uint32_t>();
      trial.id.high = take<std::uint64_t>();
      trial.id.low = take<std::uint64_t>();
    }
    return out;
  }
  [[nodiscard]] bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  const std::filesystem::path& file_;
};

Value table_of(const std::map<std::string, std::string>& facts) {
  Value::Table table;
  for (const auto& [key, text] : facts) table[key] = text;
  return Value(std::move(table));
}

/// What a header has under a key; `UsageError` where it has none, or of another kind.
const Value& member(const Value& table, const char* key) {
  const Value* found = table.is_table() ? table.find(key) : nullptr;
  if (found == nullptr) throw UsageError(key);
  return *found;
}

std::string text_in(const Value& table, const char* key) {
  const Value& text = member(table, key);
  if (!text.is_string()) throw UsageError(key);
  return text.as_string();
}

std::map<std::string, std::string> facts_in(const Value& header, const char* key) {
  const Value& table = member(header, key);
  if (!table.is_table()) throw UsageError(key);
  std::map<std::string, std::string> facts;
  for (const auto& [name, text] : table.as_table()) {
    if (!text.is_string()) throw UsageError(name);
    facts.emplace(name, text.as_string());
  }
  return facts;
}

std::string header_of(const TrialPlan& plan) {
  Value::List files;
  for (const CodeFile& file : plan.plugins) {
    files.push_back(Value::Table{{"name", file.name}, {"hash", file.hash}});
  }
  return Value(Value::Table{{"suite_name", plan.suite_name},
                            {"suite_text", plan.suite_text},
                            {"version", plan.version},
                            {"code", plan.code},
                            {"plugins", files},
                            {"data", table_of(plan.data)},
                            {"context", table_of(plan.context)},
                            {"distinct", plan.distinct}})
      .canonical_json();
}

void read_header(const std::string& text, TrialPlan& plan) {
  const Value header = parse_json(text, "plan");
  plan.suite_name = text_in(header, "suite_name");
  plan.suite_text = text_in(header, "suite_text");
  plan.version = text_in(header, "version");
  plan.code = text_in(header, "code");
  const Value& distinct = member(header, "distinct");
  const Value& plugins = member(header, "plugins");
  if (!distinct.is_integer() || !plugins.is_list()) throw UsageError("distinct, plugins");
  plan.distinct = distinct.as_integer();
  for (const Value& file : plugins.as_list()) {
    plan.plugins.push_back({text_in(file, "name"), text_in(file, "hash")});
  }
  plan.data = facts_in(header, "data");
  plan.context = facts_in(header, "context");
}

/// Whether a number of a pack may be a cost: beyond this sums of them overflow.
bool is_cost(double value) {
  constexpr double kMost = 1e100;
  return value >= 0.0 && value <= kMost;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::is_regular_file(status)) {
    throw UsageError(
        fmt::format("there is no plan '{}'; 'spurion plan SUITE' makes one", file.string()));
  }
  std::ifstream stream(file, std::ios::binary);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(std::filesystem::file_size(file, error)));
  std::ostringstream text(std::move(bytes));
  if (!stream || !(text << stream.rdbuf())) {
    throw UsageError(fmt::format("cannot read plan '{}'", file.string()));
  }
  return text.str();
}

}  // namespace

bool is_plan(const std::filesystem::path& file) { return file.extension() == kPlanSuffix; }

void write_plan(const TrialPlan& plan, const std::filesystem::path& file) {
  std::string out(kMagic);
  const std::string header = header_of(plan);
  append(out, static_cast<std::uint64_t>(header.size()));
  out += header;
  append(out, static_cast<std::uint64_t>(plan.packs.size()));
  for (const PlannedPack& pack : plan.packs) {
    append(out, pack.trials);
    append(out, pack.flops);
    append(out, pack.memory_bytes);
  }
  append(out, plan.trials);
  append(out, plan.shared);
  core::Blake2b hash;
  hash.update(out.data(), out.size());
  const core::Digest digest = hash.finish();
  out.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  write_whole(out, file);
}

TrialPlan read_plan(const std::filesystem::path& file) {
  const std::string bytes = bytes_of(file);
  if (bytes.compare(0, kMagic.size(), kMagic) != 0) {
    throw UsageError(fmt::format("'{}' is not a plan of this spurion; make one with 'spurion plan'",
                                 file.string()));
  }
  core::Digest digest{};
  if (bytes.size() < kMagic.size() + digest.size()) refuse_damaged(file);
  const std::size_t end = bytes.size() - digest.size();
  std::memcpy(digest.data(), bytes.data() + end, digest.size());
  core::Blake2b hash;
  hash.update(bytes.data(), end);
  if (hash.finish() != digest) refuse_damaged(file);
  Reader reader(std::string_view(bytes).substr(kMagic.size(), end - kMagic.size()), file);
  TrialPlan plan;
  try {
    read_header(std::string(reader.text(reader.take<std::uint64_t>())), plan);
  } catch (const UsageError&) {
    refuse_damaged(file);
  }
  constexpr std::size_t kPackBytes = sizeof(std::uint32_t) + 2 * sizeof(double);
  plan.packs.resize(reader.count(kPackBytes));
  std::uint64_t in_packs = 0;
  for (PlannedPack& pack : plan.packs) {
    pack.trials = reader.take<std::uint32_t>();
    pack.flops = reader.take<double>();
    pack.memory_bytes = reader.take<double>();
    if (pack.trials == 0 || !is_cost(pack.flops) || !is_cost(pack.memory_bytes)) {
      refuse_damaged(file);
    }
    in_packs += pack.trials;
  }
  plan.trials = reader.trials();
  plan.shared = reader.trials();
  if (!reader.at_end() || in_packs != plan.trials.size()) refuse_damaged(file);
  return plan;
}

}  // namespace spurion::harness
