#include "spurion/archive.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/whole_rename.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

// File: magic, number of tensors, then of each its name, scalar type, shape and bytes, and at the
// end a hash of all that came before. Numbers are little-endian int64, as in memory.
constexpr char kMagic[] = "spurion state 1\n";
constexpr std::size_t kMagicBytes = sizeof(kMagic) - 1;
constexpr std::int64_t kMaxDimensions = 16;

std::int64_t hash_of(const char* data, std::size_t size) {
  std::uint64_t hash = 1469598103934665603ULL;  // FNV-1a
  for (std::size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<unsigned char>(data[i])) * 1099511628211ULL;
  }
  return static_cast<std::int64_t>(hash);
}

void append(std::string& out, std::int64_t value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

[[noreturn]] void damaged(const std::filesystem::path& file) {
  throw StoreError(
      fmt::format("'{}' is damaged; delete it, and what it holds starts again from its beginning",
                  file.string()));
}

/// Reads forward, never past the end.
class Cursor {
 public:
  Cursor(const std::string& bytes, std::size_t end, const std::filesystem::path& file)
      : bytes_(&bytes), end_(end), file_(&file) {}

  const char* take(std::int64_t count) {
    if (count < 0 || static_cast<std::uint64_t>(count) > end_ - at_) damaged(*file_);
    const char* data = bytes_->data() + at_;
    at_ += static_cast<std::size_t>(count);
    return data;
  }
  std::int64_t integer() {
    std::int64_t value = 0;
    std::memcpy(&value, take(sizeof(value)), sizeof(value));
    return value;
  }

 private:
  const std::string* bytes_;
  std::size_t end_;
  const std::filesystem::path* file_;
  std::size_t at_ = 0;
};

/// Wide enough that no product of a damaged shape overflows.
bool plausible(const std::vector<std::int64_t>& shape, std::int64_t bytes, std::int64_t width) {
  double expected = static_cast<double>(width);
  for (const std::int64_t size : shape) {
    if (size < 0) return false;
    expected *= static_cast<double>(size);
  }
  return expected == static_cast<double>(bytes);
}

}  // namespace

void Archive::put(const std::string& name, const Tensor& value) {
  tensors_[name] = value.defined() ? value.detach().to(at::kCPU).contiguous().clone() : Tensor();
}

void Archive::put_text(const std::string& name, const std::string& value) {
  Tensor bytes = at::empty({static_cast<std::int64_t>(value.size())}, at::kByte);
  if (!value.empty()) std::memcpy(bytes.data_ptr(), value.data(), value.size());
  tensors_[name] = std::move(bytes);
}

Tensor Archive::get(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw StoreError(fmt::format("saved state has no '{}'", name));
  return found->second.defined() ? found->second.clone() : Tensor();
}

std::string Archive::text(const std::string& name) const {
  const Tensor bytes = get(name);
  if (!bytes.defined() || bytes.scalar_type() != at::kByte) {
    throw StoreError(fmt::format("'{}' of a saved state is not text", name));
  }
  return {static_cast<const char*>(bytes.data_ptr()), static_cast<std::size_t>(bytes.numel())};
}

void Archive::write(const std::filesystem::path& file) const {
  std::string out(kMagic, kMagicBytes);
  append(out, static_cast<std::int64_t>(tensors_.size()));
  for (const auto& [name, value] : tensors_) {
    append(out, static_cast<std::int64_t>(name.size()));
    out += name;
    if (!value.defined()) {
      append(out, -1);
      continue;
    }
    append(out, static_cast<std::int64_t>(value.scalar_type()));
    append(out, value.dim());
    for (const std::int64_t size : value.sizes()) append(out, size);
    append(out, static_cast<std::int64_t>(value.nbytes()));
    out.append(static_cast<const char*>(value.data_ptr()), value.nbytes());
  }
  append(out, hash_of(out.data(), out.size()));

  const std::filesystem::path beside = file.string() + ".partial";
  {
    std::ofstream stream(beside, std::ios::binary | std::ios::trunc);
    stream.write(out.data(), static_cast<std::streamsize>(out.size()));
    if (!stream.flush()) {
      throw StoreError(fmt::format("cannot write '{}': {}", beside.string(), std::strerror(errno)));
    }
  }
  core::put_in_place(beside, file);
}

