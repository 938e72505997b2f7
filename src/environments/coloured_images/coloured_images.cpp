#include "environments/coloured_images/coloured_images.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/ceilings/tie_rules.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::first_is_better;
using environments::ImageProtocol;
using environments::ImageRows;
using Kind = Intervention::Kind;

constexpr const char* kColour = "colour";

/// Checks before anything is built from the options: parsing has looked at single numbers only.
ColouredImagesOptions checked(ColouredImagesOptions options) {
  check_resolution(options.resolution, "coloured_images");
  return options;
}

CausalGraph causal_graph() {
  return {{{kShape, Role::causal, "1 when the class of the image is below 5"},
           {"style", Role::hidden, "which image of that half of the classes it is"},
           {"label_noise", Role::noise, "1 with probability n"},
           {"label", Role::label, "shape, flipped by label noise"},
           {"colour_noise", Role::noise, "1 with probability e"},
           {kColour, Role::spurious, "label, flipped by colour noise"},
           {"image", Role::observed, "the input of the model"}},
          {{kShape, "label"},
           {"label_noise", "label"},
           {"label", kColour},
           {"colour_noise", kColour},
           {kShape, "image"},
           {"style", "image"},
           {kColour, "image"}}};
}

/// One channel: pixels / 255, every kStep-th of both axes. Division, not multiplication by the
/// inverse, gives the same floats as the authors' code.
template <int kSide, int kStep>
void paint(const std::uint8_t* image, float* out) {
  for (int row = 0; row < kSide; ++row) {
    const std::uint8_t* line = image + row * kStep * kImageSide;
    for (int column = 0; column < kSide; ++column) {
      out[row * kSide + column] = static_cast<float>(line[column * kStep]) / 255.0F;
    }
  }
}

/// Share of rows where shape equals the label or not (`faithful`) and colour does (`agrees`).
double cell(double noise, double shift, bool faithful, bool agrees) {
  return (faithful ? 1.0 - noise : noise) * (agrees ? 1.0 - shift : shift);
}

/// How often a predictor says what the shape says where shape and colour are equal and where they
/// differ. Both values of the label look alike, so these two numbers describe every symmetric
/// predictor of (shape, colour).
struct CellRule {
  double equal;
  double differ;
  /// Share of rows it gets right.
  [[nodiscard]] double accuracy(double noise, double shift) const {
    return equal * cell(noise, shift, true, true) + (1 - equal) * cell(noise, shift, false, false) +
           differ * cell(noise, shift, true, false) +
           (1 - differ) * cell(noise, shift, false, true);
  }
};

/// The best rule where the colour disagrees with probability `shift`.
CellRule best_rule(double noise, double shift) {
  return {first_is_better(cell(noise, shift, true, true), cell(noise, shift, false, false)),
          first_is_better(cell(noise, shift, true, false), cell(noise, shift, false, true))};
}

/// Whether shape and colour are ever equal, or ever differ, where they are so here.
bool training_shows(double noise, double here, double train_shift) {
  const auto equal = [noise](double e) {
    return cell(noise, e, true, true) + cell(noise, e, false, false) > 0.0;
  };
  const auto differ = [noise](double e) {
    return cell(noise, e, true, false) + cell(noise, e, false, true) > 0.0;
  };
  return (!equal(here) || equal(train_shift)) && (!differ(here) || differ(train_shift));
}

}  // namespace

/// The exogenous variables of the rows of one domain and split.
struct ColouredImages::Noise {
  explicit Noise(const RandomKey& key)
      : label(key.child("label_noise")),
        colour(key.child("colour_noise")),
        coin(key.child("coin")),
        other_image(key.child("other_image")) {}
  RandomStream label;
  RandomStream colour;
  RandomStream coin;         ///< the value under `resample`
  RandomStream other_image;  ///< the image under an intervention on the shape
};

/// A row before it is painted.
struct ColouredImages::Row {
  std::int64_t image;
  int shape;
  int label;
  int colour;
};

