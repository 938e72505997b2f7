#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "environments/shared/binary_intervention.hpp"
#include "environments/shared/ceilings/cue_cells.hpp"
#include "environments/shared/ceilings/erm_failure_claim.hpp"
#include "environments/shared/class_share.hpp"
#include "environments/shared/generative_environment.hpp"
#include "environments/textured_shapes/shape_drawing.hpp"
#include "spurion/catalog.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

namespace spurion::environments {
namespace {

using environments::intervened;
using Kind = Intervention::Kind;

/// A cue: its name, what its two values are, and where in the scene it stands.
struct CueKind {
  const char* name;
  const char* values;
  int ShapeScene::*place;
};

constexpr CueKind kCues[] = {
    {"background", "sky or meadow", &ShapeScene::background},
    {"colour", "warm or cool", &ShapeScene::colour},
    {"texture", "stripes or dots", &ShapeScene::texture},
    {"position", "right or left of the middle", &ShapeScene::position},
    {"watermark", "a mark in the corner or none", &ShapeScene::watermark},
};

std::vector<std::string> cue_names() {
  std::vector<std::string> names;
  for (const CueKind& cue : kCues) names.emplace_back(cue.name);
  return names;
}

struct TexturedShapesOptions {
  std::vector<std::string> cues = {"background"};
  std::vector<double> train_shifts = {0.1, 0.2};
  double test_shift = 0.9;
  double label_noise = 0.25;
  std::vector<std::string> test_cues = {};
  bool one_cue_each = false;
  double class_share = 0.5;
};

/// Pictures of a shape on a textured background; the shape tells the label, and background,
/// colour, texture, position or a watermark may correlate with it. See datasets/textured_shapes.md.
class TexturedShapes final : public GenerativeEnvironment {
 public:
  using Options = TexturedShapesOptions;

  static const Schema<Options>& schema() {
    static const auto schema =
        Schema<Options>()
            .field("cues", &Options::cues,
                   "The cues that correlate with the label in training. The other properties are "
                   "independent of it.",
                   one_of(cue_names()))
            .field("train_shifts", &Options::train_shifts,
                   "P(each cue disagrees with the label) in each train domain.", between(0, 1))
            .field("test_shift", &Options::test_shift,
                   "P(each cue disagrees with the label) in the test domain.", between(0, 1))
            .field("label_noise", &Options::label_noise, "P(label differs from the shape).",
                   between(0, 0.5))
            .field(
                "test_cues", &Options::test_cues,
                "The cues that correlate with the label in the test domain, with test_shift. They "
                "may be others than those of the training. Empty: those of the training.",
                one_of(cue_names()))
            .field("one_cue_each", &Options::one_cue_each,
                   "Each train domain has one of the cues, in turn; the others are independent of "
                   "the label there. There must be a train domain for each cue. false: every train "
                   "domain has all of them.")
            .field("class_share", &Options::class_share,
                   "P(label = 1), in every domain, of the test too.", between(0.01, 0.99))
            .preset("easy", {{"label_noise", 0.1}, {"train_shifts", Value::List{0.2, 0.3}}})
            .preset("medium", {})
            .preset("hard",
                    {{"cues", Value::List{"background", "colour", "texture"}},
                     {"train_shifts", Value::List{0.05, 0.1}}},
                    "three cues at once");
    return schema;
  }

  TexturedShapes(Options options, const EnvironmentContext& context)
      : GenerativeEnvironment(context, domains_of(options)),
        options_(std::move(options)),
        cells_({CueCells::kReadExactly, options_.label_noise, false, options_.class_share}),
        order_(ordered_cues(options_)) {
    describe();
  }

  [[nodiscard]] bool supports(const Intervention& intervention) const override {
    if (intervention.kind == Kind::none) return true;
    const std::vector<std::string>& names = intervention.variables;
    const auto is_cue = [&](const std::string& name) {
      return std::any_of(order_.begin(), order_.end(),
                         [&](const CueKind* cue) { return name == cue->name; });
    };
    const bool known = intervention.acts_only_on(kShape) ||
                       (!names.empty() && std::all_of(names.begin(), names.end(), is_cue));
    return known && (intervention.kind != Kind::set || std::abs(intervention.value) == 1.0);
  }

  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override {
    Ceilings out = cells_.ceilings(domains_.cue_shifts(domain), domains_.train_cue_shifts());
    out.bayes.exactness = Exactness::enumerated;
    out.invariant.exactness = Exactness::enumerated;
    if (out.population_erm) out.population_erm->exactness = Exactness::enumerated;
    return out;
  }

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  static constexpr const char* kShape = "shape";

