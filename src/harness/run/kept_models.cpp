#include "harness/run/kept_models.hpp"

#include <ATen/ATen.h>
#include <ATen/core/Dict.h>
#include <ATen/core/ivalue.h>
#include <fmt/format.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <fstream>
#include <system_error>
#include <vector>

namespace spurion::harness {

namespace {

using NamedTensors = c10::Dict<std::string, at::Tensor>;

/// The parameters of one replica, block by block, under names that begin with `prefix`.
void add_blocks(const Model& model, const Tensor& parameters, std::int64_t replica,
                const std::string& prefix, NamedTensors& out) {
  const Tensor own = parameters.detach().select(0, replica).to(at::kCPU);
  for (const ParameterBlock& block : model.layout()) {
    std::int64_t size = 1;
    for (const std::int64_t side : block.shape) size *= side;
    // A copy: else each file would hold the parameters of all replicas.
    out.insert(prefix + block.name, own.narrow(0, block.offset, size).reshape(block.shape).clone());
  }
}

std::string said_of(const Evaluated& evaluated) {
  std::string said =
      evaluated.members.empty() ? "the trained parameters"
      : evaluated.members.size() == 1
          ? "parameters that the method made from the trained ones"
          : fmt::format("an ensemble of {} members, whose mean {} predict",
                        evaluated.members.size(),
                        evaluated.join == Evaluated::Join::logits ? "logits" : "probabilities");
  if (evaluated.head) said += "; a last layer of the method predicts from them, and is not in here";
  return said;
}

std::vector<char> bytes_of(const TrialSpec& trial, std::int64_t replica,
                           const ReplicaTrainer& trainer, const Evaluated& evaluated) {
  NamedTensors state;
  const Model& model = trainer.model();
  if (evaluated.members.empty()) {
    add_blocks(model, trainer.parameters(), replica, "", state);
  } else if (evaluated.members.size() == 1) {
    add_blocks(model, evaluated.members.front(), replica, "", state);
  } else {
    for (std::size_t i = 0; i < evaluated.members.size(); ++i) {
      add_blocks(model, evaluated.members[i], replica, fmt::format("member{}.", i), state);
    }
  }
  c10::impl::GenericDict file(c10::StringType::get(), c10::AnyType::get());
  file.insert("state_dict", state);
  file.insert("trial", trial.canonical().canonical_json());
  file.insert("evaluated", said_of(evaluated));
  return torch::jit::pickle_save(file);
}

void write(const std::filesystem::path& path, const std::vector<char>& bytes) {
  const std::filesystem::path beside = path.string() + ".partial";
  std::error_code error;
  {
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(beside, path, error);
  if (!error) return;
  std::error_code ignored;
  std::filesystem::remove(beside, ignored);
  throw UnwrittenModel(fmt::format("cannot write the trained parameters to '{}': {}", path.string(),
                                   error.message()));
}

}  // namespace

void keep_models(const KeptModels& kept, const Pack& pack, const ReplicaTrainer& trainer,
                 const Evaluated& evaluated) {
  std::error_code ignored;  // the first file that cannot be written says so
  std::filesystem::create_directories(kept.folder, ignored);
  for (std::size_t k = 0; k < pack.trials.size(); ++k) {
    const TrialSpec& trial = pack.trials[k];
    if (kept.chosen && !kept.chosen(trial)) continue;
    write(kept.folder / (trial.id() + ".pt"),
          bytes_of(trial, static_cast<std::int64_t>(k), trainer, evaluated));
  }
}

}  // namespace spurion::harness
