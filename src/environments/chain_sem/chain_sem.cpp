#include "environments/chain_sem/chain_sem.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/measurement_names.hpp"
#include "environments/shared/ceilings/ridge_equivalent.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {
namespace {

using environments::identity;
using environments::Matrix;
using environments::Moments;
using environments::place;
using environments::product;
using environments::scaled;
using environments::transpose;
using environments::Vector;
using Kind = Intervention::Kind;

constexpr const char* kEffect = "z";
constexpr const char* kCause = "x";

ShiftDomains domains_of(const ChainSemOptions& options) {
  double test = options.test_scale;
  if (test != 0.0 && test < ChainSem::kLowestScale) {
    throw UsageError(fmt::format("'test_scale' of chain_sem must be 0 or in [{}, {}], got {}",
                                 ChainSem::kLowestScale, ChainSem::kHighestScale, test));
  }
  // The end of the range of the shift where what a model learns about z in training harms most.
  if (test == 0.0)
    test = options.heteroskedastic ? ChainSem::kLowestScale : ChainSem::kHighestScale;
  return ShiftDomains("chain_sem", options.train_scales, test, ChainSem::kLowestScale,
                      ChainSem::kHighestScale);
}

/// The paper's initials, such as FOU.
std::string initials(const ChainSemOptions& options) {
  return std::string(options.hidden ? "P" : "F") + (options.heteroskedastic ? "E" : "O") +
         (options.scrambled ? "S" : "U");
}

CausalGraph causal_graph(const ChainSemOptions& options) {
  const bool hidden = options.hidden;
  CausalGraph graph;
  graph.variables = {{"scale", Role::hidden, "e, the shift"},
                     {"h", Role::hidden, hidden ? "confounder of x, y and z" : "parent of x only"},
                     {kCause, Role::causal, "h W_hx + N(0, e^2 I)"},
                     {"y", Role::hidden, "x W_xy + h W_hy + noise"},
                     {"label", Role::label, "sum of y"},
                     {kEffect, Role::spurious, "y W_yz + h W_hz + noise"},
                     {"input", Role::observed, "(x, z), rotated when scrambled"}};
  // Of y and z one has noise of scale 1 in every domain.
  graph.edges = {
      {"scale", "h"}, {"scale", kCause}, {"scale", options.heteroskedastic ? "y" : kEffect},
      {"h", kCause},  {kCause, "y"},     {"y", "label"},
      {"y", kEffect}, {kCause, "input"}, {kEffect, "input"}};
  if (hidden) {
    graph.edges.push_back({"h", "y"});
    graph.edges.push_back({"h", kEffect});
  }
  return graph;
}

Matrix random_or(bool random, const RandomKey& key, const Matrix& otherwise) {
  const std::int64_t size = otherwise.rows();
  if (!random) return otherwise;
  return environments::gaussian(key, size, size, 1.0 / static_cast<double>(2 * size));
}

/// out += v m for one row vector.
void add_product(const double* v, const Matrix& m, double* out) {
  for (std::int64_t i = 0; i < m.rows(); ++i) {
    const double* row = m.row(i);
    for (std::int64_t j = 0; j < m.columns(); ++j) out[j] += v[i] * row[j];
  }
}

}  // namespace

struct ChainSem::Rows {
  std::vector<float> x;      ///< [B, half_dimensions]
  std::vector<float> z;      ///< [B, half_dimensions]
  std::vector<float> label;  ///< [B]
};

const Schema<ChainSemOptions>& ChainSem::schema() {
  using O = Options;
  static const auto schema =
      Schema<O>()
          .field("hidden", &O::hidden,
                 "Setting P instead of F of the paper: h also affects y and z.")
          .field("heteroskedastic", &O::heteroskedastic,
                 "Setting E instead of O of the paper: the noise of y has scale e and the noise of "
                 "z has scale 1.")
          .field("scrambled", &O::scrambled,
                 "Setting S instead of U of the paper: a random rotation of the inputs.")
          .field("half_dimensions", &O::half_dimensions, "Dimension of each of h, x, y and z.",
                 between(1, 100))
          .field("setup_ones", &O::setup_ones,
                 "true: W_xy = W_yz = I, as in the published runs. false: Gaussian, as in the text "
                 "of the paper.")
          .field("train_scales", &O::train_scales, "Noise scale e of each train domain.",
                 between(kLowestScale, kHighestScale))
          .field("test_scale", &O::test_scale,
                 "Noise scale e of the test domain. 0: the end of the range at which z misleads "
                 "(10, or 0.1 if heteroskedastic).",
                 between(0, kHighestScale))
          .preset("easy", {{"train_scales", Value::List{0.2, 2.0, 10.0}}},
                  "the noise of the cue varies more")
          .preset("medium", {})
          .preset("hard", {{"hidden", true}, {"heteroskedastic", true}, {"scrambled", true}});
  return schema;
}

