#include "spurion/environment_facts.hpp"

#include <cmath>
#include <utility>

#include "facts/splits.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

constexpr Role kRoles[] = {Role::label,  Role::causal,   Role::spurious, Role::noise,
                           Role::hidden, Role::observed, Role::selection};
constexpr Exactness kExactness[] = {Exactness::closed_form, Exactness::enumerated,
                                    Exactness::quadrature, Exactness::empirical};
constexpr Score kScores[] = {Score::accuracy, Score::mean_squared_error};
constexpr Task kTasks[] = {Task::binary, Task::multiclass, Task::regression};
constexpr DomainKind kDomainKinds[] = {DomainKind::train, DomainKind::test, DomainKind::point};
/// The value among `all` that `name_of` gives this name; throws `LogicError` where there is none.
template <class Kind, std::size_t kCount, class Name>
Kind named(const Kind (&all)[kCount], Name name_of, const std::string& text) {
  for (const Kind one : all) {
    if (text == name_of(one)) return one;
  }
  throw LogicError("stored facts of an environment name an unknown '" + text + "'");
}

/// Reads the entries of a table that are there.
class Reader {
 public:
  explicit Reader(const Value& table) : table_(&table) {}

  void read(const char* key, std::string& out) const {
    if (const Value* value = table_->find(key)) out = value->as_string();
  }
  void read(const char* key, double& out) const {
    if (const Value* value = table_->find(key)) out = value->as_number();
  }
  void read(const char* key, std::int64_t& out) const {
    if (const Value* value = table_->find(key)) out = value->as_integer();
  }
  void read(const char* key, bool& out) const {
    if (const Value* value = table_->find(key)) out = value->as_bool();
  }
  void read(const char* key, std::optional<std::int64_t>& out) const {
    if (const Value* value = table_->find(key)) out = value->as_integer();
  }
  void read(const char* key, std::vector<std::string>& out) const {
    each(key, [&](const Value& item) { out.push_back(item.as_string()); });
  }
  void read(const char* key, std::vector<double>& out) const {
    each(key, [&](const Value& item) { out.push_back(item.as_number()); });
  }
  void read(const char* key, std::vector<std::int64_t>& out) const {
    each(key, [&](const Value& item) { out.push_back(item.as_integer()); });
  }
  template <class Kind, std::size_t kCount, class Name>
  void read(const char* key, const Kind (&all)[kCount], Name name_of, Kind& out) const {
    if (const Value* value = table_->find(key)) out = named(all, name_of, value->as_string());
  }
  template <class Use>
  void each(const char* key, const Use& use) const {
    const Value* list = table_->find(key);
    if (list == nullptr) return;
    for (const Value& item : list->as_list()) use(item);
  }

 private:
  const Value* table_;
};

template <class Item>
Value list_of(const std::vector<Item>& items) {
  return Value::List(items.begin(), items.end());
}

template <class Item, class Make>
Value list_of(const std::vector<Item>& items, Make make) {
  Value::List out;
  for (const Item& item : items) out.push_back(make(item));
  return out;
}

Value value_of(const Ceiling& ceiling) {
  Value::Table out{{"exactness", exactness_name(ceiling.exactness)},
                   {"error_bound", ceiling.error_bound}};
  if (std::isfinite(ceiling.value)) out["value"] = ceiling.value;
  return out;
}

Ceiling ceiling_from(const Value& value) {
  Ceiling out{std::nan(""), Exactness::closed_form, 0.0};
  const Reader reader(value);
  reader.read("value", out.value);
  reader.read("exactness", kExactness, exactness_name, out.exactness);
  reader.read("error_bound", out.error_bound);
  return out;
}

