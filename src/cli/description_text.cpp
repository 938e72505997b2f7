#include <fmt/format.h>

#include <map>

#include "cli/description.hpp"
#include "cli/text.hpp"

namespace spurion::cli {

namespace {

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined(const Json& list, const char* when_empty) {
  std::vector<std::string> items;
  for (const Json& item : list) items.push_back(text_of(item));
  return items.empty() ? when_empty : fmt::format("{}", fmt::join(items, ", "));
}

std::string heading(const char* title) { return fmt::format("\n{}\n", title); }

std::string options_text(const Json& options, int columns) {
  if (options.empty()) return heading("options") + "  none\n";
  Table table({"option", "type", "default", "allowed", "random search draws"});
  bool per_replica = false;
  for (const Json& option : options) {
    per_replica = per_replica || option.at("per_replica").get<bool>();
    table.add(
        {text_of(option.at("name")) + (option.at("per_replica").get<bool>() ? "*" : ""),
         text_of(option.at("type")), text_of(option.at("default")),
         option.at("allowed").get<std::string>().empty() ? "any" : text_of(option.at("allowed")),
         option.at("search").get<std::string>().empty() ? "-" : text_of(option.at("search"))});
  }
  std::string out = heading("options") + table.text(2, columns);
  if (per_replica) out += "  * may differ between trials that train together in one batch\n";
  Table docs({"", ""});
  for (const Json& option : options)
    docs.add({text_of(option.at("name")), text_of(option.at("doc"))});
  const std::string doc_text = docs.text(2, columns);
  return out + doc_text.substr(doc_text.find('\n'));
}

std::string presets_text(const Json& presets, int columns) {
  if (presets.empty()) return {};
  Table table({"preset", "what it sets"});
  for (const Json& preset : presets) {
    table.add({text_of(preset.at("name")), text_of(preset.at("doc"))});
  }
  return heading("presets (preset = \"name\" instead of the options)") + table.text(2, columns);
}

std::string number(double value) { return fmt::format("{:.4f}", value); }

std::string ceilings_text(const Json& description, int columns) {
  const std::string dial = description.at("dial").at("name");
  Table table({"domain", dial, "Bayes", "invariant", "spurious only", "population ERM", "chance"});
  std::map<std::string, std::string> how;
  for (const Json& row : description.at("ceilings")) {
    const auto cell = [&](const char* key) {
      const Json& ceiling = row.at(key);
      if (ceiling.is_null()) return std::string("-");
      how[key] = ceiling.at("exactness");
      return number(ceiling.at("value"));
    };
    const std::string name = row.at("domain");
    table.add({name.rfind("dial=", 0) == 0 ? "dial" : name,
               fmt::format("{}", row.at("shift").get<double>()), cell("bayes"), cell("invariant"),
               cell("spurious_only"), cell("population_erm"), number(row.at("chance"))});
  }
  std::vector<std::string> notes;
  for (const auto& [key, name] : {std::pair{"bayes", "Bayes"}, std::pair{"invariant", "invariant"},
                                  std::pair{"spurious_only", "spurious only"},
                                  std::pair{"population_erm", "population ERM"}}) {
    if (how.count(key) != 0) notes.push_back(fmt::format("{}: {}", name, how[key]));
  }
  return fmt::format("\nceilings: the best {} of any predictor of a class\n{}{}",
                     text_of(description.at("score")), table.text(2, columns),
                     wrapped(fmt::format("{}", fmt::join(notes, "; ")), columns, 2));
}

std::string rows_text(const Json& limit) { return limit.is_null() ? "unlimited" : text_of(limit); }

std::string environment_text(const Json& description, int columns) {
  if (const auto reason = description.find("unavailable"); reason != description.end()) {
    return heading("mechanism, graph, dial and ceilings") + wrapped(text_of(*reason), columns, 2);
  }
  std::string out = heading("mechanism");
  out += wrapped(description.at("title"), columns, 2);
  out += wrapped(description.at("mechanism"), columns, 4);
  if (!description.at("deviations").get<std::string>().empty()) {
    out += wrapped("differs from the source: " + text_of(description.at("deviations")), columns, 2);
  }
  out += heading("causal graph");
  out += wrapped(description.at("graph").at("edges"), columns, 2);
  Table variables({"variable", "role", ""});
  for (const Json& variable : description.at("graph").at("variables")) {
    variables.add({variable.at("name"), variable.at("role"), variable.at("doc")});
  }
  out += variables.text(2, columns);
  out += wrapped("interventions: " + joined(description.at("interventions"), "none"), columns, 2);

  const Json& dial = description.at("dial");
  out += heading("dial");
  out +=
      wrapped(fmt::format("{} in [{}, {}]: {}", text_of(dial.at("name")), text_of(dial.at("low")),
                          text_of(dial.at("high")), text_of(dial.at("doc"))),
              columns, 2);
  if (dial.at("mixture").get<bool>()) {
    out += "  a fixed predictor's score is affine in it: one batch of twins gives the curve\n";
  }
  out += heading("domains");
  Table domains({"domain", text_of(dial.at("name")), "training rows", "held-out rows"});
  for (const Json& domain : description.at("domains")) {
    domains.add({domain.at("name"), text_of(domain.at("shift")), rows_text(domain.at("train_rows")),
                 rows_text(domain.at("test_rows"))});
  }
  out += domains.text(2, columns);
  out += fmt::format("  a row: {} float32, {}", text_of(description.at("input_shape")),
                     text_of(description.at("task")));
  if (description.at("groups").get<std::int64_t>() > 0) {
    out += fmt::format(", {} groups", text_of(description.at("groups")));
  }
  return out + "\n" + ceilings_text(description, columns);
}

std::string suite_text(const Json& description, int columns) {
  std::string out;
  if (const auto reason = description.find("unavailable"); reason != description.end()) {
    out += heading("this suite cannot run") + wrapped(text_of(*reason), columns, 2);
  } else {
    out += "\n" + text_of(description.at("grid"));
    out += fmt::format("{} in all\n", count(description.at("trials"), "trial"));
  }
  out += heading("questions");
  for (const Json& question : description.at("questions")) {
    out += wrapped(fmt::format("{} ({} of {})", text_of(question.at("text")),
                               text_of(question.at("kind")), text_of(question.at("experiment"))),
                   columns, 2);
  }
  return out;
}

}  // namespace

std::string description_text(const Json& description, int columns) {
  const std::string noun = description.at("noun");
  std::string out = fmt::format("{} {}", noun, text_of(description.at("name")));
  if (const auto origin = description.find("origin"); origin != description.end()) {
    out += fmt::format(" ({})", text_of(*origin));
  }
  out += '\n' + wrapped(description.at("summary"), columns, 2);
  if (noun == "suite") return out + suite_text(description, columns);
  const std::string reference = description.at("reference");
  if (reference != "-") out += wrapped(reference, columns, 2);
  if (noun == "environment") out += environment_text(description, columns);
  if (noun == "method") {
    out += fmt::format("\nneeds to see: {}\n", joined(description.at("needs"), "labels only"));
    if (description.at("second_order").get<bool>()) {
      out += "differentiates gradients: about " + text_of(description.at("cost_factor")) +
             " times the work of erm\n";
    }
  }
  if (noun == "regime") {
    out += fmt::format("\nlets methods see: {}\n", joined(description.at("grants"), "labels only"));
  }
  return out + options_text(description.at("options"), columns) +
         presets_text(description.at("presets"), columns);
}

}  // namespace spurion::cli
