#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "environments/shared/generative_environment.hpp"
#include "environments/shared/images/class_cue.hpp"
#include "environments/shared/images/image_classes.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

/// What all environments of this kind can be set to.
struct CuedImagesOptions {
  std::string source = "fashion_mnist";
  std::int64_t resolution = 14;
  std::string classes = "all";
  double label_noise = 0.0;
  std::vector<double> train_shifts = {0.2, 0.1};
  double test_shift = 0.9;

  static const Schema<CuedImagesOptions>& schema();
};

/// An environment of images of C classes with a cue of C values, each going along with one class:
///
///     class = of the image;  label = class + noise (mod C);  cue = label (or class) + noise (mod
///     C) x = the image, painted with its cue
///
/// where each noise is 0 or, with its probability, one of the others, evenly. A derived class says
/// how a cue is painted and adds to `info_` what it is called.
class CuedImages : public GenerativeEnvironment {
 public:
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const final;
  [[nodiscard]] std::int64_t validation_rows(const Domain& domain,
                                             std::int64_t test_rows) const final;
  [[nodiscard]] bool supports(const Intervention& intervention) const final;
  [[nodiscard]] double shared_bytes() const final { return images_.bytes(); }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

 protected:
  /// How the cue is called in the graph, what it looks like, how many planes a picture has.
  struct Naming {
    std::string world;
    std::string cue;
    std::string cue_doc;
    std::int64_t planes;
    bool follows_class = false;
  };
  /// Throws `UsageError` for options that fit no domain, `DataError` when images are missing.
  CuedImages(const CuedImagesOptions& options, const Naming& naming,
             const EnvironmentContext& context);

  /// Writes the planes of one picture. `key` names the row's block of noise, for style of the
  /// environment's own, which must not depend on the cue's value.
  virtual void paint(const std::uint8_t* image, int cue, const RandomKey& key, std::int64_t row,
                     float* planes) const = 0;

  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const final;

  [[nodiscard]] int classes() const { return images_.count(); }
  [[nodiscard]] std::int64_t side() const { return side_; }
  [[nodiscard]] double mean_train_shift() const { return mean_train_shift_; }

 private:
  struct Noise;
  struct Row;

  [[nodiscard]] ImageRows images_of(const Domain& domain, Split split) const;
  [[nodiscard]] Row draw(const ImageRows& images, const Noise& noise, double shift,
                         const Intervention& intervention, std::int64_t row) const;
  void describe(const CuedImagesOptions& options, const Naming& naming);

  ImageClasses images_;
  std::int64_t side_;
  double label_noise_;
  bool follows_class_;
  ClassCue population_;
  double mean_train_shift_ = 0.0;
};

/// The mechanism's formulas, `painting` as the last of them.
std::string cued_images_mechanism(const CuedImagesOptions& options, const std::string& cue,
                                  bool follows_class, const std::string& painting);

}  // namespace spurion::environments
