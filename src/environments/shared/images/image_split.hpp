#pragma once

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "spurion/environment.hpp"
#include "spurion/error.hpp"
#include "spurion/random.hpp"

/// \file
/// Which image of a finite pool stands behind a row of a domain.

namespace spurion::environments {

/// How many images a source has.
struct ImageCounts {
  std::int64_t training = 0;  ///< in its training file
  std::int64_t test = 0;      ///< in its test file
};

/// How the images of a source are dealt out to domains.
enum class ImageProtocol {
  /// Arjovsky et al. 2019: training file only, a sixth of it to test on: of MNIST's 60,000 images
  /// 50,000 to train on and 10,000 to test on.
  irm,
  domainbed  ///< Gulrajani and Lopez-Paz 2021: both files, an equal share for each domain, 80/20
};

/// The images of one domain for one split: row i shows image [i].
class ImageRows {
 public:
  /// Positions first, first + stride, ... of `order`, `count` of them, starting with number `start`
  /// and going round.
  ImageRows(const std::vector<std::int64_t>& order, std::int64_t first, std::int64_t stride,
            std::int64_t count, std::int64_t start)
      : order_(order.data()), first_(first), stride_(stride), count_(count), start_(start) {}

  [[nodiscard]] std::int64_t count() const { return count_; }
  /// Of held-out images as validation rows show them: how many, from the first on, the first
  /// `test_rows` test rows do not show, half a turn away.
  [[nodiscard]] std::int64_t apart(std::int64_t test_rows) const {
    return test_rows <= count_ / 2 ? count_ - count_ / 2 : 0;
  }
  /// Index into the pool; 0 <= row < count().
  [[nodiscard]] std::int64_t operator[](std::int64_t row) const {
    std::int64_t number = row + start_;
    if (number >= count_) number -= count_;
    return order_[first_ + stride_ * number];
  }

 private:
  const std::int64_t* order_;
  std::int64_t first_;
  std::int64_t stride_;
  std::int64_t count_;
  std::int64_t start_;
};

/// Deals out the images. Training rows of different train domains show different images; rows to
/// train on and held-out rows never share one. Domains other than the train domains (the test
/// domain, the shift, phases of a stream) draw on the same training and held-out images, each
/// starting at a place of its own, so that two of them rarely meet the same image early on.
///
/// Validation and test rows come from the same held-out images, half a turn apart: as long as each
/// is at most half of them, they share none.
class ImageSplit {
 public:
  ImageSplit(ImageProtocol kind, const ImageCounts& counts, const RandomKey& key,
             std::int64_t train_domains)
      : kind_(kind),
        counts_(counts),
        irm_training_(counts.training - counts.training / 6),
        starts_(key.child("starts")),
        train_domains_(train_domains) {
    SPURION_CHECK(train_domains >= 1, "a split needs a train domain");
    order_ = permutation(key.child("images"), kind == ImageProtocol::irm ? irm_training_ : pool());
    // The held-out images of IRM's split stay in file order behind the shuffled ones.
    const auto shuffled = static_cast<std::int64_t>(order_.size());
    order_.resize(static_cast<std::size_t>(pool()));
    std::iota(order_.begin() + shuffled, order_.end(), shuffled);
  }

  /// Number of images: the training file's, then, for `domainbed`, the test file's.
  [[nodiscard]] std::int64_t pool() const {
    return kind_ == ImageProtocol::irm ? counts_.training : counts_.training + counts_.test;
  }
  /// Number of images of the training file: those from here on are the test file's.
  [[nodiscard]] std::int64_t training_file() const { return counts_.training; }

  /// Bytes that the order of the images takes.
  [[nodiscard]] double bytes() const { return 8.0 * static_cast<double>(order_.size()); }

  /// `train_domain`: 0 .. train_domains - 1, or -1 for any other domain, told apart by `key`.
  [[nodiscard]] ImageRows rows(std::int64_t train_domain, const std::string& key,
                               Split split) const {
    const std::int64_t all = train_domains_ + (kind_ == ImageProtocol::domainbed ? 1 : 0);
    const std::int64_t share = (kind_ == ImageProtocol::irm ? irm_training_ : pool()) / all;
    const bool other = train_domain < 0;
    if (split == Split::train) {
      if (kind_ == ImageProtocol::irm && other) return turned(key, 0, 1, irm_training_);
      const std::int64_t count = kind_ == ImageProtocol::irm ? share : share - share / 5;
      if (other) return turned(key, all - 1, all, count);
      return {order_, train_domain, all, count, 0};
    }
    if (kind_ == ImageProtocol::irm)
      return held_out(irm_training_, 1, pool() - irm_training_, split);
    const std::int64_t domain = other ? all - 1 : train_domain;
    const std::int64_t kept = share - share / 5;
    return held_out(domain + all * kept, all, share / 5, split);
  }

 private:
  [[nodiscard]] ImageRows turned(const std::string& key, std::int64_t first, std::int64_t stride,
                                 std::int64_t count) const {
    return {order_, first, stride, count, RandomStream(starts_.child(key)).below(count, 0)};
  }
  [[nodiscard]] ImageRows held_out(std::int64_t first, std::int64_t stride, std::int64_t count,
                                   Split split) const {
    return {order_, first, stride, count, split == Split::test ? 0 : count / 2};
  }

  ImageProtocol kind_;
  ImageCounts counts_;
  std::int64_t irm_training_;  ///< images of the training file that `irm` trains on
  RandomKey starts_;
  std::int64_t train_domains_;
  std::vector<std::int64_t> order_;
};

}  // namespace spurion::environments
