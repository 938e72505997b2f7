#include "spurion/trial.hpp"

namespace spurion {

namespace {

/// Beyond any machine; products of two of them with a number of domains or windows stay countable.
constexpr double kBeyondMachines = 1e12;

}  // namespace

namespace detail {

Value FieldType<Component>::print(const Component& value) {
  Value table = value.options.is_table() ? value.options : Value();
  table.as_table()["name"] = value.name;
  return table;
}

bool FieldType<Component>::read(const Value& v, const FieldInfo& f, const std::string& owner,
                                Problems& p, Component& out) {
  const std::string whose = "an entry of '" + f.name + "' of " + owner;
  if (!is_table(v, whose, p)) return false;
  const Value* name = v.find("name");
  if (name == nullptr || !name->is_string()) {
    const std::string where = v.where().text();
    p.add((where.empty() ? "" : where + ": ") + whose + " has no name: write { name = \"...\" }");
    return false;
  }
  out.name = name->as_string();
  out.options = v;
  out.options.as_table().erase("name");
  return true;
}

}  // namespace detail

const Schema<TrainingOptions>& TrainingOptions::schema() {
  using O = TrainingOptions;
  static const auto schema =
      Schema<O>()
          .field("steps", &O::steps, "Total number of updates. In a stream the phases share them.",
                 between(0, kBeyondMachines), log_uniform_integer(100, 10000))
          .field("rows", &O::rows,
                 "Training rows of each train domain. In a stream: of each domain in each phase.",
                 between(1, kBeyondMachines), log_uniform_integer(100, 100000))
          .field("batch", &O::batch,
                 "Rows of each domain in a minibatch. 0: all rows (full batch).",
                 between(0, kBeyondMachines), log_uniform_integer(8, 512))
          .field("held_out_domain", &O::held_out_domain,
                 "Number of the train domain that is left out of the training and evaluated in the "
                 "place of the test domain, for the selector leave_one_domain_out. -1: none.",
                 between(-1, 1e6));
  return schema;
}

const Schema<EvaluationOptions>& EvaluationOptions::schema() {
  using O = EvaluationOptions;
  static const auto schema =
      Schema<O>()
          .field("rows", &O::rows,
                 "Held-out rows for the evaluation of each domain, and twin pairs for the shift "
                 "curve.",
                 between(1, kBeyondMachines))
          .field("every", &O::every, "Number of steps between two evaluations. 0: only at the end.",
                 between(0, kBeyondMachines))
          .field(
              "training_rows", &O::training_rows,
              "Training rows of each train domain on which the model is also evaluated. 0: none.",
              between(0, kBeyondMachines))
          .field(
              "probes", &O::probes,
              "Probes that look into the model at each evaluation: { name = \"input_gradient\" }. "
              "'as' gives one a label of its own.")
          .field("probe_rows", &O::probe_rows,
                 "Held-out rows of each train domain that probes see; at most 'rows'.",
                 between(2, kBeyondMachines));
  return schema;
}

}  // namespace spurion
