#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "conformance/method_subject.hpp"
#include "conformance/schema_checks.hpp"
#include "conformance/tensors.hpp"
#include "conformance/toy_problem.hpp"

namespace spurion {
namespace conformance {
namespace {

/// Everything that training gives of replica `replica` of `many` is that of `one`, to the bit.
void require_same_results(const std::string& what, const ToyResult& many, const ToyResult& one) {
  require_same_bits(what + ", parameters", many.parameters, one.parameters);
  for (std::size_t i = 0; i < many.own.size(); ++i) {
    require_same_bits(fmt::format("{}, own block {}", what, i), many.own[i], one.own[i]);
  }
  require_same_bits(what + ", logits of what is evaluated", many.evaluated, one.evaluated);
}

/// The results of one replica among several.
ToyResult only(const ToyResult& result, std::int64_t replica) {
  ToyResult one = result;
  one.parameters = result.parameters.narrow(0, replica, 1);
  one.evaluated = result.evaluated.narrow(0, replica, 1);
  for (Tensor& block : one.own) block = block.narrow(0, replica, 1);
  return one;
}

void check_replicas(const MethodSubject& subject) {
  if (!subject.batched) skip("trains one replica at a time");
  // Few rows and many, shared and not: two of the four cases meet all of them.
  for (const auto& [rows, shared] : {std::pair{7, true}, std::pair{33, false}}) {
    ToyShape shape = subject.shape(Task::binary, 2, rows);
    shape.shared = shared;
    with_models(subject, shape, [&](const Model& model, const std::string& name) {
      const ToyRun run = subject.run(model, shape, kReplicas, 6);
      const ToyResult together = train(run);
      for (std::int64_t k = 0; k < kReplicas; ++k) {
        const ToyResult alone = train(replica_of(run, k));
        const std::string what =
            fmt::format("{}: replica {} alone and among three", place(name, shape), k);
        for (std::size_t step = 0; step < alone.losses.size(); ++step) {
          require_same_bits(fmt::format("{}, loss of step {}", what, step),
                            together.losses[step].narrow(0, k, 1), alone.losses[step]);
        }
        require_same_results(what, only(together, k), alone);
      }
    });
  }
}

void check_repeatable(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 2, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    const ToyRun run = subject.run(model, shape, 1, 5);
    require_same_bits(place(name, shape) + ": two runs", train(run).parameters,
                      train(run).parameters);
  });
}

void check_poison(const MethodSubject& subject) {
  if (!subject.batched) skip("trains one replica at a time");
  const ToyShape shape = subject.shape(Task::binary, 2, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    ToyRun run = subject.run(model, shape, kReplicas, 5);
    const ToyResult healthy = train(run);
    run.parameters.select(0, 1).fill_(std::numeric_limits<float>::quiet_NaN());
    const ToyResult poisoned = train(run);
    for (const std::int64_t k : {0, 2}) {
      require_same_bits(fmt::format("{}: replica {} beside a poisoned one", place(name, shape), k),
                        healthy.parameters[k], poisoned.parameters[k]);
      require(poisoned.active[k].item<bool>(),
              fmt::format("{}: healthy replica {} was stopped", place(name, shape), k));
    }
    require(!poisoned.active[1].item<bool>() && poisoned.diverged_at[1] == 0,
            place(name, shape) + ": the poisoned replica is not reported as diverged at step 0");
  });
}

void check_one_domain(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 1, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    try {
      const ToyResult result = train(subject.run(model, shape, 1, 5));
      require(result.active.all().item<bool>(), place(name, shape) + ": diverged");
      require_finite(place(name, shape) + ": the parameters", result.parameters);
    } catch (const UsageError& error) {
      const std::string said = error.what();
      require(said.find(subject.name) != std::string::npos,
              "one domain is refused by a message that does not name the method: " + said);
      skip("refused: " + said);
    }
  });
}

void check_tasks(const MethodSubject& subject) {
  std::string refused;
  int ran = 0;
  for (const auto& [task, word] :
       {std::pair{Task::regression, "regression"}, std::pair{Task::multiclass, "multiclass"}}) {
    const ToyShape shape = subject.shape(task, 2, 33);
    try {
      with_models(subject, shape, [&, kind = word](const Model& model, const std::string& name) {
        const ToyResult result = train(subject.run(model, shape, 1, 5));
        require(result.active.all().item<bool>(),
                fmt::format("{}, {}: diverged", place(name, shape), kind));
      });
      ++ran;
    } catch (const UsageError& error) {
      refused = error.what();
    }
  }
  if (ran == 0) skip("refused: " + refused);
}

