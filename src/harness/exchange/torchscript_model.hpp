#pragma once

#include <filesystem>
#include <memory>

#include "spurion/export.hpp"
#include "spurion/tensor.hpp"

namespace spurion::harness {

/// A TorchScript file as a fixed predictor.
class SPURION_API ScriptModel {
 public:
  /// Throws `DataError` when the file is missing or is no TorchScript module.
  explicit ScriptModel(std::filesystem::path file, Device device = c10::kCPU);
  ~ScriptModel();
  ScriptModel(ScriptModel&&) noexcept;
  ScriptModel& operator=(ScriptModel&&) noexcept;

  /// `x` [B, ...] to what the module's forward gives, float32 in host memory, without gradients and
  /// in evaluation mode. Throws `DataError` when it throws or gives no tensor of [B] or [B, C].
  [[nodiscard]] Tensor logits(const Tensor& x);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace spurion::harness
