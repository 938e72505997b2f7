#include <fmt/format.h>

#include <algorithm>

#include "core/place_of.hpp"
#include "spurion/schema.hpp"

namespace spurion {

namespace detail {

namespace {

/// Reports fields that must be there and are not; an empty list counts as none.
void report_missing(const Value& table, const std::vector<FieldInfo>& fields,
                    const std::string& owner, Problems& problems) {
  for (const FieldInfo& field : fields) {
    if (!field.required) continue;
    const Value* value = table.find(field.name);
    const bool empty = value != nullptr && value->is_list() && value->as_list().empty();
    if (value != nullptr && !empty) continue;
    const std::string allowed = field.bounds.text();
    problems.add(fmt::format("{}{} needs {}, a {}{}", core::place_of(empty ? *value : table), owner,
                             field.name, field.type,
                             allowed.empty() ? "" : fmt::format(" {}", allowed)));
  }
}

void report_unknown_keys(const Value& table, const std::vector<FieldInfo>& fields, bool has_presets,
                         const std::string& owner, Problems& problems) {
  for (const auto& [key, value] : table.as_table()) {
    const bool known =
        (has_presets && key == "preset") ||
        std::any_of(fields.begin(), fields.end(),
                    [&name = key](const FieldInfo& field) { return field.name == name; });
    if (known) continue;
    if (key == "preset") {
      problems.add(core::place_of(value) + owner + " has no presets");
      continue;
    }
    std::vector<std::string> names;
    for (const FieldInfo& field : fields) names.push_back(field.name);
    if (has_presets) names.emplace_back("preset");
    problems.add(core::place_of(value) +
                 core::unknown_name_of("option", key, "of " + owner, names));
  }
}

/// Which of `presets` the table's "preset" names; -1 when it has none or a wrong one (reported).
std::int64_t find_preset(const Value& table, const std::vector<PresetInfo>& presets,
                         const std::string& owner, Problems& problems) {
  const Value* given = presets.empty() ? nullptr : table.find("preset");
  if (given == nullptr) return -1;
  if (!given->is_string()) {
    problems.add(core::place_of(*given) + "'preset' of " + owner + " expects a string, got " +
                 given->type_name());
    return -1;
  }
  std::vector<std::string> names;
  for (const PresetInfo& preset : presets) names.push_back(preset.name);
  const auto found = std::find(names.begin(), names.end(), given->as_string());
  if (found == names.end()) {
    problems.add(core::place_of(*given) +
                 core::unknown_name_of("preset", given->as_string(), "of " + owner, names));
    return -1;
  }
  return found - names.begin();
}

/// As one writes it in a suite file, numbers as short as can be.
std::string written(const Value& value) {
  if (value.is_integer()) return fmt::format("{}", value.as_integer());
  if (value.is_number()) return fmt::format("{}", value.as_number());
  if (!value.is_list()) return value.canonical_json();
  std::vector<std::string> items;
  for (const Value& item : value.as_list()) items.push_back(written(item));
  return fmt::format("[{}]", fmt::join(items, ", "));
}

/// "label_noise = 0.1, train_shifts = [0.4, 0.2]"; "the defaults" of no options.
std::string preset_text(const std::vector<PresetOption>& options) {
  if (options.empty()) return "the defaults";
  std::vector<std::string> parts;
  for (const PresetOption& option : options) {
    parts.push_back(fmt::format("{} = {}", option.name, written(option.value)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

[[noreturn]] void refuse_preset(const char* preset, const std::string& why) {
  throw LogicError(fmt::format("preset '{}' cannot be declared: {}", preset, why));
}

}  // namespace

FieldList::FieldList() = default;
FieldList::FieldList(const FieldList& other) = default;
FieldList::FieldList(FieldList&& other) noexcept = default;
FieldList& FieldList::operator=(const FieldList& other) = default;
FieldList& FieldList::operator=(FieldList&& other) noexcept = default;
FieldList::~FieldList() = default;

void FieldList::Member::read(const Value& value, const FieldInfo& info, const std::string& owner,
                             Problems& problems, void* options) const {
  type->read(value, info, owner, problems, static_cast<char*>(options) + offset);
}

Value FieldList::Member::print(const void* options) const {
  return type->print(static_cast<const char*>(options) + offset);
}

void FieldList::add(const DeclaredField& field, const void* defaults, Bounds bounds,
                    Search search) {
  const Member member{field.type, field.offset};
  FieldInfo info{field.name,
                 field.type->name,
                 field.doc,
                 member.print(defaults),
                 std::move(bounds),
                 std::move(search),
                 field.type->per_replica};
  info.fields = field.type->fields();
  fields_.push_back(std::move(info));
  members_.push_back(member);
}

void FieldList::include(const FieldList& base, std::ptrdiff_t offset, const void* defaults) {
  for (std::size_t i = 0; i < base.fields_.size(); ++i) {
    const Member member{base.members_[i].type, base.members_[i].offset + offset};
    FieldInfo info = base.fields_[i];
    info.default_value = member.print(defaults);
    fields_.push_back(std::move(info));
    members_.push_back(member);
  }
}

void FieldList::preset(const char* name, const std::vector<PresetOption>& options,
                       const std::string& note, void* checked) {
  std::vector<Setting> settings;
  Problems problems;
  for (const PresetOption& option : options) {
    std::size_t i = 0;
    while (i < fields_.size() && fields_[i].name != option.name) ++i;
    if (i == fields_.size()) {
      refuse_preset(name, std::string("there is no option ") + option.name);
    }
    members_[i].read(option.value, fields_[i], name, problems, checked);
    settings.push_back({i, option.value});
  }
  if (!problems.empty()) refuse_preset(name, problems.list().front());
  presets_.push_back({name, preset_text(options) + (note.empty() ? "" : ": " + note)});
  settings_.push_back(std::move(settings));
}

void FieldList::last_is(FieldUse use) { fields_.back().use = use; }

void FieldList::last_is_required() { fields_.back().required = true; }

void FieldList::parse(const Value& table, const std::string& owner, Problems& problems,
                      void* options) const {
  report_unknown_keys(table, fields_, !presets_.empty(), owner, problems);
  report_missing(table, fields_, owner, problems);
  const std::int64_t preset = find_preset(table, presets_, owner, problems);
  if (preset >= 0) {
    Problems none;
    for (const auto& [field, value] : settings_[static_cast<std::size_t>(preset)]) {
      members_[field].read(value, fields_[field], "a preset", none, options);
    }
  }
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (const Value* value = table.find(fields_[i].name)) {
      members_[i].read(*value, fields_[i], owner, problems, options);
    }
  }
}

Value FieldList::print(const void* options) const {
  Value::Table table;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    table[fields_[i].name] = members_[i].print(options);
  }
  return table;
}

void FieldList::gather(const std::vector<const void*>& each, void* out) const {
  std::vector<const void*> values(each.size());
  for (const Member& member : members_) {
    for (std::size_t k = 0; k < each.size(); ++k) {
      values[k] = static_cast<const char*>(each[k]) + member.offset;
    }
    member.type->gather(static_cast<char*>(out) + member.offset, values);
  }
}

}  // namespace detail

AnySchema AnySchema::of(const std::vector<FieldInfo>& fields,
                        const std::vector<PresetInfo>& presets, Normalise normalise) {
  return {fields, presets, std::move(normalise)};
}

}  // namespace spurion
