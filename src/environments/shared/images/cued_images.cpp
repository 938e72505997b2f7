#include "environments/shared/images/cued_images.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace spurion::environments {

using Kind = Intervention::Kind;

namespace {

/// Checks before anything is built from the options: parsing has looked at single numbers only.
const CuedImagesOptions& checked(const CuedImagesOptions& options, const std::string& world) {
  check_resolution(options.resolution, world);
  return options;
}

}  // namespace

const Schema<CuedImagesOptions>& CuedImagesOptions::schema() {
  using O = CuedImagesOptions;
  static const auto schema =
      Schema<O>()
          .field("source", &O::source,
                 "Source of the images. glyphs are generated and need no download.")
          .data_source()
          .field("resolution", &O::resolution,
                 "Side of the image in pixels: 28, or 14 (every second pixel).", between(14, 28))
          .field("classes", &O::classes,
                 "How the ten classes of the source form the classes of the task: halves, pairs or "
                 "all.",
                 one_of(ClassGrouping::words()))
          .field("label_noise", &O::label_noise, "P(label differs from the class of the image).",
                 between(0, 1))
          .field("train_shifts", &O::train_shifts, "P(cue disagrees) in each train domain.",
                 between(0, 1))
          .field("test_shift", &O::test_shift, "P(cue disagrees) in the test domain.",
                 between(0, 1));
  return schema;
}

/// The exogenous variables of the rows of one domain and split.
struct CuedImages::Noise {
  explicit Noise(const RandomKey& key)
      : label(key.child("label_noise")),
        cue(key.child("cue_noise")),
        coin(key.child("coin")),
        other_image(key.child("other_image")) {}
  RandomStream label;
  RandomStream cue;
  RandomStream coin;         ///< the value under `resample`
  RandomStream other_image;  ///< the image under an intervention on the shape
};

/// A row before it is painted.
struct CuedImages::Row {
  std::int64_t image;
  int shape;
  int label;
  int cue;
};

CuedImages::CuedImages(const CuedImagesOptions& options, const Naming& naming,
                       const EnvironmentContext& context)
    : GenerativeEnvironment(context,
                            ShiftDomains(naming.world, options.train_shifts, options.test_shift)),
      images_(context.sources, checked(options, naming.world).source,
              {ClassGrouping(options.classes), ImageProtocol::irm,
               static_cast<std::int64_t>(options.train_shifts.size())},
              key_),
      side_(options.resolution),
      label_noise_(options.label_noise),
      follows_class_(naming.follows_class),
      population_({images_.count(), options.label_noise, naming.follows_class}) {
  mean_train_shift_ =
      std::accumulate(options.train_shifts.begin(), options.train_shifts.end(), 0.0) /
      static_cast<double>(options.train_shifts.size());
  describe(options, naming);
}

void CuedImages::describe(const CuedImagesOptions& options, const Naming& naming) {
  const std::string& cue = naming.cue;
  const std::string followed = naming.follows_class ? kShape : "label";
  const std::string noise = cue + "_noise";
  info_.task = classes() == 2 ? Task::binary : Task::multiclass;
  info_.outputs = classes() == 2 ? 1 : classes();
  info_.groups = classes() * classes();
  info_.input_shape = {naming.planes, side_, side_};
  info_.cue = cue;
  info_.causal = kShape;
  info_.graph.variables = {
      {kShape, Role::causal, ClassGrouping(options.classes).text()},
      {"style", Role::hidden, "which image of its class it is"},
      {"label_noise", Role::noise, "not 0 with probability n"},
      {"label", Role::label, "shape, another class where label noise is not 0"},
      {noise, Role::noise, "not 0 with probability e"},
      {cue, Role::spurious, naming.cue_doc},
      {"image", Role::observed, "the input of the model"}};
  info_.graph.edges = {{kShape, "label"}, {"label_noise", "label"}, {followed, cue}, {noise, cue},
                       {kShape, "image"}, {"style", "image"},       {cue, "image"}};
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = fmt::format("P({} disagrees with the {})", cue, followed);
  // Agreeing with the label is agreeing with the class only where the two are the same.
  if (!naming.follows_class || options.label_noise == 0.0) {
    info_.shift_axis.mixture =
        ShiftAxis::Mixture{Intervention::align(cue), Intervention::oppose(cue)};
  }
}

std::int64_t CuedImages::row_limit(const Domain& domain, Split split) const {
  return images_of(domain, split).count();
}

std::int64_t CuedImages::validation_rows(const Domain& domain, std::int64_t test_rows) const {
  return images_of(domain, Split::validation).apart(test_rows);
}