const Schema<ColouredImagesOptions>& ColouredImages::schema() {
  using O = Options;
  static const auto schema =
      Schema<O>()
          .field("source", &O::source,
                 "Source of the images. glyphs are generated and need no download.")
          .data_source()
          .field("resolution", &O::resolution,
                 "Side of the image in pixels: 14 (every second pixel, as in IRM) or 28 (as in "
                 "DomainBed).",
                 between(14, 28))
          .field("label_noise", &O::label_noise, "P(label differs from shape).", between(0, 1))
          .field("train_shifts", &O::train_shifts,
                 "P(colour disagrees with the label) in each train domain.", between(0, 1))
          .field("test_shift", &O::test_shift,
                 "P(colour disagrees with the label) in the test domain.", between(0, 1))
          .field("protocol", &O::protocol,
                 "How images are split. irm: 50,000 images of the training file for training, "
                 "10,000 held out. domainbed: both files, an equal share for each domain, one "
                 "fifth of it held out.",
                 one_of({"irm", "domainbed"}))
          .preset("easy", {{"label_noise", 0.1}, {"train_shifts", Value::List{0.4, 0.2}}})
          .preset("medium", {})
          .preset("hard", {{"train_shifts", Value::List{0.1, 0.05}}});
  return schema;
}

ColouredImages::ColouredImages(Options options, const EnvironmentContext& context)
    : GenerativeEnvironment(
          context, ShiftDomains("coloured_images", options.train_shifts, options.test_shift)),
      options_(checked(std::move(options))),
      images_(context.sources, options_.source,
              {ClassGrouping("halves"),
               options_.protocol == "irm" ? ImageProtocol::irm : ImageProtocol::domainbed,
               static_cast<std::int64_t>(options_.train_shifts.size())},
              key_) {
  mean_train_shift_ =
      std::accumulate(options_.train_shifts.begin(), options_.train_shifts.end(), 0.0) /
      static_cast<double>(options_.train_shifts.size());
  describe();
}

void ColouredImages::describe() {
  info_.title = "Coloured " + images_.title();
  info_.citation =
      options_.protocol == "irm"
          ? "Arjovsky, Bottou, Gulrajani, Lopez-Paz 2019, arXiv:1907.02893"
          : "Arjovsky et al. 2019, arXiv:1907.02893; Gulrajani, Lopez-Paz 2021, arXiv:2007.01434";
  info_.mechanism = fmt::format(
      "shape = 1 if class < 5 else 0\n"
      "label = shape xor label_noise, P(label_noise = 1) = n = {}\n"
      "colour = label xor colour_noise, P(colour_noise = 1) = e\n"
      "x[colour] = image / 255, x[1 - colour] = 0",
      options_.label_noise);
  info_.deviations =
      options_.protocol == "irm"
          ? "The paper has no held-out rows of train domains; here they use its test images."
          : "Scores are taken on the 20 % held-out images, not on the 80 % of the test domain; "
            "rows "
            "for validation and test have label and colour noise of their own.";
  if (options_.source != "mnist") info_.deviations += " The paper uses MNIST.";
  info_.task = Task::binary;
  info_.outputs = 1;
  info_.groups = 4;
  info_.input_shape = {2, options_.resolution, options_.resolution};
  info_.cue = kColour;
  info_.causal = kShape;
  info_.graph = causal_graph();
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = "P(colour disagrees with the label)";
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::align(kColour), Intervention::oppose(kColour)};
  info_.misleads_erm = claim_to_mislead(ceilings(test_domain()));
}

std::int64_t ColouredImages::row_limit(const Domain& domain, Split split) const {
  return images_of(domain, split).count();
}

std::int64_t ColouredImages::validation_rows(const Domain& domain, std::int64_t test_rows) const {
  return images_of(domain, Split::validation).apart(test_rows);
}

bool ColouredImages::supports(const Intervention& intervention) const {
  if (intervention.kind == Kind::none) return true;
  const bool cue = intervention.acts_only_on(kColour);
  if (!cue && !intervention.acts_only_on(kShape)) return false;
  switch (intervention.kind) {
    case Kind::set:
      return intervention.value == 0.0 || intervention.value == 1.0;
    case Kind::align:
    case Kind::oppose:
      return cue;  // the label follows the shape, so the shape cannot be chosen by it
    default:
      return true;
  }
}

ImageRows ColouredImages::images_of(const Domain& domain, Split split) const {
  return images_.rows(domains_.train_index(domain), domain.key, split);
}

