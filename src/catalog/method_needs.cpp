#include "catalog/method_needs.hpp"

namespace spurion::catalog {

std::unique_ptr<Method> method_to_ask(const Catalog& catalog, const Component& method) {
  MethodContext context;
  context.task = Task::binary;
  context.replicas = 1;
  context.domains = 2;
  context.groups = 4;
  context.input_shape = {4};
  context.make_probe = [&catalog](const Value& written) {
    return probe_of(catalog, written, ProbeContext{Task::binary, 1, {4}});
  };
  return catalog.methods.at(method.name).make({method.options}, context);
}

Access method_needs(const Catalog& catalog, const Component& method) {
  return method_to_ask(catalog, method)->needs();
}

}  // namespace spurion::catalog
