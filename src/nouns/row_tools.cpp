#include "spurion/row_tools.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

#include "nouns/weighted_mean.hpp"
#include "spurion/error.hpp"

namespace spurion {

namespace {

/// [K, E * B] of row numbers for a table of K replicas.
Tensor numbers_of(const Batch& batch, std::int64_t replicas) {
  if (!batch.number.defined()) {
    throw PluginError(
        "it uses row numbers of a minibatch, but did not ask for them (Method::row_request)");
  }
  return batch.number.flatten(1).expand({replicas, -1});
}

/// [K, B, ...] of rows that all replicas may share.
Tensor own_rows(const Tensor& rows, std::int64_t replicas) {
  Shape shape = rows.sizes().vec();
  shape[0] = replicas;
  return rows.expand(shape);
}

}  // namespace

Tensor table_rows(const Tensor& table, const Batch& batch) {
  const Tensor numbers = numbers_of(batch, table.size(0));
  return table.gather(1, numbers).reshape({table.size(0), batch.domains, batch.rows_per_domain});
}

void put_table_rows(Tensor& table, const Batch& batch, const Tensor& values) {
  const std::int64_t replicas = table.size(0);
  const Tensor numbers = numbers_of(batch, replicas).contiguous();
  const Tensor dense =
      own_rows(values.detach().flatten(1).to(table.scalar_type()), replicas).contiguous();
  if (!table.is_cpu()) {
    table.scatter_(1, numbers, dense);
    return;
  }
  SPURION_CHECK(table.is_contiguous(), "a table [K, N] with gaps");
  const std::size_t bytes = table.element_size();
  auto* out = static_cast<char*>(table.data_ptr());
  const auto* from = static_cast<const char*>(dense.data_ptr());
  const std::int64_t* number = numbers.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < numbers.numel(); ++i) {
    const std::int64_t to = i / numbers.size(1) * table.size(1) + number[i];
    std::memcpy(out + static_cast<std::size_t>(to) * bytes,
                from + static_cast<std::size_t>(i) * bytes, bytes);
  }
}

Tensor row_losses(const Output& output, const Batch& batch) {
  return losses::row_loss(batch.task, output.logits, batch.y.flatten(1))
      .reshape({output.logits.size(0), batch.domains, batch.rows_per_domain});
}

Tensor row_mean(const Tensor& values, const Batch& batch) {
  const Tensor flat = values.flatten(1);
  if (!flat.is_cpu() || flat.scalar_type() != at::kFloat) {
    return (batch.weight.defined() ? flat * batch.weight.flatten(1) : flat).mean(1);
  }
  const Tensor weights =
      batch.weight.defined() ? batch.weight.flatten(1).contiguous() : at::ones({1, flat.size(1)});
  return nouns::weighted_mean(flat, weights);
}

Tensor row_correct(const Output& output, const Batch& batch) {
  SPURION_CHECK(batch.task != Task::regression, "rows of a regression are not right or wrong");
  return losses::predict(batch.task, output.logits)
      .eq(batch.y.flatten(1))
      .reshape({output.logits.size(0), batch.domains, batch.rows_per_domain});
}

Tensor row_confidence(const Output& output, const Batch& batch) {
  SPURION_CHECK(batch.task != Task::regression, "labels of a regression have no probability");
  return losses::exp(-row_losses(output, batch));
}

Tensor logit_gradients(const Output& output, const Batch& batch) {
  const Tensor targets = batch.y.flatten(1);
  if (batch.task != Task::multiclass) {
    return losses::shift_gradient(batch.task, output.logits, targets).unsqueeze(-1);
  }
  const Tensor& logits = output.logits;
  const Tensor powers = losses::exp(logits - std::get<0>(logits.detach().max(-1, true)));
  const Tensor classes = at::arange(logits.size(-1), targets.options());
  return powers / powers.sum(-1, true) - targets.unsqueeze(-1).eq(classes).to(logits.scalar_type());
}

Tensor last_layer_gradients(const Output& output, const Batch& batch) {
  const Tensor slopes = logit_gradients(output, batch);
  const Tensor weights = (output.features.unsqueeze(-1) * slopes.unsqueeze(2)).flatten(2);
  return at::cat({weights, slopes}, 2);
}

InputPass input_pass(const ReplicaTrainer& trainer, const Batch& batch) {
  InputPass pass;
  pass.x = own_rows(batch.x.to(trainer.device()), trainer.replicas())
               .contiguous()
               .detach()
               .clone()
               .requires_grad_(true);
  const Model& model = trainer.model();
  pass.output = columns_with(model, BlockRole::statistic).numel() > 0
                    ? model.forward_with_statistics(trainer.parameters(), pass.x, 1.0)
                    : model.forward_differentiable(trainer.parameters(), pass.x);
  return pass;
}

Tensor input_gradients(const Tensor& values, const InputPass& pass, bool create_graph) {
  return torch::autograd::grad({values.sum()}, {pass.x}, {}, /*retain_graph=*/true,
                               create_graph)[0];
}

MixedRows mixed_rows(const Batch& batch, const Tensor& other, const Tensor& share) {
  const std::int64_t replicas = other.size(0);
  const std::int64_t rows = other.size(1);
  const auto partner = [&](const Tensor& values) {
    Shape index = values.sizes().vec();
    index[0] = replicas;
    Tensor number = other;
    while (number.dim() < values.dim()) number = number.unsqueeze(-1);
    return own_rows(values, replicas).gather(1, number.expand(index));
  };
  MixedRows mixed;
  mixed.first = batch;
  Tensor weight = share.to(batch.x.scalar_type());
  mixed.share = weight.reshape({replicas, batch.domains, batch.rows_per_domain});
  while (weight.dim() < batch.x.dim()) weight = weight.unsqueeze(-1);
  mixed.first.x =
      (weight * own_rows(batch.x, replicas) + (1.0 - weight) * partner(batch.x)).contiguous();
  mixed.first.y = own_rows(batch.y, replicas).contiguous();
  mixed.y_other = partner(batch.y.reshape({batch.y.size(0), rows})).reshape_as(mixed.first.y);
  if (batch.weight.defined()) {
    const Tensor own = own_rows(batch.weight.flatten(1), replicas);
    const Tensor alone = other.eq(at::arange(rows, other.options()));
    mixed.first.weight =
        at::where(alone, own, own * partner(own)).reshape_as(mixed.first.y).contiguous();
  }
  return mixed;
}

Tensor mixed_losses(const Output& output, const MixedRows& rows) {
  Batch other = rows.first;
  other.y = rows.y_other;
  return rows.share * row_losses(output, rows.first) +
         (1.0 - rows.share) * row_losses(output, other);
}

Batch domain_rows(const Batch& batch, std::int64_t domain) {
  Batch one = batch;
  Shape shape = batch.x.sizes().vec();
  shape[1] = batch.rows_per_domain;
  shape.insert(shape.begin() + 1, batch.domains);
  one.x = batch.x.reshape(shape).select(1, domain).contiguous();
  for (Tensor Batch::*member : {&Batch::y, &Batch::group, &Batch::weight, &Batch::number}) {
    if ((one.*member).defined()) one.*member = (one.*member).narrow(1, domain, 1).contiguous();
  }
  one.domains = 1;
  return one;
}

}  // namespace spurion
