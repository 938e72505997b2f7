#include "conformance/model_checks.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"

namespace spurion {
namespace conformance {

Tensor ModelSubject::parameters(std::int64_t replicas) const {
  std::vector<RandomKey> keys;
  for (std::int64_t k = 0; k < replicas; ++k) {
    keys.push_back(RandomKey(17).child(static_cast<std::uint64_t>(k)));
  }
  Tensor values = model->initialise(keys);
  // Weights that start at 0 would make most checks pass for nothing.
  for (std::int64_t k = 0; k < replicas; ++k) {
    values.select(0, k).add_(
        normals(keys[static_cast<std::size_t>(k)].child("nudge"), {values.size(1)}) * 0.1);
  }
  return values;
}

Tensor ModelSubject::inputs(std::int64_t replicas, std::int64_t rows) const {
  Shape shape = context.input_shape;
  shape.insert(shape.begin(), {replicas, rows});
  return normals(RandomKey(5).child("inputs"), shape);
}

std::string ModelSubject::text() const {
  return fmt::format("inputs [{}], {} outputs", fmt::join(context.input_shape, ", "),
                     context.outputs);
}

namespace {

void check_layout(const ModelSubject& subject) {
  std::int64_t next = 0;
  for (const ParameterBlock& block : subject.model->layout()) {
    require(!block.name.empty(), "a parameter block has no name");
    require(block.offset == next,
            fmt::format("block '{}' starts at {}, not at {} where the one before it ends",
                        block.name, block.offset, next));
    next += element_count(block.shape);
  }
  require(next > 0, "there are no parameters");
  const Tensor values = subject.model->initialise({RandomKey(1), RandomKey(2)});
  require(values.dim() == 2 && values.size(0) == 2 && values.size(1) == next &&
              values.scalar_type() == at::kFloat && values.is_contiguous(),
          fmt::format("initialise gives [{}], expected contiguous float32 [2, {}]",
                      fmt::join(values.sizes(), ", "), next));
  require(subject.model->forward_flops() > 0.0 && subject.model->step_flops() > 0.0 &&
              subject.model->activation_bytes() > 0.0 && subject.model->max_replicas() >= 1,
          "costs are not positive");
}

void check_initialise(const ModelSubject& subject) {
  const std::vector<RandomKey> keys = {RandomKey(1), RandomKey(2), RandomKey(1)};
  const Tensor all = subject.model->initialise(keys);
  require_finite("the initial parameters", all);
  require_same_bits("replicas with one key", all[0], all[2]);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    require_same_bits(fmt::format("replica {} alone and among three", k),
                      all[static_cast<std::int64_t>(k)], subject.model->initialise({keys[k]})[0]);
  }
  // Weights that do not depend on the key at all (zeros, say) are a choice.
  const bool constant = same_bits(all[0], all[1]);
  require(!constant || all[0].eq(0).all().item<bool>(), "different keys give the same parameters");
}

void check_forward(const ModelSubject& subject) {
  const std::int64_t replicas = std::min<std::int64_t>(3, subject.model->max_replicas());
  for (const std::int64_t rows : {1, 7, 33}) {
    const Tensor parameters = subject.parameters(replicas);
    const Tensor x = subject.inputs(replicas, rows);
    const Output out = subject.model->forward(parameters, x);
    require(
        out.logits.sizes() == at::IntArrayRef({replicas, rows, subject.context.outputs}),
        fmt::format("logits have shape [{}], expected [{}, {}, {}]",
                    fmt::join(out.logits.sizes(), ", "), replicas, rows, subject.context.outputs));
    require(
        out.features.dim() == 3 && out.features.size(0) == replicas && out.features.size(1) == rows,
        fmt::format("features have shape [{}], expected [{}, {}, F]",
                    fmt::join(out.features.sizes(), ", "), replicas, rows));
    require_finite("the logits", out.logits);
    const Tensor again = subject.model->forward_differentiable(parameters, x).logits;
    require(at::allclose(out.logits, again, 1e-4, 1e-5),
            "forward and forward_differentiable disagree");
  }
}

void check_replicas(const ModelSubject& subject) {
  for (const std::int64_t rows : {1, 7, 33}) {
    const Tensor parameters = subject.parameters(kReplicas);
    const Tensor each = subject.inputs(kReplicas, rows);
    const Tensor weights = normals(RandomKey(6), {kReplicas, rows, subject.context.outputs});
    for (const Tensor& x : {each, each.narrow(0, 0, 1)}) {
      const Output together = subject.model->forward(parameters, x);
      const Tensor slopes = gradient(subject, parameters, x, weights);
      for (std::int64_t k = 0; k < kReplicas; ++k) {
        const Tensor own = parameters.narrow(0, k, 1).contiguous();
        const Tensor own_x = x.size(0) == 1 ? x : x.narrow(0, k, 1).contiguous();
        const std::string what =
            fmt::format("with {}, {} rows{}: replica {} alone and among three", subject.text(),
                        rows, x.size(0) == 1 ? " shared" : "", k);
        const Output alone = subject.model->forward(own, own_x);
        require_same_bits(what + ", logits", together.logits.narrow(0, k, 1), alone.logits);
        require_same_bits(what + ", features", together.features.narrow(0, k, 1), alone.features);
        require_same_bits(what + ", gradient", slopes.narrow(0, k, 1),
                          gradient(subject, own, own_x, weights.narrow(0, k, 1).contiguous()));
      }
    }
  }
}

/// Weights that `linear_weights` points at are the slopes of the logits, `linear_coefficients`
/// those of the first.
void check_linear(const ModelSubject& subject) {
  const ParameterBlock* block = subject.model->linear_weights();
  const std::int64_t inputs = element_count(subject.context.input_shape);
  const Tensor parameters = subject.parameters(1);
  const Tensor coefficients = subject.model->linear_coefficients(parameters);
  if (!coefficients.defined()) {
    require(block == nullptr, "linear_weights() are there, linear_coefficients() are not");
    skip("the model is not linear in its inputs");
  }
  require(coefficients.sizes() == at::IntArrayRef({1, inputs}),
          fmt::format("linear_coefficients() have shape [{}], expected [1, {}]",
                      fmt::join(coefficients.sizes(), ", "), inputs));
  Shape shape = subject.context.input_shape;
  shape.insert(shape.begin(), {1, inputs + 1});
  // Row 0 is the origin, row 1 + i the i-th unit vector.
  Tensor x = at::zeros({1, inputs + 1, inputs});
  x[0].narrow(0, 1, inputs).copy_(at::eye(inputs));
  const at::NoGradGuard no_grad;
  const Tensor logits = subject.model->forward(parameters, x.reshape(shape)).logits[0];
  const Tensor slopes = logits.narrow(0, 1, inputs) - logits[0];
  require(at::allclose(slopes.select(1, 0), coefficients[0], 1e-4, 1e-5),
          "linear_coefficients() are not the slopes of the first logit");
  if (block == nullptr) return;
  const Tensor weights =
      parameters[0].narrow(0, block->offset, element_count(block->shape)).reshape({inputs, -1});
  require(at::allclose(slopes, weights, 1e-4, 1e-5),
          "linear_weights() are not the slopes of the logits");
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_model(const Catalog& catalog, const std::string& name,
                                           const Value& options) {
  using namespace conformance;
  const OneThread one_thread;
  const auto& entry = catalog.models.at(name);
  Checker checker({"model", name, options});
  const bool defaults = options.as_table().empty();
  if (defaults) check_entry(checker, entry.info, entry.schema);

  // Vectors, images and sequences, one output and several; a model may refuse some of them.
  const ModelContext contexts[] = {{{5}, 1}, {{5}, 3}, {{2, 6, 6}, 1}, {{6, 4}, 1}, {{5, 3}, 3}};
  std::vector<std::unique_ptr<Model>> models;
  std::vector<ModelSubject> subjects;
  checker.check("can be made", [&] {
    const Value all = normalised(entry.schema, options, name);
    std::string refusal;
    for (const ModelContext& context : contexts) {
      try {
        models.push_back(entry.make({all}, context));
        subjects.push_back({models.back().get(), context});
      } catch (const UsageError& error) {
        refusal = error.what();
      }
    }
    if (subjects.empty() && !defaults) skip("refused: " + refusal);
    require(!subjects.empty(), "refused everything: " + refusal);
  });
  if (subjects.empty()) return checker.take();
  const auto check_each = [&](const char* check, void (*body)(const ModelSubject&)) {
    checker.check(check, [&] {
      for (const ModelSubject& subject : subjects) body(subject);
    });
  };
  const auto check_batched = [&](const char* check, void (*body)(const ModelSubject&)) {
    checker.check(check, [&] {
      if (subjects.front().model->max_replicas() < 3) skip("runs one replica at a time");
      for (const ModelSubject& subject : subjects) body(subject);
    });
  };
  check_each("parameters laid out without gaps", check_layout);
  check_each("initialisation depends on the key only", check_initialise);
  check_each("shapes, also of 1 row", check_forward);
  check_batched("3 replicas equal 3 times 1, bit for bit", check_replicas);
  check_batched("replicas do not mix", check_replicas_separate);
  check_each("gradient agrees with differences", check_gradients);
  check_each("linear weights are the slopes", check_linear);
  return checker.take();
}

}  // namespace spurion
