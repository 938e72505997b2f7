// A plug-in whose second version learns the opposite: built twice, it is what a rebuilt one is.
#include "spurion/plugin.hpp"

namespace {

struct NoOptions {};

class Changing final : public spurion::ObjectiveMethod {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() {
    static const spurion::Schema<Options> schema;
    return schema;
  }
  Changing(const Options& /*options*/, const spurion::MethodContext& /*context*/) {}
  spurion::Tensor objective(const spurion::Output& output, const spurion::Batch& batch,
                            spurion::ReplicaTrainer& /*trainer*/) override {
    return CHANGING_SIGN * spurion::domain_risks(output, batch).mean(1);
  }
};

void add(spurion::Catalog& catalog) {
  catalog.methods.add<Changing>("changing", "The mean loss, up or down.", "none");
}

}  // namespace

SPURION_PLUGIN(changing, CHANGING_VERSION, add)