ColouredImages::Row ColouredImages::draw(const ImageRows& images, const Noise& noise, double shift,
                                         const Intervention& intervention, std::int64_t row) const {
  const auto coin = [&] { return noise.coin.bernoulli(0.5, row) ? 1 : 0; };
  const bool acts = intervention.kind != Kind::none;
  Row out{};
  out.image = images[row];
  out.shape = images_.of(out.image);
  if (acts && intervention.acts_on(kShape)) {
    const int wanted = intervention.kind == Kind::flip  ? 1 - out.shape
                       : intervention.kind == Kind::set ? static_cast<int>(intervention.value)
                                                        : coin();
    if (wanted != out.shape) {
      out.image = images_.drawn(wanted, images, noise.other_image, row);
      out.shape = wanted;
    }
  }
  out.label = noise.label.bernoulli(options_.label_noise, row) ? 1 - out.shape : out.shape;
  // One uniform decides for all e at once: along the shift curve a row turns from agreeing to
  // disagreeing.
  out.colour = noise.colour.bernoulli(shift, row) ? 1 - out.label : out.label;
  if (acts && intervention.acts_on(kColour)) {
    switch (intervention.kind) {
      case Kind::set:
        out.colour = static_cast<int>(intervention.value);
        break;
      case Kind::flip:
        out.colour = 1 - out.colour;
        break;
      case Kind::align:
        out.colour = out.label;
        break;
      case Kind::oppose:
        out.colour = 1 - out.label;
        break;
      case Kind::resample:
        out.colour = coin();
        break;
      case Kind::none:
        break;
    }
  }
  return out;
}

Sample ColouredImages::generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const {
  const double shift = domains_.shift(domain);
  const ImageRows images = images_of(domain, split);
  const Noise noise(rows_key(domain, split));
  const std::int64_t side = options_.resolution;
  const std::int64_t area = side * side;

  Sample sample;
  sample.x = at::empty({rows.count, 2, side, side}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, 1}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  float* x = sample.x.data_ptr<float>();
  std::int64_t* y = sample.y.data_ptr<std::int64_t>();
  float* causal = sample.causal.data_ptr<float>();
  float* spurious = sample.spurious.data_ptr<float>();
  std::int64_t* group = sample.group.data_ptr<std::int64_t>();

  for (std::int64_t i = 0; i < rows.count; ++i, x += 2 * area) {
    const Row row = draw(images, noise, shift, intervention, rows.first + i);
    y[i] = row.label;
    causal[i] = static_cast<float>(row.shape);
    spurious[i] = static_cast<float>(row.colour);
    group[i] = 2 * row.label + row.colour;
    float* shown = x + row.colour * area;
    float* blank = x + (1 - row.colour) * area;
    if (side == kImageSide) {
      paint<28, 1>(images_.pixels(row.image), shown);
    } else {
      paint<14, 2>(images_.pixels(row.image), shown);
    }
    std::fill_n(blank, area, 0.0F);
  }
  return sample;
}

Ceilings ColouredImages::ceilings(const Domain& domain) const {
  const double noise = options_.label_noise;
  const double shift = domains_.shift(domain);
  const double follows_colour = first_is_better(1.0 - mean_train_shift_, mean_train_shift_);
  Ceilings out;
  out.bayes = {best_rule(noise, shift).accuracy(noise, shift), Exactness::enumerated, 0.0};
  out.invariant = {std::max(noise, 1.0 - noise), Exactness::closed_form, 0.0};
  out.spurious_only = {follows_colour * (1.0 - shift) + (1.0 - follows_colour) * shift,
                       Exactness::closed_form, 0.0};
  out.chance = 0.5;
  // Train domains have equally many rows, so the pooled one has their mean shift.
  if (training_shows(noise, shift, mean_train_shift_)) {
    out.population_erm = Ceiling{best_rule(noise, mean_train_shift_).accuracy(noise, shift),
                                 Exactness::enumerated, 0.0};
  }
  return out;
}

void register_coloured_images(Catalog& catalog);
void register_coloured_images(Catalog& catalog) {
  catalog.environments.add<ColouredImages>(
      "coloured_images",
      "Images whose colour agrees with a noisy label in training, but not in the test domain.",
      "Arjovsky et al. 2019, arXiv:1907.02893");
}

}  // namespace spurion::environments
