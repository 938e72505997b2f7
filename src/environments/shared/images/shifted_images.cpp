#include "environments/shared/images/shifted_images.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace spurion::environments {

using Kind = Intervention::Kind;

namespace {

ShiftedImagesOptions checked(ShiftedImagesOptions options) {
  check_resolution(options.resolution, options.world);
  return options;
}

}  // namespace

ShiftedImages::ShiftedImages(ShiftedImagesOptions options, const EnvironmentContext& context)
    : GenerativeEnvironment(context, ShiftDomains(options.world, options.train_values,
                                                  options.test_value, 0.0, options.high)),
      options_(checked(std::move(options))),
      images_(context.sources, options_.source,
              {ClassGrouping(options_.classes),
               options_.protocol == "irm" ? ImageProtocol::irm : ImageProtocol::domainbed,
               static_cast<std::int64_t>(options_.train_values.size())},
              key_) {
  describe();
}

void ShiftedImages::describe() {
  const std::string& variable = options_.variable;
  const int classes = images_.count();
  info_.task = classes == 2 ? Task::binary : Task::multiclass;
  info_.outputs = classes == 2 ? 1 : classes;
  info_.input_shape = {1, options_.resolution, options_.resolution};
  info_.cue = variable;
  info_.causal = kShape;
  info_.graph.variables = {
      {kShape, Role::causal, ClassGrouping(options_.classes).text()},
      {"style", Role::hidden, "which image of its class it is"},
      {"label_noise", Role::noise, "not 0 with probability n"},
      {"label", Role::label, "shape, another class where label noise is not 0"},
      {variable, Role::spurious, options_.variable_doc + "; the domain sets it"},
      {"image", Role::observed, "the input of the model"}};
  info_.graph.edges = {{kShape, "label"},
                       {"label_noise", "label"},
                       {kShape, "image"},
                       {"style", "image"},
                       {variable, "image"}};
  info_.shift_axis.name = variable;
  info_.shift_axis.doc = options_.variable_doc + ", of all pictures of the domain";
  info_.shift_axis.points = options_.points;
}

std::int64_t ShiftedImages::row_limit(const Domain& domain, Split split) const {
  return images_of(domain, split).count();
}

std::int64_t ShiftedImages::validation_rows(const Domain& domain, std::int64_t test_rows) const {
  return images_of(domain, Split::validation).apart(test_rows);
}

ImageRows ShiftedImages::images_of(const Domain& domain, Split split) const {
  return images_.rows(domains_.train_index(domain), domain.key, split);
}

bool ShiftedImages::supports(const Intervention& intervention) const {
  const double value = intervention.value;
  if (intervention.kind == Kind::none) return true;
  if (intervention.acts_only_on(options_.variable)) {
    return intervention.kind == Kind::resample ||
           (intervention.kind == Kind::set && value >= 0.0 && value <= options_.high);
  }
  if (!intervention.acts_only_on(kShape)) return false;
  if (intervention.kind == Kind::set) {
    return value >= 0.0 && value < images_.count() && value == static_cast<int>(value);
  }
  return intervention.kind == Kind::resample ||
         (intervention.kind == Kind::flip && images_.count() == 2);
}

int ShiftedImages::shape_under(const Intervention& intervention, int shape,
                               const RandomStream& coin, std::int64_t row) const {
  if (!intervention.acts_on(kShape)) return shape;
  switch (intervention.kind) {
    case Kind::set:
      return static_cast<int>(intervention.value);
    case Kind::flip:
      return 1 - shape;
    case Kind::resample:
      return static_cast<int>(coin.below(images_.count(), row));
    default:
      return shape;
  }
}

Sample ShiftedImages::generate(const Domain& domain, Split split, RowRange rows,
                               const Intervention& intervention) const {
  const double shown_at = domains_.shift(domain);
  const ImageRows images = images_of(domain, split);
  const RandomKey key = rows_key(domain, split);
  const RandomStream label_noise(key.child("label_noise"));
  const RandomStream coin(key.child("coin"));
  const RandomStream other_image(key.child("other_image"));
  const std::int64_t side = options_.resolution;

  // The values rows may have here: the domain's, that of do(...), or one of training's each.
  const bool on_variable = intervention.acts_on(options_.variable);
  const bool resampled = on_variable && intervention.kind == Kind::resample;
  std::vector<double> values = {shown_at};
  if (on_variable && intervention.kind == Kind::set) values = {intervention.value};
  if (resampled) values = options_.train_values;
  std::vector<Painter> painters;
  for (const double value : values) painters.push_back(painter(value, side));

  Sample sample;
  sample.x = at::empty({rows.count, 1, side, side}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  float* x = sample.x.data_ptr<float>();
  for (std::int64_t i = 0; i < rows.count; ++i, x += side * side) {
    const std::int64_t row = rows.first + i;
    std::int64_t image = images[row];
    int shape = images_.of(image);
    const int wanted = shape_under(intervention, shape, coin, row);
    if (wanted != shape) {
      image = images_.drawn(wanted, images, other_image, row);
      shape = wanted;
    }
    int label = shape;
    if (label_noise.bernoulli(options_.label_noise, row)) {
      label = (shape + 1 + static_cast<int>(label_noise.below(images_.count() - 1, row, 1))) %
              images_.count();
    }
    const auto which = static_cast<std::size_t>(
        resampled ? coin.below(static_cast<std::int64_t>(values.size()), row) : 0);
    painters[which](images_.pixels(image), x);
    sample.y.data_ptr<std::int64_t>()[i] = label;
    sample.causal.data_ptr<float>()[i] = static_cast<float>(shape);
    sample.spurious.data_ptr<float>()[i] = static_cast<float>(values[which]);
  }
  return sample;
}

Ceilings ShiftedImages::ceilings(const Domain& domain) const {
  const double shift = domains_.shift(domain);
  const double noise = options_.label_noise;
  const auto classes = static_cast<double>(images_.count());
  const Ceiling read{std::max(1.0 - noise, noise / (classes - 1.0)), Exactness::closed_form, 0.0};
  Ceilings out;
  out.bayes = read;
  out.invariant = read;
  out.spurious_only = {1.0 / classes, Exactness::closed_form, 0.0};
  out.chance = 1.0 / classes;
  // What a minimiser does where no training row is, nothing says.
  const auto& seen = options_.train_values;
  if (std::find(seen.begin(), seen.end(), shift) != seen.end()) out.population_erm = read;
  return out;
}

}  // namespace spurion::environments