/// Mean training risk under plain losses, so that penalties do not count.
double risk_of(const Model& model, const Tensor& parameters, const Batch& batch) {
  const at::NoGradGuard no_grad;
  return domain_risks(model.forward(parameters, batch.x), batch).mean().item<double>();
}

/// Domains hold the same rows, so no method has a reason not to fit them.
void check_learns(const MethodSubject& subject) {
  ToyShape shape = subject.shape(Task::binary, 2, 65);
  shape.same_domains = true;
  const auto model = toy_model(*subject.catalog, "linear", shape);
  if (!model) skip("linear is not registered");
  ToyRun run = subject.run(*model, shape, 1, 200);
  run.batches.resize(1);
  // What is learned from rewards is the label too, not the action that was taken.
  shape.rewards = false;
  const Batch labelled = toy_batch(shape, 1, 0);
  const double before = risk_of(*model, run.parameters, labelled);
  const ToyResult result = train(run);
  require(result.active.all().item<bool>(), "diverged on an easy problem");
  const double after = risk_of(*model, result.parameters, labelled);
  require(after < 0.9 * before,
          fmt::format("on an easy problem the loss went from {:.3f} to {:.3f} in 200 steps", before,
                      after));
}

/// The same rows as one domain.
Batch pooled(Batch batch) {
  for (Tensor Batch::*member :
       {&Batch::y, &Batch::group, &Batch::advantage, &Batch::returns, &Batch::log_probability}) {
    Tensor& values = batch.*member;
    if (values.defined()) values = values.flatten(1).unsqueeze(1);
  }
  batch.rows_per_domain *= batch.domains;
  batch.domains = 1;
  return batch;
}

/// A method that does not ask for domain labels gives the same result when the slots of a batch are
/// one. (Which row comes where may matter, to a memory of rows for example.)
void check_needs(const MethodSubject& subject) {
  if (subject.needs.domain_labels) skip("it needs domain labels");
  const ToyShape shape = subject.shape(Task::binary, 2, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    ToyRun run = subject.run(model, shape, 1, 6);
    const ToyResult dealt = train(run);
    run.shape.domains = 1;
    for (Batch& batch : run.batches) batch = pooled(batch);
    if (run.validation.y.defined()) run.validation = pooled(run.validation);
    require(
        at::allclose(dealt.parameters, train(run).parameters, 1e-3, 1e-4),
        place(name, shape) + ": it does not ask for domain labels, but its result depends on them");
  });
}

void check_resume(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 2, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    const std::int64_t replicas = subject.batched ? kReplicas : 1;
    const ToyRun run = subject.run(model, shape, replicas, 8);
    require_same_results(place(name, shape) + ": saved and restored halfway, and not",
                         train(run, true), train(run));
  });
}

/// A block that never moves was declared for nothing; one of numbers that are none is lost.
void check_own(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 2, 33);
  bool any = false;
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    const ToyResult result = train(subject.run(model, shape, 1, 8));
    for (std::size_t i = 0; i < result.own.size(); ++i) {
      any = true;
      const std::string what = fmt::format("{}: own block {}", place(name, shape), i);
      require_finite(what, result.own[i]);
      require(!at::equal(result.own[i], result.own_before[i]), what + " never moves");
    }
  });
  if (!any) skip("it has no own blocks");
}

/// What is evaluated is what came of the training.
void check_evaluated(const MethodSubject& subject) {
  const ToyShape shape = subject.shape(Task::binary, 2, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    const ToyResult result = train(subject.run(model, shape, 1, 8));
    require_finite(place(name, shape) + ": the logits of what is evaluated", result.evaluated);
    require(!at::equal(result.evaluated, result.evaluated_before),
            place(name, shape) + ": what is evaluated is the same before and after the training");
  });
}