ChainSem::ChainSem(Options options, const EnvironmentContext& context)
    : GenerativeEnvironment(context, domains_of(options)),
      options_(std::move(options)),
      paths_(draw_paths(options_, key_.child("world"))),
      scramble_(options_.scrambled ? environments::random_rotation(key_.child("scramble"),
                                                                   2 * options_.half_dimensions)
                                   : identity(2 * options_.half_dimensions)) {
  std::vector<Moments> each;
  for (const double scale : options_.train_scales) each.push_back(moments(scale));
  const Moments pooled = environments::average(each);
  const std::int64_t half = options_.half_dimensions;
  erm_weights_ = environments::least_squares(pooled);
  spurious_weights_ = environments::least_squares(environments::select(pooled, half, half));
  describe();
}

void ChainSem::describe() {
  info_.title = "Chain of three, " + initials(options_);
  info_.citation = "Arjovsky, Bottou, Gulrajani, Lopez-Paz 2019, arXiv:1907.02893, section 5.1";
  info_.mechanism = fmt::format(
      "h = e N(0, I)\n"
      "x = h W_hx + e N(0, I)\n"
      "y = x W_xy + h W_hy + {} N(0, I)\n"
      "z = y W_yz + h W_hz + {} N(0, I)\n"
      "label = sum_j y_j\n"
      "W_xy, W_yz {}; {}\n"
      "input = (x, z){}",
      options_.heteroskedastic ? "e" : "1", options_.heteroskedastic ? "1" : "e",
      options_.setup_ones ? "= I" : "~ N(0, 1) / (2 half_dimensions)",
      options_.hidden ? "W_hx, W_hy, W_hz ~ N(0, 1) / (2 half_dimensions)"
                      : "W_hx = I, W_hy = W_hz = 0",
      options_.scrambled ? " S, S a random rotation" : "");
  info_.deviations =
      "The source measures coefficients only; the test domain and the shift are by spurion.";
  info_.task = Task::regression;
  info_.outputs = 1;
  info_.input_shape = {2 * options_.half_dimensions};
  info_.cue = kEffect;
  info_.causal = kCause;
  info_.graph = causal_graph(options_);
  info_.shift_axis.name = "e";
  info_.shift_axis.doc = "scale of the noise of h, x and, by setting, y or z";
  info_.shift_axis.points = {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0};
}

ChainSem::Paths ChainSem::draw_paths(const Options& options, const RandomKey& key) {
  const Matrix one = identity(options.half_dimensions);
  const Matrix zero(options.half_dimensions, options.half_dimensions);
  Paths paths;
  paths.hidden_x = random_or(options.hidden, key.child("W_hx"), one);
  paths.hidden_y = random_or(options.hidden, key.child("W_hy"), zero);
  paths.hidden_z = random_or(options.hidden, key.child("W_hz"), zero);
  paths.x_y = random_or(!options.setup_ones, key.child("W_xy"), one);
  paths.y_z = random_or(!options.setup_ones, key.child("W_yz"), one);
  return paths;
}

bool ChainSem::supports(const Intervention& intervention) const {
  return intervention.kind == Kind::none ||
         (intervention.kind == Kind::resample && intervention.acts_only_on(kEffect));
}

