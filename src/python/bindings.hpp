#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "spurion/catalog.hpp"

/// \file
/// The module `spurion._core`, part by part. The package `spurion` around it is Python.

namespace spurion::python {

namespace py = pybind11;

/// What Python works with: everything that can be named, also what it registers itself.
struct PythonCatalog {
  Catalog catalog = builtin_catalog();
};

/// Python exceptions of spurion's errors.
void bind_errors(py::module_& module);
/// Names, descriptions, conformance.
void bind_catalog(py::module_& module, py::class_<PythonCatalog>& catalog);
/// Rows, twins, ceilings, scores of logits.
void bind_environments(py::module_& module);
/// Running suites, reports, stores.
void bind_runs(py::module_& module);
/// Methods that are Python classes.
void bind_methods(py::module_& module, py::class_<PythonCatalog>& catalog);

}  // namespace spurion::python
