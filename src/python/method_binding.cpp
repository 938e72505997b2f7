#include <ATen/ATen.h>
#include <fmt/format.h>
#include <pybind11/stl.h>
#include <torch/csrc/autograd/python_variable.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "core/failure.hpp"
#include "python/bindings.hpp"
#include "python/tensors.hpp"
#include "spurion/error.hpp"
#include "spurion/method.hpp"

namespace spurion::python {

namespace {

/// A Python object that code without the interpreter's lock may hold and let go.
using Held = std::shared_ptr<py::object>;

Held held(py::object object) {
  return {new py::object(std::move(object)), [](py::object* one) {
            const py::gil_scoped_acquire gil;
            delete one;
          }};
}

/// What Python said, in one line with the place of the failure.
std::string said(const py::error_already_set& error) {
  const std::string text = error.what();
  const std::size_t at = text.find("\n\nAt:\n");
  std::string place;
  if (at != std::string::npos) {
    const std::size_t begin = text.find_first_not_of(' ', at + 6);
    place = " (" + text.substr(begin, text.find('\n', begin) - begin) + ")";
  }
  return core::one_line(text.substr(0, at)) + place;
}

/// Calls Python, and gives what it throws as a `PluginError`, which names the method where it
/// fails.
template <class Body>
auto in_python(const Body& body) -> decltype(body()) {
  const py::gil_scoped_acquire gil;
  try {
    return body();
  } catch (const py::error_already_set& error) {
    throw PluginError(said(error));
  } catch (const py::cast_error& error) {
    throw PluginError(core::one_line(std::string(error.what())));
  }
}

Access access_of(const std::vector<std::string>& words) {
  static const std::map<std::string, bool Access::*> known = {
      {"domain_labels", &Access::domain_labels}, {"group_labels", &Access::group_labels}};
  Access access;
  for (const std::string& word : words) {
    const auto found = known.find(word);
    if (found == known.end()) {
      throw UsageError(fmt::format(
          "a method in Python can need 'domain_labels' or 'group_labels', not '{}'", word));
    }
    access.*found->second = true;
  }
  return access;
}

/// Whether the first argument of `objective` is the risks.
bool takes_risks(const std::string& uses) {
  if (uses != "risks" && uses != "logits") {
    throw UsageError(fmt::format("a method in Python can use 'logits' or 'risks', not '{}'", uses));
  }
  return uses == "risks";
}

/// What `objective` sees beside its first argument. It holds all of it, so that Python may keep it.
struct PythonBatch {
  Output output;
  Batch batch;
  Tensor parameters;
  std::int64_t step = 0;
};

/// What a Python class says of itself, read once.
struct MethodClass {
  Held make;  ///< from the options of each replica and facts: an instance
  Access needs;
  bool uses_risks = false;
  bool second_order = false;
  std::vector<std::string> state;  ///< attributes that are tensors
};

py::dict facts_of(const MethodContext& context) {
  py::dict out;
  out["replicas"] = context.replicas;
  out["domains"] = context.domains;
  out["steps"] = context.steps;
  out["groups"] = context.groups;
  out["outputs"] = context.outputs;
  out["task"] = context.task == Task::binary       ? "binary"
                : context.task == Task::multiclass ? "multiclass"
                                                   : "regression";
  return out;
}

/// A method whose objective is Python code.
class PythonMethod final : public ObjectiveMethod {
 public:
  PythonMethod(std::shared_ptr<const MethodClass> type, const std::vector<Value>& options,
               const MethodContext& context)
      : type_(std::move(type)) {
    in_python([&] {
      py::list each;
      for (const Value& one : options) each.append(to_python(one));
      const py::object instance = (*type_->make)(each, facts_of(context));
      objective_ = held(instance.attr("objective"));
      instance_ = held(instance);
    });
  }

  [[nodiscard]] Access needs() const override { return type_->needs; }
  [[nodiscard]] bool needs_second_order() const override { return type_->second_order; }
  [[nodiscard]] RiskInput risk_input() const override {
    return type_->uses_risks ? RiskInput::risks : RiskInput::logits;
  }

  Tensor objective(const Output& output, const Batch& batch, ReplicaTrainer& trainer) override {
    const Tensor first = type_->uses_risks ? domain_risks(output, batch) : output.logits;
    return in_python([&] {
      const py::object loss = (*objective_)(
          to_python(first), PythonBatch{output, batch, trainer.parameters(), trainer.step()});
      if (!THPVariable_Check(loss.ptr())) {
        throw PluginError(fmt::format("objective returned {}, expected a torch tensor of {} losses",
                                      std::string(py::str(py::type::of(loss))),
                                      trainer.replicas()));
      }
      return Tensor(THPVariable_Unpack(loss.ptr()));
    });
  }

  void visit_state(StateVisitor& visit) override {
    for (const std::string& name : type_->state) {
      Tensor value = in_python([&] {
        const py::object held_value = instance_->attr(name.c_str());
        return held_value.is_none() ? Tensor() : to_tensor(held_value, name);
      });
      visit(name.c_str(), value);
      if (!visit.loading()) continue;
      in_python([&] { instance_->attr(name.c_str()) = to_python(value); });
    }
  }