/// Regimes that see only rewards weigh rows. Rows of weight 0 have no effect, and a weight of 1 is
/// none.
void check_weights(const MethodSubject& subject) {
  if (subject.needs.group_labels) skip("no regime gives both group labels and weights of rows");
  ToyShape shape = subject.shape(Task::binary, 2, 33);
  with_models(subject, shape, [&](const Model& model, const std::string& name) {
    const std::string where = place(name, shape) + ", weighted";
    ToyShape weighted = shape;
    weighted.weighted = true;
    const std::int64_t replicas = subject.batched ? kReplicas : 1;
    const ToyRun run = subject.run(model, weighted, replicas, 6);
    const ToyResult together = train(run);
    require(together.active.all().item<bool>(), where + ": diverged");
    require_finite(where + ": the parameters", together.parameters);
    for (std::int64_t k = 0; k < replicas; ++k) {
      require_same_bits(fmt::format("{}: replica {} alone and among others", where, k),
                        together.parameters.narrow(0, k, 1), train(replica_of(run, k)).parameters);
    }
    require_same_bits(where + ": saved and restored halfway, and not", train(run, true).parameters,
                      together.parameters);
    // Where a reward is not seen, the place of the label is held by a wrong one. No such regime has
    // a training set.
    if (!subject.training_set) {
      ToyRun unseen = run;
      for (Batch& batch : unseen.batches) {
        batch.y = at::where(batch.weight > 0, batch.y, 1 - batch.y);
      }
      require_same_bits(where + ": other labels of rows that do not count",
                        train(unseen).parameters, together.parameters);
    }
    ToyRun ones = subject.run(model, shape, replicas, 6);
    const ToyResult plain = train(ones);
    for (Batch& batch : ones.batches) batch.weight = at::ones_like(batch.y).to(at::kFloat);
    require(at::allclose(train(ones).parameters, plain.parameters, 1e-3, 1e-4),
            where + ": weights of 1 change the result");
    require(!at::allclose(together.parameters, plain.parameters, 1e-4, 1e-5),
            where + ": weights are not heeded");
  });
}

}  // namespace
}  // namespace conformance

std::vector<ConformanceResult> check_method(const Catalog& catalog, const std::string& name,
                                            const Value& options) {
  using namespace conformance;
  const OneThread one_thread;
  const auto& entry = catalog.methods.at(name);
  Checker checker({"method", name, options});
  const bool defaults = options.as_table().empty();
  if (defaults) check_entry(checker, entry.info, entry.schema);

  MethodSubject subject;
  subject.catalog = &catalog;
  subject.name = name;
  subject.options = options;
  const bool made = checker.check("can be made", [&] {
    std::unique_ptr<Method> method;
    try {
      ToyShape shape;
      shape.groups = true;
      method = entry.make({normalised(entry.schema, options, name)}, toy_context(shape, 1));
    } catch (const UsageError& error) {
      // An option may make sense only together with another.
      if (!defaults) skip(std::string("refused: ") + error.what());
      throw;
    }
    subject.needs = method->needs();
    subject.batched = method->max_replicas() >= kReplicas;
    subject.training_set = method->row_request().any();
    require(method->cost_factor() > 0.0 && method->max_replicas() >= 1, "costs are not positive");
    require(
        method->row_request().sampling != Sampling::group_balanced || subject.needs.group_labels,
        "it balances groups, but does not ask for group labels");
    require(!method->row_request().unlabelled_target || subject.needs.unlabelled_target,
            "it trains with unlabelled rows of the test domain, but does not ask for them");
  });
  if (!made) return checker.take();
  const auto check = [&](const char* what, void (*body)(const MethodSubject&)) {
    checker.check(what, [&] { body(subject); });
  };
  check("two runs agree, bit for bit", check_repeatable);
  check("3 replicas equal 3 times 1, bit for bit", check_replicas);
  check("a poisoned replica leaves the others alone", check_poison);
  check("finite or refused on one domain", check_one_domain);
  check("finite on other tasks", check_tasks);
  check("finite or refused on poor rows", check_poor_rows);
  check("learns an easy problem", check_learns);
  check("sees only what it asks for", check_needs);
  check("heeds the weights of rows", check_weights);
  check("goes on from saved state, bit for bit", check_resume);
  check("its own blocks move and stay finite", check_own);
  check("what is evaluated follows the training", check_evaluated);
  check("trains a model with batch normalisation", check_batch_normalised);
  check("adapts each replica as if alone", check_adaptation);
  return checker.take();
}

}  // namespace spurion