Value value_of(const DomainFacts& domain) {
  const Ceilings& ceilings = domain.ceilings;
  Value::Table out{{"domain", domain.name},
                   {"kind", domain_kind_name(domain.kind)},
                   {"shift", domain.shift},
                   {"shifts", list_of(domain.shifts)},
                   {"bayes", value_of(ceilings.bayes)},
                   {"invariant", value_of(ceilings.invariant)},
                   {"spurious_only", value_of(ceilings.spurious_only)},
                   {"chance", ceilings.chance}};
  if (ceilings.population_erm) out["population_erm"] = value_of(*ceilings.population_erm);
  if (domain.train_rows) out["train_rows"] = *domain.train_rows;
  if (domain.test_rows) out["test_rows"] = *domain.test_rows;
  return out;
}

DomainFacts domain_from(const Value& value) {
  DomainFacts out;
  const Reader reader(value);
  reader.read("domain", out.name);
  reader.read("kind", kDomainKinds, domain_kind_name, out.kind);
  reader.read("shift", out.shift);
  reader.read("shifts", out.shifts);
  reader.read("train_rows", out.train_rows);
  reader.read("test_rows", out.test_rows);
  const auto ceiling = [&](const char* key) {
    const Value* known = value.find(key);
    return known == nullptr ? Ceiling{std::nan(""), Exactness::closed_form, 0.0}
                            : ceiling_from(*known);
  };
  out.ceilings.bayes = ceiling("bayes");
  out.ceilings.invariant = ceiling("invariant");
  out.ceilings.spurious_only = ceiling("spurious_only");
  reader.read("chance", out.ceilings.chance);
  if (value.find("population_erm") != nullptr) {
    out.ceilings.population_erm = ceiling("population_erm");
  }
  return out;
}

Value value_of(const RowCounts& counts) {
  return Value::Table{{"test_domain", counts.test_domain},
                      {"split", split_name(counts.split)},
                      {"rows", counts.rows},
                      {"by_class", list_of(counts.classes)},
                      {"by_group", list_of(counts.groups)}};
}

RowCounts row_counts_from(const Value& value) {
  RowCounts out;
  const Reader reader(value);
  reader.read("test_domain", out.test_domain);
  reader.read("split", facts::kSplits, split_name, out.split);
  reader.read("rows", out.rows);
  reader.read("by_class", out.classes);
  reader.read("by_group", out.groups);
  return out;
}

Value value_of(const Cue& cue) {
  return Value::Table{{"name", cue.name},
                      {"doc", cue.doc},
                      {"low", cue.low},
                      {"high", cue.high},
                      {"neutral", cue.neutral}};
}

Cue cue_from(const Value& value) {
  Cue out;
  const Reader reader(value);
  reader.read("name", out.name);
  reader.read("doc", out.doc);
  reader.read("low", out.low);
  reader.read("high", out.high);
  reader.read("neutral", out.neutral);
  return out;
}

void add_graph(const CausalGraph& graph, Value::Table& out) {
  out["variables"] = list_of(graph.variables, [](const Variable& variable) {
    return Value(Value::Table{
        {"name", variable.name}, {"role", role_name(variable.role)}, {"doc", variable.doc}});
  });
  out["edges"] = list_of(graph.edges, [](const Edge& edge) {
    return Value(Value::List{Value(edge.from), Value(edge.to)});
  });
}

CausalGraph graph_from(const Reader& reader) {
  CausalGraph graph;
  reader.each("variables", [&](const Value& variable) {
    Variable out{{}, Role::noise, {}};
    const Reader own(variable);
    own.read("name", out.name);
    own.read("role", kRoles, role_name, out.role);
    own.read("doc", out.doc);
    graph.variables.push_back(std::move(out));
  });
  reader.each("edges", [&](const Value& edge) {
    graph.edges.push_back({edge.as_list().at(0).as_string(), edge.as_list().at(1).as_string()});
  });
  return graph;
}

}  // namespace

