#pragma once

#include <pybind11/pybind11.h>
#include <torch/csrc/utils/pybind.h>

#include <string>

#include "spurion/tensor.hpp"
#include "spurion/value.hpp"

/// \file
/// What crosses the border to Python: tensors as torch tensors without copying, where Python has
/// loaded the same LibTorch, else as numpy arrays; tables as JSON.

namespace spurion::python {

namespace py = pybind11;

/// Whether `import torch` was done in this process, by the LibTorch that spurion uses.
bool has_torch();
/// Why torch cannot be used although it is loaded; empty: it can, or it is not loaded.
std::string torch_problem();

/// A torch tensor that shares the memory, or a numpy array of its own; None of an undefined tensor.
py::object to_python(const Tensor& tensor);
/// A tensor of a torch tensor, without copying, or of whatever numpy makes an array of. Throws
/// `UsageError` that calls it `what`.
Tensor to_tensor(const py::object& object, const std::string& what);

/// Values and Python objects, by way of JSON.
py::object to_python(const Value& value);
Value to_value(const py::object& object, const std::string& what);

}  // namespace spurion::python
