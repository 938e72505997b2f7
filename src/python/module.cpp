#include "python/bindings.hpp"
#include "python/tensors.hpp"
#include "spurion/error.hpp"
#include "spurion/version.hpp"

namespace spurion::python {

void bind_errors(py::module_& module) {
  static py::exception<Error> base(module, "Error", PyExc_RuntimeError);
  static py::exception<UsageError> usage(module, "UsageError", base.ptr());
  static py::exception<DataError> data(module, "DataError", base.ptr());
  static py::exception<StoreError> store(module, "StoreError", base.ptr());
  static py::exception<PluginError> plugin(module, "PluginError", base.ptr());
  py::register_exception_translator([](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const UsageError& error) {
      usage(error.what());
    } catch (const DataError& error) {
      data(error.what());
    } catch (const StoreError& error) {
      store(error.what());
    } catch (const PluginError& error) {
      plugin(error.what());
    } catch (const Interrupted& error) {
      PyErr_SetString(PyExc_KeyboardInterrupt, error.what());
    } catch (const Error& error) {
      base(error.what());
    }
  });
}

}  // namespace spurion::python

PYBIND11_MODULE(_core, module) {
  using namespace spurion::python;
  module.doc() = "What spurion's Python package is made of; use `import spurion`.";
  module.attr("__version__") = spurion::version();
  module.def("has_torch", &has_torch, "Whether tensors are torch tensors, without copying.");
  module.def("torch_problem", &torch_problem);
  bind_errors(module);
  py::class_<PythonCatalog> catalog(module, "Catalog");
  catalog.def(py::init<>());
  bind_catalog(module, catalog);
  bind_environments(module);
  bind_runs(module);
  bind_methods(module, catalog);
}
