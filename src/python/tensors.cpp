#include "python/tensors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <link.h>
#include <pybind11/numpy.h>
#include <torch/csrc/autograd/python_variable.h>

#include <cstring>
#include <set>

#include "spurion/error.hpp"

namespace spurion::python {

namespace {

/// Files of the library libtorch_cpu that this process has loaded: two of them have two kinds of
/// tensors, which must not meet.
int loaded_libtorches() {
  std::set<std::string> files;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t /*size*/, void* data) {
        if (std::strstr(info->dlpi_name, "libtorch_cpu.so") != nullptr) {
          static_cast<std::set<std::string>*>(data)->insert(info->dlpi_name);
        }
        return 0;
      },
      &files);
  return static_cast<int>(files.size());
}

py::dtype dtype_of(const Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return py::dtype::of<float>();
    case at::kDouble:
      return py::dtype::of<double>();
    case at::kLong:
      return py::dtype::of<std::int64_t>();
    case at::kBool:
      return py::dtype::of<bool>();
    default:
      throw LogicError(fmt::format("numpy has no type for {}", at::toString(tensor.scalar_type())));
  }
}

py::object to_numpy(const Tensor& tensor) {
  const Tensor own = tensor.detach().to(at::kCPU).contiguous();
  std::vector<py::ssize_t> shape(own.sizes().begin(), own.sizes().end());
  py::array array(dtype_of(own), shape);
  std::memcpy(array.mutable_data(), own.data_ptr(), own.nbytes());
  return array;
}

/// A copy: numpy may free its memory while a worker still reads it.
Tensor from_numpy(const py::array& given, const std::string& what) {
  const bool whole =
      given.dtype().kind() == 'i' || given.dtype().kind() == 'u' || given.dtype().kind() == 'b';
  if (!whole && given.dtype().kind() != 'f') {
    throw UsageError(fmt::format("{}: expected numbers", what));
  }
  const auto copied = [&](auto array, at::ScalarType type) {
    std::vector<std::int64_t> shape(array.shape(), array.shape() + array.ndim());
    Tensor out = at::empty(shape, at::device(at::kCPU).dtype(type));
    std::memcpy(out.data_ptr(), array.data(), out.nbytes());
    return out;
  };
  constexpr int kPlain = py::array::c_style | py::array::forcecast;
  return whole ? copied(py::array_t<std::int64_t, kPlain>(given), at::kLong)
               : copied(py::array_t<double, kPlain>(given), at::kDouble);
}

}  // namespace

bool has_torch() { return THPVariableClass != nullptr && loaded_libtorches() == 1; }

std::string torch_problem() {
  return loaded_libtorches() > 1
             ? "torch is loaded with another LibTorch than spurion's: use the torch of the "
               "distribution (python3-torch), or import spurion in a process without torch"
             : "";
}

py::object to_python(const Tensor& tensor) {
  if (!tensor.defined()) return py::none();
  if (!has_torch()) return to_numpy(tensor);
  return py::reinterpret_steal<py::object>(THPVariable_Wrap(tensor));
}

Tensor to_tensor(const py::object& object, const std::string& what) {
  if (has_torch() && THPVariable_Check(object.ptr())) return THPVariable_Unpack(object.ptr());
  const py::array array = py::array::ensure(object);
  if (!array) {
    PyErr_Clear();
    throw UsageError(fmt::format("{}: expected a tensor or an array, got {}", what,
                                 std::string(py::str(py::type::of(object)))));
  }
  return from_numpy(array, what);
}

py::object to_python(const Value& value) {
  return py::module_::import("json").attr("loads")(value.canonical_json());
}

Value to_value(const py::object& object, const std::string& what) {
  const std::string text =
      py::str(py::module_::import("json").attr("dumps")(object, py::arg("allow_nan") = false));
  return parse_json(text, what);
}

}  // namespace spurion::python