Archive Archive::read(const std::filesystem::path& file) {
  std::error_code unreadable;
  if (!std::filesystem::is_regular_file(file, unreadable)) {
    throw StoreError(fmt::format("cannot read '{}': it is not a plain file", file.string()));
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) {
    throw StoreError(fmt::format("cannot read '{}'", file.string()));
  }
  const std::string bytes = text.str();
  constexpr std::size_t kHashBytes = sizeof(std::int64_t);
  if (bytes.size() < kMagicBytes + 2 * kHashBytes ||
      bytes.compare(0, kMagicBytes, kMagic, kMagicBytes) != 0) {
    damaged(file);
  }
  const std::size_t end = bytes.size() - kHashBytes;
  std::int64_t hash = 0;
  std::memcpy(&hash, bytes.data() + end, kHashBytes);
  if (hash != hash_of(bytes.data(), end)) damaged(file);

  Cursor cursor(bytes, end, file);
  cursor.take(kMagicBytes);
  Archive archive;
  for (std::int64_t left = cursor.integer(); left > 0; --left) {
    const std::int64_t length = cursor.integer();
    const std::string name(cursor.take(length), static_cast<std::size_t>(length));
    const std::int64_t type = cursor.integer();
    if (type < 0) {
      archive.tensors_[name] = Tensor();
      continue;
    }
    if (type >= static_cast<std::int64_t>(at::ScalarType::NumOptions)) damaged(file);
    const auto scalar = static_cast<at::ScalarType>(type);
    const std::int64_t dimensions = cursor.integer();
    if (dimensions < 0 || dimensions > kMaxDimensions) damaged(file);
    std::vector<std::int64_t> shape;
    for (std::int64_t d = 0; d < dimensions; ++d) shape.push_back(cursor.integer());
    const std::int64_t size = cursor.integer();
    const char* data = cursor.take(size);
    if (!plausible(shape, size, static_cast<std::int64_t>(c10::elementSize(scalar)))) damaged(file);
    Tensor value = at::empty(shape, scalar);
    if (size > 0) std::memcpy(value.data_ptr(), data, static_cast<std::size_t>(size));
    archive.tensors_[name] = std::move(value);
  }
  return archive;
}

void StateVisitor::operator()(const char* name, Tensor& value) {
  if (loading_) {
    value = archive_->get(full(name));
    if (value.defined()) value = value.to(device_);
  } else {
    archive_->put(full(name), value);
  }
}

void StateVisitor::operator()(const char* name, std::int64_t& value) {
  std::vector<std::int64_t> one = {value};
  (*this)(name, one);
  value = one.at(0);
}

void StateVisitor::operator()(const char* name, double& value) {
  std::vector<double> one = {value};
  (*this)(name, one);
  value = one.at(0);
}

void StateVisitor::operator()(const char* name, bool& value) {
  std::int64_t number = value ? 1 : 0;
  (*this)(name, number);
  value = number != 0;
}

void StateVisitor::operator()(const char* name, std::string& value) {
  if (loading_) {
    value = archive_->text(full(name));
  } else {
    archive_->put_text(full(name), value);
  }
}

void StateVisitor::operator()(const char* name, std::vector<std::int64_t>& values) {
  Tensor held = loading_ ? Tensor() : at::tensor(values, at::kLong);
  on(at::kCPU)(name, held);
  if (!loading_) return;
  const auto* data = held.data_ptr<std::int64_t>();
  values.assign(data, data + held.numel());
}

void StateVisitor::operator()(const char* name, std::vector<double>& values) {
  Tensor held = loading_ ? Tensor() : at::tensor(values, at::kDouble);
  on(at::kCPU)(name, held);
  if (!loading_) return;
  const auto* data = held.data_ptr<double>();
  values.assign(data, data + held.numel());
}

void StateVisitor::operator()(const char* name, std::vector<Tensor>& values) {
  StateVisitor each = inside(name);
  auto count = static_cast<std::int64_t>(values.size());
  each("count", count);
  values.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) each(std::to_string(i).c_str(), values[i]);
}

}  // namespace spurion