 private:
  std::shared_ptr<const MethodClass> type_;
  Held instance_;
  Held objective_;
};

/// One option, as `spurion.option` describes it.
FieldInfo field_of(const py::dict& option) {
  FieldInfo field;
  field.name = option["name"].cast<std::string>();
  field.type = option["type"].cast<std::string>();
  field.doc = option["doc"].cast<std::string>();
  field.default_value = to_value(option["default"], field.name);
  field.per_replica = field.type == "number";
  if (!option["low"].is_none()) field.bounds.low = option["low"].cast<double>();
  if (!option["high"].is_none()) field.bounds.high = option["high"].cast<double>();
  if (!option["words"].is_none()) {
    field.bounds.words = option["words"].cast<std::vector<std::string>>();
  }
  if (!option["search"].is_none()) {
    const auto range = option["search"].cast<std::pair<double, double>>();
    field.search = range.first > 0.0 ? log_uniform(range.first, range.second)
                                     : uniform(range.first, range.second);
  }
  return field;
}

/// The value of one option of a table, checked; its default where the table has none.
Value checked(const FieldInfo& field, const Value& table, const std::string& owner,
              Problems& problems) {
  const Value* given = table.find(field.name);
  if (given == nullptr) return field.default_value;
  if (field.type == "number") {
    double number = 0.0;
    detail::read_number(*given, field, owner, problems, number);
    return number;
  }
  if (field.type == "integer") {
    std::int64_t number = 0;
    detail::read_integer(*given, field, owner, problems, number);
    return number;
  }
  if (field.type == "boolean") {
    bool flag = false;
    detail::read_bool(*given, field, owner, problems, flag);
    return flag;
  }
  std::string text;
  detail::read_string(*given, field, owner, problems, text);
  return text;
}

AnySchema schema_of(const py::list& options) {
  AnySchema schema;
  std::vector<std::string> names;
  for (const py::handle option : options) {
    schema.fields.push_back(field_of(option.cast<py::dict>()));
    names.push_back(schema.fields.back().name);
  }
  schema.normalise = [fields = schema.fields, names](const Value& table, const std::string& owner,
                                                     Problems& problems) {
    for (const auto& [name, value] : table.as_table()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        problems.add(owner + ": " + unknown_name_message("option", name, names));
      }
    }
    Value::Table out;
    for (const FieldInfo& field : fields) out[field.name] = checked(field, table, owner, problems);
    return Value(out);
  };
  return schema;
}

/// Registers a class that `spurion.register` described.
void add_method(PythonCatalog& self, const py::dict& described) {
  auto type = std::make_shared<MethodClass>();
  type->make = held(described["make"]);
  type->needs = access_of(described["needs"].cast<std::vector<std::string>>());
  type->uses_risks = takes_risks(described["uses"].cast<std::string>());
  type->second_order = described["second_order"].cast<bool>();
  type->state = described["state"].cast<std::vector<std::string>>();
  Registry<Method, MethodContext>::Entry entry;
  entry.info.name = described["name"].cast<std::string>();
  entry.info.summary = described["summary"].cast<std::string>();
  entry.info.reference = described["reference"].cast<std::string>();
  entry.schema = schema_of(described["options"].cast<py::list>());
  entry.code_hash = described["hash"].cast<std::string>();
  entry.make = [type](const std::vector<Value>& options, MethodContext context) {
    return std::unique_ptr<Method>(new PythonMethod(type, options, context));
  };
  self.catalog.methods.set_origin("python " + entry.info.name);
  self.catalog.methods.add_entry(std::move(entry));
  self.catalog.methods.set_origin(EntryInfo::kProgram);
}

}  // namespace

void bind_methods(py::module_& module, py::class_<PythonCatalog>& catalog) {
  py::class_<PythonBatch>(module, "Batch")
      .def_property_readonly("x", [](const PythonBatch& b) { return to_python(b.batch.x); })
      .def_property_readonly("y", [](const PythonBatch& b) { return to_python(b.batch.y); })
      .def_property_readonly("group", [](const PythonBatch& b) { return to_python(b.batch.group); })
      .def_property_readonly("weight",
                             [](const PythonBatch& b) { return to_python(b.batch.weight); })
      .def_property_readonly("features",
                             [](const PythonBatch& b) { return to_python(b.output.features); })
      .def_property_readonly("parameters",
                             [](const PythonBatch& b) { return to_python(b.parameters); })
      .def_property_readonly("step", [](const PythonBatch& b) { return b.step; })
      .def_property_readonly("domains", [](const PythonBatch& b) { return b.batch.domains; })
      .def_property_readonly("rows_per_domain",
                             [](const PythonBatch& b) { return b.batch.rows_per_domain; })
      .def("risks", [](const PythonBatch& b) { return to_python(domain_risks(b.output, b.batch)); })
      .def("losses", [](const PythonBatch& b) {
        return to_python(losses::row_loss(b.batch.task, b.output.logits,
                                          b.batch.y.reshape({b.batch.y.size(0), -1})));
      });
  catalog.def("add_method", &add_method);
}

}  // namespace spurion::python