  /// The cue of this name, with its number in `kCues`.
  static const CueKind* cue_named(const std::string& name) {
    return std::find_if(std::begin(kCues), std::end(kCues),
                        [&](const CueKind& cue) { return name == cue.name; });
  }
  /// The cues of a list. Throws `UsageError` where one stands in it twice.
  static std::vector<const CueKind*> listed(const char* option,
                                            const std::vector<std::string>& names) {
    std::vector<const CueKind*> cues;
    for (const std::string& name : names) {
      const CueKind* cue = cue_named(name);
      if (std::find(cues.begin(), cues.end(), cue) != cues.end()) {
        throw UsageError(fmt::format("'{}' of textured_shapes names {} twice", option, name));
      }
      cues.push_back(cue);
    }
    return cues;
  }
  /// Selected cues first, in the order given; the others after them.
  static std::vector<const CueKind*> ordered_cues(const Options& options) {
    std::vector<const CueKind*> order = listed("cues", options.cues);
    if (order.empty()) throw UsageError("'cues' of textured_shapes is empty");
    for (const CueKind& cue : kCues) {
      if (std::find(order.begin(), order.end(), &cue) == order.end()) order.push_back(&cue);
    }
    return order;
  }

  static ShiftDomains domains_of(const Options& options) {
    const std::vector<const CueKind*> order = ordered_cues(options);
    const std::size_t trained = options.cues.size();
    if (options.one_cue_each && options.train_shifts.size() < trained) {
      throw UsageError(
          fmt::format("'one_cue_each' of textured_shapes needs a train domain for each of the {} "
                      "cues, but 'train_shifts' has {}",
                      trained, options.train_shifts.size()));
    }
    // The other cues are neutral.
    const CueShifts neutral(order.size(), ShiftDomains::kNeutral);
    std::vector<CueShifts> train;
    CueShifts mean = neutral;
    std::fill_n(mean.begin(), trained, 0.0);
    for (std::size_t d = 0; d < options.train_shifts.size(); ++d) {
      train.push_back(neutral);
      for (std::size_t c = 0; c < trained; ++c) {
        if (options.one_cue_each && c != d % trained) continue;
        train.back()[c] = options.train_shifts[d];
      }
      for (std::size_t c = 0; c < trained; ++c) {
        mean[c] += train.back()[c] / static_cast<double>(options.train_shifts.size());
      }
    }
    CueShifts test = neutral;
    if (options.test_cues.empty()) {
      std::fill_n(test.begin(), trained, options.test_shift);
    }
    for (const CueKind* cue : listed("test_cues", options.test_cues)) {
      const auto place = std::find(order.begin(), order.end(), cue) - order.begin();
      test[static_cast<std::size_t>(place)] = options.test_shift;
    }
    return ShiftDomains::of_cues("textured_shapes", std::move(train), std::move(test),
                                 std::move(mean));
  }
  void describe();

