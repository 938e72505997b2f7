#include "harness/run/pack_checkpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "harness/run/device.hpp"
#include "spurion/error.hpp"
#include "spurion/plugin.hpp"

namespace spurion::harness {

namespace {

constexpr const char* kSuffix = ".state";
constexpr const char* kPartial = ".partial";

/// What follows the last colon: "No space left on device".
std::string reason_of(const std::string& message) {
  const auto colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

std::string ids_of(const Pack& pack) {
  std::string ids;
  for (const TrialSpec& trial : pack.trials) ids += trial.id() + '\n';
  return ids;
}

std::filesystem::path file_of(const CheckpointPlan& plan, const std::string& ids) {
  return plan.folder / fmt::format("{:016x}{}", RandomKey(0).child(ids).value(), kSuffix);
}

}  // namespace

PackCheckpoint::PackCheckpoint(const CheckpointPlan& plan, const Pack& pack,
                               PackEvaluator& evaluator, ReplicaTrainer& trainer, Method& method)
    : plan_(plan),
      trials_(ids_of(pack)),
      file_(file_of(plan, trials_)),
      evaluator_(&evaluator),
      trainer_(&trainer),
      method_(&method),
      last_(std::chrono::steady_clock::now()) {}

void PackCheckpoint::visit(StateVisitor& visitor, const Visit& where) {
  const auto below = [&](const char* name, auto& part) {
    StateVisitor inside = visitor.inside(name).on(trainer_->device());
    part.visit_state(inside);
  };
  below("trainer", *trainer_);
  below("method", *method_);
  below("evaluator", *evaluator_);
  StateVisitor inside = visitor.inside("regime");
  where(inside);
}

void PackCheckpoint::offer(const Visit& where) {
  const bool ending = plan_.stop != nullptr && plan_.stop->load(std::memory_order_relaxed);
  const auto now = std::chrono::steady_clock::now();
  const bool due = std::chrono::duration<double>(now - last_).count() >= plan_.seconds;
  if (ending || due) save(where);
  if (ending) throw Interrupted("stopped");
}

void PackCheckpoint::save(const Visit& where) {
  Archive archive;
  archive.put_text("trials", trials_);
  archive.put_text("build", build_tag() + plan_.made_by);
  archive.put_text("device", device_kind(trainer_->device()));
  StateVisitor saver = StateVisitor::saver(archive);
  visit(saver, where);
  try {
    archive.write(file_);
  } catch (const StoreError& error) {
    std::error_code ignored;
    std::filesystem::remove(file_.string() + kPartial, ignored);
    // Without the name of the file, which differs from pack to pack.
    if (plan_.complain) {
      plan_.complain(
          fmt::format("the state of the trials in training could not be saved in '{}', so a killed "
                      "run would start them again: {}",
                      plan_.folder.string(), reason_of(error.what())));
    }
  }
  last_ = std::chrono::steady_clock::now();
}

bool PackCheckpoint::resume(const Visit& where) {
  if (!std::filesystem::exists(file_)) return false;
  Archive archive;
  try {
    archive = Archive::read(file_);
  } catch (const StoreError&) {
    return false;  // damaged: the trials start again
  }
  // Another build or device need not come to the same bits: it starts the trials again.
  if (archive.text("trials") != trials_ || archive.text("build") != build_tag() + plan_.made_by ||
      (archive.contains("device") ? archive.text("device") : "cpu") !=
          device_kind(trainer_->device())) {
    return false;
  }
  StateVisitor loader = StateVisitor::loader(archive);
  visit(loader, where);
  return true;
}

void PackCheckpoint::discard(const CheckpointPlan& plan, const Pack& pack) {
  if (plan.folder.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(file_of(plan, ids_of(pack)), ignored);
}

void remove_unfinished(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == kPartial) files.push_back(entry->path());
  }
  for (const auto& file : files) std::filesystem::remove(file, error);
}

std::vector<std::vector<std::string>> checkpointed_packs(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == kSuffix) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::vector<std::string>> packs;
  for (const auto& file : files) {
    std::istringstream text;
    try {
      text.str(Archive::read(file).text("trials"));
    } catch (const StoreError&) {
      continue;  // damaged: its trials are planned like any others
    }
    std::vector<std::string> ids;
    for (std::string id; std::getline(text, id);) ids.push_back(id);
    packs.push_back(std::move(ids));
  }
  return packs;
}

}  // namespace spurion::harness