bool CuedImages::supports(const Intervention& intervention) const {
  if (intervention.kind == Kind::none) return true;
  const bool cue = intervention.acts_only_on(info_.cue);
  if (!cue && !intervention.acts_only_on(info_.causal)) return false;
  switch (intervention.kind) {
    case Kind::set: {
      const double value = intervention.value;
      return value >= 0.0 && value < classes() && value == static_cast<int>(value);
    }
    case Kind::flip:
      return classes() == 2;  // "the other value" is one only among two
    case Kind::align:
    case Kind::oppose:
      return cue;  // the label follows the shape, so the shape cannot be chosen by it
    default:
      return true;
  }
}

ImageRows CuedImages::images_of(const Domain& domain, Split split) const {
  return images_.rows(domains_.train_index(domain), domain.key, split);
}

CuedImages::Row CuedImages::draw(const ImageRows& images, const Noise& noise, double shift,
                                 const Intervention& intervention, std::int64_t row) const {
  const int count = classes();
  // Lane 0 decides whether a value is another one, lane 1 which.
  const auto another = [&](const RandomStream& stream) {
    return 1 + static_cast<int>(stream.below(count - 1, row, 1));
  };
  const auto coin = [&] { return static_cast<int>(noise.coin.below(count, row)); };
  const bool acts = intervention.kind != Kind::none;
  Row out{};
  out.image = images[row];
  out.shape = images_.of(out.image);
  if (acts && intervention.acts_on(info_.causal)) {
    const int wanted = intervention.kind == Kind::flip  ? 1 - out.shape
                       : intervention.kind == Kind::set ? static_cast<int>(intervention.value)
                                                        : coin();
    if (wanted != out.shape) {
      out.image = images_.drawn(wanted, images, noise.other_image, row);
      out.shape = wanted;
    }
  }
  out.label = out.shape;
  if (noise.label.bernoulli(label_noise_, row)) {
    out.label = (out.shape + another(noise.label)) % count;
  }
  // One uniform decides for all e at once: along the shift curve a row turns from agreeing to
  // disagreeing.
  out.cue = follows_class_ ? out.shape : out.label;
  if (noise.cue.bernoulli(shift, row)) out.cue = (out.cue + another(noise.cue)) % count;
  if (acts && intervention.acts_on(info_.cue)) {
    switch (intervention.kind) {
      case Kind::set:
        out.cue = static_cast<int>(intervention.value);
        break;
      case Kind::flip:
        out.cue = 1 - out.cue;
        break;
      case Kind::align:
        out.cue = out.label;
        break;
      case Kind::oppose:
        out.cue = (out.label + another(noise.cue)) % count;
        break;
      case Kind::resample:
        out.cue = coin();
        break;
      case Kind::none:
        break;
    }
  }
  return out;
}

Sample CuedImages::generate(const Domain& domain, Split split, RowRange rows,
                            const Intervention& intervention) const {
  const double shift = domains_.shift(domain);
  const ImageRows images = images_of(domain, split);
  const RandomKey key = rows_key(domain, split);
  const Noise noise(key);
  const RandomKey style = key.child("style");
  const std::int64_t planes = info_.input_shape.front();

  Sample sample;
  sample.x = at::empty({rows.count, planes, side_, side_}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  float* x = sample.x.data_ptr<float>();
  for (std::int64_t i = 0; i < rows.count; ++i, x += planes * side_ * side_) {
    const Row row = draw(images, noise, shift, intervention, rows.first + i);
    sample.y.data_ptr<std::int64_t>()[i] = row.label;
    sample.causal.data_ptr<float>()[i] = static_cast<float>(row.shape);
    sample.spurious.data_ptr<float>()[i] = static_cast<float>(row.cue);
    sample.group.data_ptr<std::int64_t>()[i] = classes() * row.label + row.cue;
    paint(images_.pixels(row.image), row.cue, style, rows.first + i, x);
  }
  return sample;
}

Ceilings CuedImages::ceilings(const Domain& domain) const {
  return population_.ceilings(domains_.shift(domain), mean_train_shift_);
}

std::string cued_images_mechanism(const CuedImagesOptions& options, const std::string& cue,
                                  bool follows_class, const std::string& painting) {
  return fmt::format(
      "shape = {}\n"
      "label = shape, with probability n = {} another class, evenly\n"
      "{} = {}, with probability e another class's, evenly\n"
      "{}",
      ClassGrouping(options.classes).text(), options.label_noise, cue,
      follows_class ? "that of the shape" : "that of the label", painting);
}

}  // namespace spurion::environments
