#include "catalog/image_source_of.hpp"

namespace spurion::catalog {

std::string image_source_of(const Component& environment, const Catalog& catalog) {
  if (!catalog.environments.contains(environment.name)) return {};
  const AnySchema& schema = catalog.environments.at(environment.name).schema;
  const FieldInfo* field = schema.find(FieldUse::image_source);
  if (field == nullptr || !environment.options.is_table()) return {};
  const Value* source = environment.options.find(field->name);
  return source != nullptr && source->is_string() ? source->as_string() : std::string();
}

}  // namespace spurion::catalog