  Options options_;
  CueCells cells_;
  std::vector<const CueKind*> order_;
};

ShapeScene::Style draw_style(const RandomStream& stream, std::int64_t row) {
  ShapeScene::Style style;
  std::int64_t lane = 0;
  for (double* one : {&style.kind, &style.x, &style.y, &style.size, &style.angle, &style.shade,
                      &style.phase, &style.direction, &style.horizon}) {
    *one = stream.uniform(row, lane++);
  }
  for (double& one : style.clouds) one = stream.uniform(row, lane++);
  return style;
}

Sample TexturedShapes::generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const {
  const std::vector<double> shifts = domains_.cue_shifts(domain);
  const RandomKey key = rows_key(domain, split);
  const RandomStream labels(key.child("label"));
  const RandomStream styles(key.child("style"));
  const RandomStream grains(key.child("grain"));
  const auto cues = static_cast<std::int64_t>(order_.size());
  std::vector<bool> changed;
  for (const CueKind* cue : order_) changed.push_back(intervention.acts_on(cue->name));

  Sample sample;
  sample.x = at::empty({rows.count, 3, kShapeSide, kShapeSide}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kLong);
  sample.causal = at::empty({rows.count, 1}, at::kFloat);
  sample.spurious = at::empty({rows.count, cues}, at::kFloat);
  sample.group = at::empty({rows.count}, at::kLong);
  std::array<std::uint64_t, 3 * kShapePixels / 8> grain{};
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t row = rows.first + i;
    const int y = labels.uniform(row, 0) < options_.class_share ? 1 : -1;
    ShapeScene scene;
    scene.shape = labels.uniform(row, 1) < options_.label_noise ? -y : y;
    if (intervention.acts_on(kShape)) {
      const double share = share_of_two_values(options_.class_share, options_.label_noise);
      scene.shape =
          intervened(scene.shape, y, labels.uniform(row, 2) < share ? 1 : -1, intervention);
    }
    std::int64_t agrees = 0;
    for (std::int64_t c = 0; c < cues; ++c) {
      const CueKind& cue = *order_[static_cast<std::size_t>(c)];
      // By the cue's own name, so that the rest of the picture does not hang on which are selected.
      const RandomStream own(key.child("cue").child(cue.name));
      int value = own.uniform(row, 0) < shifts[static_cast<std::size_t>(c)] ? -y : y;
      if (changed[static_cast<std::size_t>(c)]) {
        const double share =
            share_of_two_values(options_.class_share, shifts[static_cast<std::size_t>(c)]);
        value = intervened(value, y, own.uniform(row, 1) < share ? 1 : -1, intervention);
      }
      scene.*cue.place = value;
      sample.spurious.data_ptr<float>()[i * cues + c] = static_cast<float>(value);
      if (c == 0) agrees = value == y ? 1 : 0;
    }
    scene.style = draw_style(styles, row);
    for (std::size_t word = 0; word < grain.size(); ++word) {
      grain[word] = grains.bits(row, static_cast<std::int64_t>(word));
    }
    draw_shape(scene, reinterpret_cast<const std::uint8_t*>(grain.data()),
               sample.x.data_ptr<float>() + i * 3 * kShapePixels);
    sample.y.data_ptr<std::int64_t>()[i] = y > 0 ? 1 : 0;
    sample.causal.data_ptr<float>()[i] = static_cast<float>(scene.shape);
    sample.group.data_ptr<std::int64_t>()[i] = 2 * (y > 0 ? 1 : 0) + agrees;
  }
  return sample;
}

void TexturedShapes::describe() {
  const std::string first = order_.front()->name;
  info_.title = "Shapes on textures";
  info_.citation =
      "spurion; after Geirhos et al. 2019, arXiv:1811.12231, and Arjovsky et al. 2019, "
      "arXiv:1907.02893";
  info_.mechanism = fmt::format(
      "{}; label = 1 if y = +1 else 0\n"
      "shape = y, negated with probability {}: round (disc, ellipse, ring) or angular (square, "
      "triangle, cross)\n"
      "{} = y, negated with probability e{}; the other cues are fair coins\n"
      "x = picture of 32 x 32 pixels, three planes in [0, 1]",
      classes_text(options_.class_share), options_.label_noise, fmt::join(options_.cues, ", "),
      options_.one_cue_each ? ", one of them in each train domain" : "");
  if (!options_.test_cues.empty()) {
    info_.mechanism +=
        fmt::format("\nin the test domain the cues are {}", fmt::join(options_.test_cues, ", "));
  }
  info_.deviations = "Drawn pictures; ceilings count the shape as readable without error.";
  info_.task = Task::binary;
  info_.misleads_erm = environments::claim_to_mislead(ceilings(test_domain()));
  info_.groups = 4;
  info_.input_shape = {3, kShapeSide, kShapeSide};
  info_.cue = first;
  info_.causal = kShape;
  info_.graph.variables = {{"label", Role::label, label_text(options_.class_share)},
                           {"shape_noise", Role::noise, "1 with probability label_noise"},
                           {kShape, Role::causal, "round or angular: y, negated by noise"},
                           {"style", Role::noise, "kind, place, size, angle, shade, clouds, grain"},
                           {"picture", Role::observed, "32 x 32 pixels, three planes"}};
  info_.graph.edges = {
      {"label", kShape}, {"shape_noise", kShape}, {kShape, "picture"}, {"style", "picture"}};
  for (const CueKind* cue : order_) {
    info_.graph.variables.push_back({cue->name, Role::spurious, cue->values});
    info_.graph.edges.push_back({"label", cue->name});
    info_.graph.edges.push_back({cue->name, "picture"});
    info_.cues.push_back({cue->name, fmt::format("P({} disagrees with the label)", cue->name), 0.0,
                          1.0, ShiftDomains::kNeutral});
  }
  info_.shift_axis.name = "e";
  info_.shift_axis.doc =
      fmt::format("P({} disagrees with the label); the other cues stay as in training", first);
  info_.shift_axis.mixture =
      ShiftAxis::Mixture{Intervention::align(first), Intervention::oppose(first)};
}

}  // namespace

void register_textured_shapes(Catalog& catalog);
void register_textured_shapes(Catalog& catalog) {
  catalog.environments.add<TexturedShapes>("textured_shapes",
                                           "Images: the shape determines the label; colour, "
                                           "texture and background can correlate with it.",
                                           "after Geirhos et al. 2019, arXiv:1811.12231");
}

}  // namespace spurion::environments
