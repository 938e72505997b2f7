#include "environments/shared/empirical_world.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/counted.hpp"
#include "environments/shared/shift_domains.hpp"
#include "facts/splits.hpp"
#include "spurion/error.hpp"

namespace spurion::environments {

namespace {

using Kind = Intervention::Kind;

std::size_t index_of(Split split) { return static_cast<std::size_t>(split); }

}  // namespace

EmpiricalWorld::EmpiricalWorld(std::shared_ptr<const EmpiricalRows> rows, EmpiricalOptions options,
                               EnvironmentInfo info, std::uint64_t data_seed)
    : held_(std::move(rows)),
      rows_(*held_),
      options_(std::move(options)),
      key_(RandomKey(data_seed).child(info.name)),
      info_(std::move(info)),
      count_(rows_.x.size(0)) {
  if (options_.validation_share + options_.test_share >= 1.0) {
    throw UsageError(fmt::format(
        "'validation_share' and 'test_share' of {} must leave rows for training; got {} and {}",
        info_.name, options_.validation_share, options_.test_share));
  }
  assign_splits();
  make_shift_axis();
  describe();
  count_rows();
}

void EmpiricalWorld::assign_splits() {
  const bool recorded = !rows_.domain.empty();
  const auto& names = rows_.domain_names;
  const auto test = std::find(names.begin(), names.end(), options_.test_domain);
  if (recorded && test == names.end()) {
    throw DataError(fmt::format("{}: {}; set 'test_domain' of {}", rows_.place,
                                unknown_name_message("domain", options_.test_domain, names),
                                info_.name));
  }
  if (recorded && names.size() < 2) {
    throw DataError(fmt::format("{}: '{}' is the only domain; a train domain is missing",
                                rows_.place, names.front()));
  }
  const auto test_index = static_cast<std::size_t>(test - names.begin());
  train_.resize(recorded ? names.size() - 1 : 1);
  test_is_drawn_ = !recorded;

  // Split and place of a row follow its index and the data seed, nothing else.
  const RandomStream uniform(key_.child("purpose"));
  const RandomStream order(key_.child("order"));
  std::vector<std::int64_t> sorted(static_cast<std::size_t>(count_));
  for (std::int64_t row = 0; row < count_; ++row) sorted[static_cast<std::size_t>(row)] = row;
  std::vector<std::uint64_t> place(sorted.size());
  for (std::int64_t row = 0; row < count_; ++row) {
    place[static_cast<std::size_t>(row)] = order.bits(row);
  }
  std::sort(sorted.begin(), sorted.end(), [&](std::int64_t a, std::int64_t b) {
    return std::pair(place[static_cast<std::size_t>(a)], a) <
           std::pair(place[static_cast<std::size_t>(b)], b);
  });
  for (const std::int64_t row : sorted) {
    const double u = uniform.uniform(row);
    const Split split = u < options_.test_share                               ? Split::test
                        : u < options_.test_share + options_.validation_share ? Split::validation
                                                                              : Split::train;
    Pool* pool = &train_.front();
    if (recorded) {
      const std::size_t domain = rows_.domain[static_cast<std::size_t>(row)];
      pool = domain == test_index ? &test_ : &train_[domain - (domain > test_index ? 1 : 0)];
    }
    (*pool)[index_of(split)].push_back(row);
  }
  const auto check = [&](const Pool& pool, const std::string& name) {
    for (const Split split : facts::kSplits) {
      if (!pool[index_of(split)].empty()) continue;
      const std::size_t all = pool[0].size() + pool[1].size() + pool[2].size();
      throw DataError(fmt::format(
          "{}: domain '{}' has {}, but none of them is in the {} split; use more rows, or "
          "another 'validation_share' or 'test_share'",
          rows_.place, name, core::counted(all, "row"), split_name(split)));
    }
  };
  if (!recorded) {
    check(train_.front(), "all rows");
    return;
  }
  check(test_, options_.test_domain);
  for (std::size_t d = 0; d < names.size(); ++d) {
    if (d != test_index) check(train_[d - (d > test_index ? 1 : 0)], names[d]);
  }
}

bool EmpiricalWorld::agrees(std::int64_t row) const {
  const auto at = static_cast<std::size_t>(row);
  return static_cast<std::int64_t>(level(rows_.spurious[at])) == rows_.label[at];
}

std::size_t EmpiricalWorld::level(double cue) const {
  return static_cast<std::size_t>(
      std::lower_bound(rows_.cue_levels.begin(), rows_.cue_levels.end(), cue) -
      rows_.cue_levels.begin());
}

bool EmpiricalWorld::enough_of_each_side() const {
  // So many that every split gets some with nearly every seed: a shift must mean the same for all
  // seeds.
  constexpr double kExpected = 15.0;
  const double least = std::min({options_.validation_share, options_.test_share,
                                 1.0 - options_.validation_share - options_.test_share});
  double against = 0.0;
  for (std::int64_t row = 0; row < count_; ++row) against += agrees(row) ? 0.0 : 1.0;
  return least * std::min(against, static_cast<double>(count_) - against) >= kExpected;
}

void EmpiricalWorld::make_shift_axis() {
  const auto each_row = [&](auto use) {
    for (const Split split : facts::kSplits) {
      const std::size_t p = index_of(split);
      for (const Pool& pool : train_) {
        for (const std::int64_t row : pool[p]) use(p, row, false);
      }
      for (const std::int64_t row : test_[p]) use(p, row, true);
    }
  };
  const auto lacks_rows = [](const Pool& pool) {
    return std::any_of(pool.begin(), pool.end(), [](const Indices& i) { return i.empty(); });
  };
  if (cue_names_classes() && (test_is_drawn_ || enough_of_each_side())) {
    each_row([&](std::size_t p, std::int64_t row, bool /*test*/) {
      (agrees(row) ? at_zero_ : at_one_)[p].push_back(row);
    });
    agreement_shift_ = !lacks_rows(at_zero_) && !lacks_rows(at_one_);
    if (!agreement_shift_ && !test_is_drawn_) {
      throw DataError(
          fmt::format("{}: with this seed a split (train, validation or test) has no row whose cue "
                      "{} the label; "
                      "use another seed, 'validation_share' or 'test_share'",
                      rows_.place, lacks_rows(at_one_) ? "disagrees with" : "agrees with"));
    }
  }
  if (agreement_shift_) return;
  if (test_is_drawn_ && regression()) {
    throw DataError(
        fmt::format("{}: no domains are recorded, but a regression needs them (rows can be "
                    "resampled to shift the cue only for classes)",
                    rows_.place));
  }
  if (test_is_drawn_) {
    throw DataError(
        fmt::format("{}: no domains are recorded, and rows cannot be resampled to shift the cue: "
                    "the cue needs as many values as there are classes ({}), and must agree with "
                    "the label in some rows and disagree in others",
                    rows_.place, rows_.classes));
  }
  at_zero_ = {};
  at_one_ = {};
  each_row([&](std::size_t p, std::int64_t row, bool test) {
    (test ? at_one_ : at_zero_)[p].push_back(row);
  });
}

const EmpiricalWorld::Pool* EmpiricalWorld::pool_of(const Domain& domain) const {
  if (domain.kind == DomainKind::test) return test_is_drawn_ ? nullptr : &test_;
  for (std::size_t d = 0; d < train_domains_.size(); ++d) {
    if (domain.key == train_domains_[d].key) return &train_[d];
  }
  return nullptr;
}

std::vector<Domain> EmpiricalWorld::train_domains() const { return train_domains_; }

Domain EmpiricalWorld::test_domain() const {
  double shift = 1.0;
  if (test_is_drawn_) {
    shift = options_.test_shift;
  } else if (agreement_shift_) {
    double against = 0.0;
    double all = 0.0;
    for (const Indices& indices : test_) {
      for (const std::int64_t row : indices) {
        against += agrees(row) ? 0.0 : 1.0;
        all += 1.0;
      }
    }
    shift = against / all;
  }
  return Domain::test(shift);
}

Domain EmpiricalWorld::at(double shift) const {
  environments::check_unit_shift(info_.name, shift);
  return Domain::at(shift);
}

std::int64_t EmpiricalWorld::row_limit(const Domain& domain, Split split) const {
  const std::size_t p = index_of(split);
  if (const Pool* pool = pool_of(domain)) return static_cast<std::int64_t>((*pool)[p].size());
  // Drawn with replacement: more rows than there are would feign precision.
  return static_cast<std::int64_t>(at_zero_[p].size() + at_one_[p].size());
}

bool EmpiricalWorld::supports(const Intervention& intervention) const {
  if (intervention.kind == Kind::none) return true;
  if (rows_.spurious.empty() || !intervention.acts_only_on(info_.cue)) return false;
  if (rows_.cue_column < 0 && !rows_.twin_x.defined()) return false;
  const bool two_valued = rows_.cue_levels.size() == 2;
  const bool names_classes = cue_names_classes();
  switch (intervention.kind) {
    case Kind::set:
      if (rows_.cue_levels.empty()) return std::isfinite(intervention.value);
      return std::binary_search(rows_.cue_levels.begin(), rows_.cue_levels.end(),
                                intervention.value);
    case Kind::flip:
      return two_valued;
    case Kind::align:
      return names_classes;
    case Kind::oppose:
      return names_classes && two_valued;
    case Kind::resample:
    case Kind::none:
      return true;
  }
  return false;
}

std::int64_t EmpiricalWorld::draw(double shift, Split split, const RandomKey& key,
                                  std::int64_t row) const {
  const std::size_t p = index_of(split);
  // One uniform decides for all shifts at once, and each side has a row of its own: along the shift
  // curve a row turns from one to the other.
  const bool one = RandomStream(key.child("side")).bernoulli(shift, row);
  const Indices& side = one ? at_one_[p] : at_zero_[p];
  const RandomStream stream(key.child(one ? "at_one" : "at_zero"));
  return side[static_cast<std::size_t>(stream.below(static_cast<std::int64_t>(side.size()), row))];
}

std::int64_t EmpiricalWorld::group_of(std::size_t row, double cue) const {
  return rows_.label[row] * static_cast<std::int64_t>(rows_.cue_levels.size()) +
         static_cast<std::int64_t>(level(cue));
}

double EmpiricalWorld::new_cue(std::int64_t source, const Intervention& intervention,
                               double resampled) const {
  const auto at = static_cast<std::size_t>(source);
  const double own = rows_.spurious[at];
  switch (intervention.kind) {
    case Kind::set:
      return intervention.value;
    case Kind::flip:
      return own == rows_.cue_levels.front() ? rows_.cue_levels.back() : rows_.cue_levels.front();
    case Kind::align:
      return rows_.cue_levels[static_cast<std::size_t>(rows_.label[at])];
    case Kind::oppose:
      return rows_.cue_levels[static_cast<std::size_t>(1 - rows_.label[at])];
    case Kind::resample:
      return resampled;
    case Kind::none:
      break;
  }
  return own;
}

Sample EmpiricalWorld::generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const {
  const Pool* pool = pool_of(domain);
  const RandomKey key = key_.child(domain.key).child(split_name(split));
  const RandomKey other = key.child("resample");
  const RandomStream other_row(other);
  const bool has_cue = !rows_.spurious.empty();
  const bool has_causal = !rows_.causal.empty();

  Sample sample;
  Shape shape = info_.input_shape;
  shape.insert(shape.begin(), rows.count);
  sample.x = at::empty(shape, at::kFloat);
  sample.y = at::empty({rows.count}, regression() ? at::kFloat : at::kLong);
  sample.causal = at::empty({rows.count, has_causal ? 1 : 0}, at::kFloat);
  sample.spurious = at::empty({rows.count, has_cue ? 1 : 0}, at::kFloat);
  if (info_.groups > 0) sample.group = at::empty({rows.count}, at::kLong);
  const std::int64_t width = element_count(info_.input_shape);
  float* x = sample.x.data_ptr<float>();

  for (std::int64_t i = 0; i < rows.count; ++i, x += width) {
    const std::int64_t row = rows.first + i;
    const auto pick = [&](const Indices& indices) {
      return indices[static_cast<std::size_t>(row)];
    };
    const std::int64_t source =
        pool != nullptr ? pick((*pool)[index_of(split)]) : draw(domain.shift, split, key, row);
    const auto at = static_cast<std::size_t>(source);
    double cue = has_cue ? rows_.spurious[at] : 0.0;
    if (intervention.kind != Kind::none) {
      double resampled = 0.0;
      if (intervention.kind == Kind::resample) {
        std::int64_t from = 0;
        if (pool != nullptr) {
          const Indices& indices = (*pool)[index_of(split)];
          from = indices[static_cast<std::size_t>(
              other_row.below(static_cast<std::int64_t>(indices.size()), row))];
        } else {
          from = draw(domain.shift, split, other, row);
        }
        resampled = rows_.spurious[static_cast<std::size_t>(from)];
      }
      cue = new_cue(source, intervention, resampled);
    }
    const bool changed = has_cue && cue != rows_.spurious[at];
    const Tensor& shown = changed && rows_.cue_column < 0 ? rows_.twin_x : rows_.x;
    if (shown.scalar_type() == at::kByte) {
      const std::uint8_t* from = shown.data_ptr<std::uint8_t>() + source * width;
      for (std::int64_t j = 0; j < width; ++j) x[j] = static_cast<float>(from[j]) / 255.0F;
    } else {
      std::copy_n(shown.data_ptr<float>() + source * width, width, x);
    }
    if (changed && rows_.cue_column >= 0) x[rows_.cue_column] = static_cast<float>(cue);
    if (regression()) {
      sample.y.data_ptr<float>()[i] = static_cast<float>(rows_.target[at]);
    } else {
      sample.y.data_ptr<std::int64_t>()[i] = rows_.label[at];
    }
    if (has_causal) sample.causal.data_ptr<float>()[i] = static_cast<float>(rows_.causal[at]);
    if (has_cue) sample.spurious.data_ptr<float>()[i] = static_cast<float>(cue);
    if (info_.groups > 0) {
      sample.group.data_ptr<std::int64_t>()[i] = group_of(at, cue);
    }
  }
  return sample;
}

std::vector<double> EmpiricalWorld::weights(const Domain& domain) const {
  std::vector<double> each(static_cast<std::size_t>(count_), 0.0);
  const auto share = [&](const Pool& pool, double total) {
    double size = 0.0;
    for (const Indices& indices : pool) size += static_cast<double>(indices.size());
    for (const Indices& indices : pool) {
      for (const std::int64_t row : indices) each[static_cast<std::size_t>(row)] += total / size;
    }
  };
  if (const Pool* pool = pool_of(domain)) {
    share(*pool, 1.0);
  } else {
    share(at_zero_, 1.0 - domain.shift);
    share(at_one_, domain.shift);
  }
  return each;
}

std::vector<double> EmpiricalWorld::train_weights() const {
  std::vector<double> sum(static_cast<std::size_t>(count_), 0.0);
  for (const Domain& domain : train_domains_) {
    const std::vector<double> each = weights(domain);
    for (std::size_t row = 0; row < sum.size(); ++row) {
      sum[row] += each[row] / static_cast<double>(train_domains_.size());
    }
  }
  return sum;
}

}  // namespace spurion::environments