/// Covariances along the chain, each from those before it: Cov(u, v) is E[u' v] for row vectors.
Moments ChainSem::moments(double scale) const {
  const auto& [hidden_x, hidden_y, hidden_z, x_y, y_z] = paths_;
  const auto add = [](const Matrix& a, const Matrix& b) { return environments::sum(a, b); };
  const std::int64_t half = options_.half_dimensions;
  const double square = scale * scale;
  const Matrix one = identity(half);
  const Matrix h_x = scaled(hidden_x, square);
  const Matrix x_x = add(product(transpose(hidden_x), h_x), scaled(one, square));
  const Matrix x_to_y = add(product(x_x, x_y), product(transpose(h_x), hidden_y));
  const Matrix h_to_y = add(product(h_x, x_y), scaled(hidden_y, square));
  const Matrix y_y = add(add(product(transpose(x_y), x_to_y), product(transpose(hidden_y), h_to_y)),
                         scaled(one, y_noise(scale) * y_noise(scale)));
  const Matrix x_z = add(product(x_to_y, y_z), product(transpose(h_x), hidden_z));
  const Matrix h_z = add(product(h_to_y, y_z), scaled(hidden_z, square));
  const Matrix y_to_z = add(product(y_y, y_z), product(transpose(h_to_y), hidden_z));
  const Matrix z_z = add(add(product(transpose(y_z), y_to_z), product(transpose(hidden_z), h_z)),
                         scaled(one, z_noise(scale) * z_noise(scale)));
  Moments out;
  out.inputs = Matrix(2 * half, 2 * half);
  place(out.inputs, 0, 0, x_x);
  place(out.inputs, 0, half, x_z);
  place(out.inputs, half, 0, transpose(x_z));
  place(out.inputs, half, half, z_z);
  out.cross = row_sums(x_to_y);
  const Vector z_cross = row_sums(transpose(y_to_z));
  out.cross.insert(out.cross.end(), z_cross.begin(), z_cross.end());
  for (const double value : row_sums(y_y)) out.target += value;
  return out;
}

ChainSem::Rows ChainSem::draw(const RandomKey& noise, RowRange rows, double scale) const {
  const std::int64_t half = options_.half_dimensions;
  const auto size = static_cast<std::size_t>(half);
  const auto normals = [&](const char* name) {
    std::vector<float> values(static_cast<std::size_t>(rows.count) * size);
    RandomStream(noise.child(name)).fill_normal(rows.first, rows.count, half, values.data());
    return values;
  };
  const std::vector<float> h_noise = normals("h");
  const std::vector<float> y_noise_values = normals("y");
  Rows out{normals("x"), normals("z"), {}};
  Vector h(size);
  Vector x(size);
  Vector y(size);
  Vector z(size);
  const auto load = [size](const float* from, double factor, Vector& to) {
    std::transform(from, from + size, to.begin(),
                   [factor](float value) { return factor * static_cast<double>(value); });
  };
  const auto store = [](const Vector& from, float* to) {
    std::transform(from.begin(), from.end(), to, [](double v) { return static_cast<float>(v); });
  };
  for (std::int64_t i = 0; i < rows.count; ++i) {
    const std::int64_t at = i * half;
    load(h_noise.data() + at, scale, h);
    load(out.x.data() + at, scale, x);
    add_product(h.data(), paths_.hidden_x, x.data());
    load(y_noise_values.data() + at, y_noise(scale), y);
    add_product(x.data(), paths_.x_y, y.data());
    if (options_.hidden) add_product(h.data(), paths_.hidden_y, y.data());
    load(out.z.data() + at, z_noise(scale), z);
    add_product(y.data(), paths_.y_z, z.data());
    if (options_.hidden) add_product(h.data(), paths_.hidden_z, z.data());
    store(x, out.x.data() + at);
    store(z, out.z.data() + at);
    double label = 0.0;
    for (const double value : y) label += value;
    out.label.push_back(static_cast<float>(label));
  }
  return out;
}

