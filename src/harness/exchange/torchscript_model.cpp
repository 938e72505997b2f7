#include "harness/exchange/torchscript_model.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "data/file_bytes.hpp"
#include "spurion/error.hpp"

namespace spurion::harness {

namespace {

/// What LibTorch says, without its stack trace and in one line.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

/// The last line that says something: where an error inside the module tells its reason.
std::string last_line(const std::exception& error) {
  std::string text = error.what();
  text = text.substr(0, text.find("\nException raised from"));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

struct ScriptModel::State {
  std::filesystem::path file;
  torch::jit::Module module;
  Device device = c10::kCPU;
};

ScriptModel::ScriptModel(std::filesystem::path file, Device device)
    : state_(std::make_unique<State>()) {
  state_->file = std::move(file);
  state_->device = device;
  data::require_regular(state_->file, "a TorchScript file");
  try {
    state_->module = torch::jit::load(state_->file.string(), device);
    state_->module.eval();
  } catch (const std::exception& refused) {
    throw DataError(fmt::format("'{}': not a TorchScript module that can be loaded: {}",
                                state_->file.string(), first_line(refused)));
  }
}

ScriptModel::~ScriptModel() = default;
ScriptModel::ScriptModel(ScriptModel&&) noexcept = default;
ScriptModel& ScriptModel::operator=(ScriptModel&&) noexcept = default;

Tensor ScriptModel::logits(const Tensor& x) {
  const at::NoGradGuard no_grad;
  c10::IValue result;
  try {
    result = state_->module.forward({x.to(state_->device)});
  } catch (const std::exception& refused) {
    throw DataError(fmt::format("'{}': its forward cannot take rows of shape [{}]: {}",
                                state_->file.string(), fmt::join(x.sizes(), ", "),
                                last_line(refused)));
  }
  if (!result.isTensor()) {
    throw DataError(fmt::format("'{}': its forward gives a {}, expected one tensor of logits",
                                state_->file.string(), result.tagKind()));
  }
  const Tensor logits = result.toTensor().to(at::kCPU, at::kFloat);
  if (logits.dim() < 1 || logits.dim() > 2 || logits.size(0) != x.size(0)) {
    throw DataError(fmt::format(
        "'{}': its forward gives logits of shape [{}] for {} rows, expected [{}] or [{}, outputs]",
        state_->file.string(), fmt::join(logits.sizes(), ", "), x.size(0), x.size(0), x.size(0)));
  }
  return logits;
}

}  // namespace spurion::harness
