// Worlds that cannot be looked at: one whose constructor throws, one that gives rows of a wrong
// shape and whose ceilings throw.
#include <stdexcept>

#include "spurion/plugin.hpp"

namespace {

struct NoOptions {};

const spurion::Schema<NoOptions>& no_options() {
  static const spurion::Schema<NoOptions> schema;
  return schema;
}

/// A world of one number a row, which is all cue.
class Ragged : public spurion::Environment {
 public:
  using Options = NoOptions;
  static const spurion::Schema<Options>& schema() { return no_options(); }
  Ragged(const Options& /*options*/, const spurion::EnvironmentContext& /*context*/) {
    info_.name = "ragged";
    info_.input_shape = {3};
    info_.cue = "cue";
    info_.causal = "cause";
    info_.shift_axis.points = {0.0, 1.0};
  }
  [[nodiscard]] const spurion::EnvironmentInfo& info() const override { return info_; }
  [[nodiscard]] std::vector<spurion::Domain> train_domains() const override {
    return {spurion::Domain::train(0, 0.0)};
  }
  [[nodiscard]] spurion::Domain test_domain() const override { return spurion::Domain::test(1.0); }
  [[nodiscard]] spurion::Domain at(double shift) const override {
    return spurion::Domain::at(shift);
  }
  [[nodiscard]] bool supports(const spurion::Intervention& /*intervention*/) const override {
    return false;
  }
  [[nodiscard]] spurion::Ceilings ceilings(const spurion::Domain& /*domain*/) const override {
    throw std::logic_error("no ceilings\nat all");
  }

 protected:
  [[nodiscard]] spurion::Sample generate(
      const spurion::Domain& /*domain*/, spurion::Split /*split*/, spurion::RowRange rows,
      const spurion::Intervention& /*intervention*/) const override {
    spurion::Sample sample;
    sample.x = at::zeros({rows.count, 2});
    sample.y = at::zeros({rows.count}, at::kLong);
    return sample;
  }

 private:
  spurion::EnvironmentInfo info_;
};

class Unmade final : public Ragged {
 public:
  Unmade(const Options& options, const spurion::EnvironmentContext& context)
      : Ragged(options, context) {
    throw std::logic_error("it cannot be made");
  }
};

void add(spurion::Catalog& catalog) {
  catalog.environments.add<Ragged>("ragged", "Rows of a wrong shape.", "none");
  catalog.environments.add<Unmade>("unmade", "Its constructor throws.", "none");
}

}  // namespace

SPURION_PLUGIN(broken_world, "1.0", add)
