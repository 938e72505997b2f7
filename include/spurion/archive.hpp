#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "spurion/export.hpp"
#include "spurion/random.hpp"
#include "spurion/tensor.hpp"

/// \file
/// The state of something that may be stopped and goes on later to the same bits.

namespace spurion {

/// Named tensors; numbers and texts are tensors too. Tensors are copied in and out.
class SPURION_API Archive {
 public:
  /// Adds a tensor, or replaces it.
  void put(const std::string& name, const Tensor& value);
  /// Adds a text, or replaces it.
  void put_text(const std::string& name, const std::string& value);
  /// Whether there is a tensor of that name.
  [[nodiscard]] bool contains(const std::string& name) const { return tensors_.count(name) != 0; }
  /// Throw `StoreError` when there is nothing of that name or kind.
  [[nodiscard]] Tensor get(const std::string& name) const;
  /// The text of that name. Throws `StoreError` when there is none.
  [[nodiscard]] std::string text(const std::string& name) const;

  /// Whole or not at all: written beside `file`, synchronised, then renamed. Throws `StoreError`.
  void write(const std::filesystem::path& file) const;
  /// Throws `StoreError` when the file cannot be read or is damaged.
  static Archive read(const std::filesystem::path& file);

 private:
  std::map<std::string, Tensor> tensors_;
};

/// Walks over the state of an object, to save it or to restore it: the object names each of its
/// variables once, for both.
class SPURION_API StateVisitor {
 public:
  /// A visitor that saves into the archive.
  static StateVisitor saver(Archive& archive) { return StateVisitor(archive, false, ""); }
  /// A visitor that restores from the archive.
  static StateVisitor loader(Archive& archive) { return StateVisitor(archive, true, ""); }

  /// The same below a name of its own.
  [[nodiscard]] StateVisitor inside(const std::string& name) const {
    return StateVisitor(*archive_, loading_, prefix_ + name + "/", device_);
  }
  /// The same, restoring tensors to this device; to host memory unless said. What was saved does
  /// not depend on where it was.
  [[nodiscard]] StateVisitor on(Device device) const {
    return StateVisitor(*archive_, loading_, prefix_, device);
  }
  /// Whether it restores.
  [[nodiscard]] bool loading() const { return loading_; }

  /// A tensor may be undefined.
  void operator()(const char* name, Tensor& value);
  /// Saves or restores a whole number.
  void operator()(const char* name, std::int64_t& value);
  /// Saves or restores a number, to the bit.
  void operator()(const char* name, double& value);
  /// Saves or restores a flag.
  void operator()(const char* name, bool& value);
  /// Saves or restores a text.
  void operator()(const char* name, std::string& value);
  /// Saves or restores whole numbers.
  void operator()(const char* name, std::vector<std::int64_t>& values);
  /// Saves or restores numbers, to the bit.
  void operator()(const char* name, std::vector<double>& values);
  /// Saves or restores tensors.
  void operator()(const char* name, std::vector<Tensor>& values);

 private:
  StateVisitor(Archive& archive, bool loading, std::string prefix, Device device = c10::kCPU)
      : archive_(&archive), loading_(loading), prefix_(std::move(prefix)), device_(device) {}
  [[nodiscard]] std::string full(const std::string& name) const { return prefix_ + name; }

  Archive* archive_;
  bool loading_;
  std::string prefix_;
  Device device_;
};

}  // namespace spurion
