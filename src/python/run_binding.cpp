#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analysis/chosen_trials.hpp"
#include "core/counted.hpp"
#include "core/failure.hpp"
#include "harness/store/identified_results.hpp"
#include "python/bindings.hpp"
#include "python/tensors.hpp"
#include "spurion/error.hpp"
#include "spurion/report.hpp"
#include "spurion/run.hpp"
#include "spurion/store.hpp"

namespace spurion::python {

namespace {

py::dict to_dict(const Progress& progress) {
  py::dict out;
  out["trials_total"] = progress.trials_total;
  out["trials_done"] = progress.trials_done;
  out["trials_found"] = progress.trials_found;
  out["diverged"] = progress.diverged;
  out["failed"] = progress.failed;
  out["share"] = progress.share;
  out["seconds"] = progress.seconds;
  out["seconds_left"] = progress.seconds_left;
  out["notes"] = progress.notes;
  return out;
}

/// How a run is asked for.
struct RunRequest {
  std::string suite;  ///< a name, a file, or the text itself
  bool is_text = false;
  std::string out;
  std::int64_t jobs = 0;
  std::string keep_models;
  bool rerun_changed = false;
};

RunRequest request_of(const py::dict& asked) {
  return {asked["suite"].cast<std::string>(),       asked["is_text"].cast<bool>(),
          asked["out"].cast<std::string>(),         asked["jobs"].cast<std::int64_t>(),
          asked["keep_models"].cast<std::string>(), asked["rerun_changed"].cast<bool>()};
}

/// What Python code throws in a callback ends the run, as its text: it has no place on the stack of
/// a worker.
void call(const py::object& callback, const Progress& progress, std::string& problem,
          std::atomic<bool>& stop) {
  const py::gil_scoped_acquire gil;
  try {
    callback(to_dict(progress));
  } catch (const py::error_already_set& error) {
    if (problem.empty()) problem = core::one_line(std::string(error.what()));
    stop = true;
  }
}

/// Why trials failed, a sentence for each reason, and how often. A trial of several experiments
/// counts once.
std::vector<std::string> failures_in(const std::filesystem::path& folder) {
  std::map<std::string, std::int64_t> reasons;
  const harness::IdentifiedResults found = harness::read_identified(folder);
  const std::vector<bool> first = harness::first_times(found.ids);
  for (std::size_t i = 0; i < first.size(); ++i) {
    const TrialResult& trial = found.results.trials[i];
    if (first[i] && trial.status == Status::failed) ++reasons[trial.message];
  }
  std::vector<std::string> notes;
  for (const auto& [reason, times] : reasons) {
    notes.push_back(core::counted(times, "time") + ": " + reason);
  }
  return notes;
}

/// Runs in a thread of its own, so that this one can look for Ctrl-C.
py::dict run(const PythonCatalog& self, const py::dict& asked, const py::object& progress) {
  const RunRequest request = request_of(asked);
  const Suite suite =
      request.is_text ? Suite::parse(request.suite, "the suite") : Suite::load(request.suite);
  std::atomic<bool> stop{false};
  std::string problem;
  RunOptions options;
  options.out = request.out.empty() ? "results/" + suite.name : request.out;
  options.jobs = request.jobs;
  options.stop = &stop;
  options.changed = request.rerun_changed ? Changed::rerun : Changed::refuse;
  if (!request.keep_models.empty()) {
    options.keep_models = {options.out / "models", analysis::chosen_trials(request.keep_models)};
  }
  if (!progress.is_none()) {
    options.progress = [&](const Progress& now) { call(progress, now, problem, stop); };
  }
  Progress end;
  bool interrupted = false;
  {
    const py::gil_scoped_release released;
    auto running =
        std::async(std::launch::async, [&] { return run_suite(suite, self.catalog, options); });
    while (running.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
      const py::gil_scoped_acquire gil;
      if (PyErr_CheckSignals() != 0) {
        PyErr_Clear();
        interrupted = true;
        stop = true;
      }
    }
    try {
      end = running.get();
    } catch (const Interrupted&) {
      if (!problem.empty()) throw UsageError("the progress callback failed: " + problem);
      if (!interrupted) throw;
      throw Interrupted("stopped; the same call resumes the run");
    }
  }
  if (end.failed > 0) {
    for (std::string& note : failures_in(options.out)) end.notes.push_back(std::move(note));
  }
  py::dict out = to_dict(end);
  out["folder"] = options.out.string();
  return out;
}

/// The sections of a trial by name: what is used there, and its options.
py::dict sections_of(const TrialSpec& spec) {
  py::dict out;
  for (const TrialSection& section : spec.sections()) {
    py::dict part;
    if (section.component != nullptr) part["name"] = section.component->name;
    part["options"] = to_python(*section.options);
    out[section.name] = part;
  }
  return out;
}

/// Trials as dictionaries, and their measurements as columns.
py::dict read(const std::string& folder) {
  StoredResults results;
  {
    const py::gil_scoped_release released;
    results = read_results(folder);
  }
  py::list trials;
  py::list number;
  py::list phase;
  py::list step;
  py::list domain;
  py::list shift;
  py::list metric;
  py::list value;
  std::int64_t index = 0;
  for (const TrialResult& trial : results.trials) {
    py::dict one;
    one["trial"] = index;
    one["id"] = trial.spec.id();
    one["experiment"] = trial.spec.experiment;
    one["status"] = status_name(trial.status);
    one["message"] = trial.message;
    one["flops"] = trial.cost.flops;
    one["steps"] = trial.cost.steps;
    one["seconds"] = trial.cost.seconds;
    one["seed"] = trial.spec.seed;
    one["base_seed"] = trial.spec.base_seed;
    one["config_index"] = trial.spec.config_index;
    one["spec"] = sections_of(trial.spec);
    trials.append(one);
    for (const MeasurementRow row : trial.measurements) {
      number.append(index);
      phase.append(row.phase);
      step.append(row.step);
      domain.append(row.domain);
      shift.append(row.shift);
      metric.append(row.metric);
      value.append(row.value);
    }
    ++index;
  }
  py::dict columns;
  columns["trial"] = number;
  columns["phase"] = phase;
  columns["step"] = step;
  columns["domain"] = domain;
  columns["shift"] = shift;
  columns["metric"] = metric;
  columns["value"] = value;
  py::dict out;
  out["trials"] = trials;
  out["measurements"] = columns;
  out["notes"] = results.notes;
  return out;
}

}  // namespace

void bind_runs(py::module_& module) {
  module.def("run", &run);
  module.def("read", &read);
  module.def("report", [](const std::string& folder, const std::string& to) {
    ReportOptions options;
    options.to = to;
    return write_report(folder, options).html.string();
  });
  module.def("report_text", [](const std::string& folder, int columns) {
    return terminal_report(folder, columns);
  });
}

}  // namespace spurion::python
