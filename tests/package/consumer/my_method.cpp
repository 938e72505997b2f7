#include <spurion/plugin.hpp>

namespace {

struct MyOptions {
  spurion::PerReplica<double> strength = 1.0;
};

/// The mean risk and, `strength` times, the worst domain's.
class MyMethod final : public spurion::ObjectiveMethod {
 public:
  using Options = MyOptions;
  static const spurion::Schema<Options>& schema() {
    static const auto schema = spurion::Schema<Options>().field(
        "strength", &Options::strength, "Weight of the worst domain's risk.", spurion::at_least(0),
        spurion::log_uniform(0.1, 10));
    return schema;
  }
  MyMethod(const Options& options, const spurion::MethodContext& context)
      : strength_(spurion::per_replica_tensor(options.strength, context)) {}

  spurion::Access needs() const override {
    spurion::Access access;
    access.domain_labels = true;
    return access;
  }
  spurion::Tensor objective(const spurion::Output& output, const spurion::Batch& batch,
                            spurion::ReplicaTrainer& /*trainer*/) override {
    const auto risks = spurion::domain_risks(output, batch);  // [K, E]
    return risks.mean(1) + strength_ * std::get<0>(risks.max(1));
  }

 private:
  spurion::Tensor strength_;
};

void add(spurion::Catalog& catalog) {
  catalog.methods.add<MyMethod>("my_method", "Adds the worst risk.", "me 2026");
}

}  // namespace

SPURION_PLUGIN(my_lab, "1.0", add)