Sample ChainSem::generate(const Domain& domain, Split split, RowRange rows,
                          const Intervention& intervention) const {
  const double scale = domains_.shift(domain);
  const std::int64_t half = options_.half_dimensions;
  const RandomKey noise = rows_key(domain, split);
  Rows drawn = draw(noise.child("row"), rows, scale);
  if (intervention.kind == Kind::resample) {
    drawn.z = draw(noise.child("second_draw"), rows, scale).z;
  }
  Sample sample;
  sample.x = at::empty({rows.count, 2 * half}, at::kFloat);
  sample.y = at::empty({rows.count}, at::kFloat);
  sample.causal = at::empty({rows.count, half}, at::kFloat);
  sample.spurious = at::empty({rows.count, half}, at::kFloat);
  std::copy(drawn.label.begin(), drawn.label.end(), sample.y.data_ptr<float>());
  std::copy(drawn.x.begin(), drawn.x.end(), sample.causal.data_ptr<float>());
  std::copy(drawn.z.begin(), drawn.z.end(), sample.spurious.data_ptr<float>());
  auto* inputs = sample.x.data_ptr<float>();
  Vector row(static_cast<std::size_t>(2 * half));
  Vector rotated(row.size());
  for (std::int64_t i = 0; i < rows.count; ++i, inputs += 2 * half) {
    std::copy_n(drawn.x.data() + i * half, half, row.begin());
    std::copy_n(drawn.z.data() + i * half, half, row.begin() + half);
    if (options_.scrambled) {
      std::fill(rotated.begin(), rotated.end(), 0.0);
      add_product(row.data(), scramble_, rotated.data());
      row.swap(rotated);
    }
    std::transform(row.begin(), row.end(), inputs, [](double v) { return static_cast<float>(v); });
  }
  return sample;
}

Ceilings ChainSem::ceilings(const Domain& domain) const {
  const std::int64_t half = options_.half_dimensions;
  const Moments here = moments(domains_.shift(domain));
  const auto exact = [](double value) { return Ceiling{value, Exactness::closed_form, 0.0}; };
  Ceilings out;
  // All variables are jointly Gaussian, so the best linear predictor is the best predictor.
  out.bayes = exact(environments::residual_variance(here));
  out.invariant = exact(environments::residual_variance(environments::select(here, 0, half)));
  out.spurious_only =
      exact(environments::squared_error(environments::select(here, half, half), spurious_weights_));
  out.population_erm = exact(environments::squared_error(here, erm_weights_));
  out.chance = here.target;
  return out;
}

std::optional<Theory> ChainSem::theory(const TheoryRequest& request,
                                       const std::vector<Domain>& domains) const {
  // A rotation of the inputs changes nothing for weights with a squared norm, but it does for
  // features.
  if (request.form == TheoryRequest::Form::fixed_features && options_.scrambled) return {};
  RidgeDomains known;
  for (const double scale : options_.train_scales) known.train.push_back(moments(scale));
  for (const Domain& domain : domains) known.where.push_back(moments(domains_.shift(domain)));
  return ridge_theory(request, known);
}

std::vector<std::pair<std::string, Tensor>> ChainSem::coefficient_errors(
    const Tensor& weights) const {
  const std::int64_t half = options_.half_dimensions;
  SPURION_CHECK(weights.dim() == 2 && weights.size(1) == 2 * half,
                "chain_sem has 2 * half_dimensions coefficients");
  const Tensor shown = weights.detach().to(at::kCPU, at::kDouble).contiguous();
  const Vector truth = row_sums(paths_.x_y);
  const std::int64_t replicas = shown.size(0);
  const Tensor causal = at::zeros({replicas}, at::kDouble);
  const Tensor noncausal = at::zeros({replicas}, at::kDouble);
  for (std::int64_t k = 0; k < replicas; ++k) {
    const double* begin = shown.data_ptr<double>() + k * 2 * half;
    // Inputs are (x, z) S, so weights w on them are weights S w on (x, z).
    const Vector own = product(scramble_, Vector(begin, begin + 2 * half));
    double& causal_error = causal.data_ptr<double>()[k];
    double& noncausal_error = noncausal.data_ptr<double>()[k];
    for (std::int64_t j = 0; j < half; ++j) {
      const auto i = static_cast<std::size_t>(j);
      const double off = own[i] - truth[i];
      const double leak = own[i + static_cast<std::size_t>(half)];
      causal_error += off * off / static_cast<double>(half);
      noncausal_error += leak * leak / static_cast<double>(half);
    }
  }
  return {{core::stored_name(core::MetricId::causal_coefficient_error), causal},
          {core::stored_name(core::MetricId::noncausal_coefficient_error), noncausal}};
}

std::vector<double> ChainSem::population_erm_weights() const {
  return product(transpose(scramble_), erm_weights_);
}

void register_chain_sem(Catalog& catalog);
void register_chain_sem(Catalog& catalog) {
  catalog.environments.add<ChainSem>(
      "chain_sem", "Regression on a chain's cause and effect under noise of varying scale.",
      "Arjovsky et al. 2019, arXiv:1907.02893, section 5.1");
}

}  // namespace spurion::environments
