// A good plug-in but for a name that is taken.
#include "spurion/plugin.hpp"

namespace {

struct NoOptions {};

class SecondErm final : public spurion::ObjectiveMethod {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() {
    static const spurion::Schema<Options> schema;
    return schema;
  }
  SecondErm(const Options& /*options*/, const spurion::MethodContext& /*context*/) {}
  spurion::Tensor objective(const spurion::Output& output, const spurion::Batch& batch,
                            spurion::ReplicaTrainer& /*trainer*/) override {
    return spurion::domain_risks(output, batch).mean(1);
  }
};

void add(spurion::Catalog& catalog) {
  catalog.methods.add<SecondErm>("erm", "The mean loss, again.", "none");
}

}  // namespace

SPURION_PLUGIN(duplicate_name, "1.0", add)