Value EnvironmentFacts::to_value() const {
  Value::Table out{{"name", name},
                   {"options", options},
                   {"base_seed", base_seed},
                   {"seed", seed},
                   {"depends_on_seed", depends_on_seed},
                   {"title", title},
                   {"citation", citation},
                   {"mechanism", mechanism},
                   {"deviations", deviations},
                   {"task", task_name(task)},
                   {"score", score_name(score)},
                   {"outputs", outputs},
                   {"groups", groups},
                   {"input_shape", list_of(input_shape)},
                   {"cue", cue},
                   {"causal", causal},
                   {"shift_name", shift_axis.name},
                   {"shift_doc", shift_axis.doc},
                   {"shift_low", shift_axis.low},
                   {"shift_high", shift_axis.high},
                   {"affine_shift", affine_shift},
                   {"cues", list_of(cues, [](const Cue& one) { return value_of(one); })},
                   {"interventions", list_of(interventions)},
                   {"class_names", list_of(class_names)},
                   {"group_names", list_of(group_names)},
                   {"row_notes", list_of(row_notes)},
                   {"train_shifts", list_of(train_shifts)}};
  if (test_shift) out["test_shift"] = *test_shift;
  out["row_counts"] = list_of(row_counts, [](const RowCounts& one) { return value_of(one); });
  out["domains"] = list_of(domains, [](const DomainFacts& one) { return value_of(one); });
  out["shift_points"] = list_of(shift_points, [](const DomainFacts& one) { return value_of(one); });
  add_graph(graph, out);
  if (pictures) {
    out["pictures"] = Value::Table{{"png", pictures->png},
                                   {"width", pictures->width},
                                   {"height", pictures->height},
                                   {"lines", list_of(pictures->lines)}};
  }
  return out;
}

EnvironmentFacts EnvironmentFacts::from_value(const Value& value) {
  EnvironmentFacts out;
  if (!value.is_table()) return out;
  const Reader reader(value);
  reader.read("name", out.name);
  if (const Value* options = value.find("options")) out.options = *options;
  reader.read("base_seed", out.base_seed);
  reader.read("seed", out.seed);
  reader.read("depends_on_seed", out.depends_on_seed);
  reader.read("title", out.title);
  reader.read("citation", out.citation);
  reader.read("mechanism", out.mechanism);
  reader.read("deviations", out.deviations);
  reader.read("task", kTasks, task_name, out.task);
  reader.read("score", kScores, score_name, out.score);
  reader.read("outputs", out.outputs);
  reader.read("groups", out.groups);
  reader.read("input_shape", out.input_shape);
  reader.read("cue", out.cue);
  reader.read("causal", out.causal);
  out.graph = graph_from(reader);
  reader.read("shift_name", out.shift_axis.name);
  reader.read("shift_doc", out.shift_axis.doc);
  reader.read("shift_low", out.shift_axis.low);
  reader.read("shift_high", out.shift_axis.high);
  reader.read("affine_shift", out.affine_shift);
  reader.each("cues", [&](const Value& one) { out.cues.push_back(cue_from(one)); });
  reader.read("interventions", out.interventions);
  reader.each("row_counts",
              [&](const Value& one) { out.row_counts.push_back(row_counts_from(one)); });
  reader.read("class_names", out.class_names);
  reader.read("group_names", out.group_names);
  reader.read("row_notes", out.row_notes);
  reader.read("train_shifts", out.train_shifts);
  if (const Value* shift = value.find("test_shift")) out.test_shift = shift->as_number();
  reader.each("domains", [&](const Value& one) { out.domains.push_back(domain_from(one)); });
  reader.each("shift_points",
              [&](const Value& one) { out.shift_points.push_back(domain_from(one)); });
  if (const Value* pictures = value.find("pictures")) {
    const Reader own(*pictures);
    out.pictures.emplace();
    own.read("png", out.pictures->png);
    own.read("width", out.pictures->width);
    own.read("height", out.pictures->height);
    own.read("lines", out.pictures->lines);
  }
  return out;
}

}  // namespace spurion
