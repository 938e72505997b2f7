// A plug-in whose registration throws after it has added something.
#include <stdexcept>

#include "spurion/plugin.hpp"

namespace {

struct NoOptions {};

class Plain final : public spurion::ObjectiveMethod {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() {
    static const spurion::Schema<Options> schema;
    return schema;
  }
  Plain(const Options& /*options*/, const spurion::MethodContext& /*context*/) {}
  spurion::Tensor objective(const spurion::Output& output, const spurion::Batch& batch,
                            spurion::ReplicaTrainer& /*trainer*/) override {
    return spurion::domain_risks(output, batch).mean(1);
  }
};

/// Its schema cannot be made.
class Broken final : public spurion::ObjectiveMethod {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() { throw std::logic_error("no\nschema"); }
  Broken(const Options& /*options*/, const spurion::MethodContext& /*context*/) {}
  spurion::Tensor objective(const spurion::Output& output, const spurion::Batch& batch,
                            spurion::ReplicaTrainer& /*trainer*/) override {
    return spurion::domain_risks(output, batch).mean(1);
  }
};

void add(spurion::Catalog& catalog) {
  catalog.methods.add<Plain>("plain", "The mean loss, again.", "none");
  catalog.methods.add<Broken>("broken", "Cannot be registered.", "none");
}

}  // namespace

SPURION_PLUGIN(throws_in_add, "1.0", add)
