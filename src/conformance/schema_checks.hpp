#pragma once

#include "conformance/checker.hpp"
#include "spurion/registry.hpp"
#include "spurion/schema.hpp"

namespace spurion::conformance {

/// What holds for a registered thing of any noun: documented, options round-trip, defaults within
/// bounds, search draws within bounds. `required`: values of the fields that must be given.
void check_entry(Checker& checker, const EntryInfo& info, const AnySchema& schema,
                 const Value& required = {});

/// All options of a subject, defaults filled in. Throws `UsageError`.
Value normalised(const AnySchema& schema, const Value& options, const std::string& name);

/// The options of K replicas, all fields: `options` over the defaults first, then with the fields
/// that may differ between replicas, and that `options` does not give, drawn as a search draws
/// them.
std::vector<Value> replica_options(const AnySchema& schema, const Value& options,
                                   const std::string& name, std::int64_t replicas);

}  // namespace spurion::conformance
