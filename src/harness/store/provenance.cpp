#include "spurion/provenance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion {

namespace {

constexpr std::size_t kShownDigits = 8;

std::string word(const Value& facts, const char* key) {
  const Value* value = facts.find(key);
  if (value == nullptr || !value->is_string()) {
    throw UsageError(fmt::format("provenance has no {}", key));
  }
  return value->as_string();
}

std::string shown(const CodeFile& file) {
  return fmt::format("{} (file {})", file.name, file.hash.substr(0, kShownDigits));
}

std::string shown(const std::vector<CodeFile>& files) {
  if (files.empty()) return "no plug-in";
  std::vector<std::string> texts;
  texts.reserve(files.size());
  for (const CodeFile& file : files) texts.push_back(shown(file));
  return fmt::format("plug-in {}", fmt::join(texts, ", "));
}

}  // namespace

std::string Provenance::facts() const {
  Value::List files;
  for (const CodeFile& file : plugins) {
    files.push_back(Value::Table{{"name", file.name}, {"hash", file.hash}});
  }
  Value::Table rows;
  for (const auto& [name, fingerprint] : data) rows[name] = fingerprint;
  return Value(Value::Table{{"version", version},
                            {"code", code},
                            {"libraries", libraries},
                            {"processor", processor},
                            {"device", device},
                            {"plugins", files},
                            {"data", rows}})
      .canonical_json();
}

Provenance Provenance::parse(const std::string& facts) {
  const Value value = parse_json(facts, "provenance");
  if (!value.is_table()) throw UsageError("provenance is no table");
  Provenance out{word(value, "version"),
                 word(value, "code"),
                 word(value, "libraries"),
                 word(value, "processor"),
                 word(value, "device"),
                 {},
                 {}};
  const Value* files = value.find("plugins");
  const Value* rows = value.find("data");
  if (files == nullptr || !files->is_list() || rows == nullptr || !rows->is_table()) {
    throw UsageError("provenance has no plug-ins or data");
  }
  for (const Value& file : files->as_list()) {
    if (!file.is_table()) throw UsageError("provenance has a plug-in that is no table");
    out.plugins.push_back({word(file, "name"), word(file, "hash")});
  }
  for (const auto& [name, fingerprint] : rows->as_table()) {
    if (!fingerprint.is_string()) throw UsageError("provenance has data without a fingerprint");
    out.data.emplace(name, fingerprint.as_string());
  }
  return out;
}

std::vector<ProvenanceDifference> differences(const Provenance& made, const Provenance& now) {
  using Kind = ProvenanceDifference::Kind;
  std::vector<ProvenanceDifference> found;
  const auto compare = [&](const std::string& there, const std::string& here,
                           const std::string& what, Kind kind) {
    if (there != here) {
      found.push_back({kind, fmt::format("{}{} there, {} here", what, there, here)});
    }
  };
  if (made.version != now.version) {
    compare(made.version, now.version, "spurion ", Kind::build);
  } else if (made.code != now.code) {
    compare(made.code.substr(0, kShownDigits), now.code.substr(0, kShownDigits),
            fmt::format("spurion {} of other sources or flags: code ", now.version), Kind::build);
  }
  compare(made.libraries, now.libraries, "", Kind::build);
  compare(made.processor, now.processor, "instruction sets: ", Kind::build);
  compare(made.device, now.device, "device ", Kind::device);
  if (!(made.plugins == now.plugins)) {
    found.push_back(
        {Kind::plugin, fmt::format("{} there, {} here", shown(made.plugins), shown(now.plugins))});
  }
  return found;
}

}  // namespace spurion
