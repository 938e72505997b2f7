#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "environments/shared/generative_environment.hpp"
#include "environments/shared/images/image_classes.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"
#include "spurion/image_source.hpp"
#include "spurion/schema.hpp"

namespace spurion::environments {

struct ColouredImagesOptions {
  std::string source = "fashion_mnist";
  std::int64_t resolution = 14;
  double label_noise = 0.25;
  std::vector<double> train_shifts = {0.2, 0.1};
  double test_shift = 0.9;
  std::string protocol = "irm";
};

/// Coloured MNIST (Arjovsky et al. 2019) over any pool of greyscale images: the half of the classes
/// an image belongs to causes the label, the label causes the colour. The shift is e, the share of
/// rows whose colour disagrees with the label. See datasets/coloured_images.md.
///
/// Interventions on "colour" change the colour alone. Those on "shape" put an image of the other
/// half of the classes in the row's place where the shape changes; label and colour lie downstream,
/// so they follow with the label and colour noise the row had.
class ColouredImages final : public GenerativeEnvironment {
 public:
  using Options = ColouredImagesOptions;
  static const Schema<Options>& schema();

  /// Throws `UsageError` for options that fit no domain, `DataError` when images are missing.
  ColouredImages(Options options, const EnvironmentContext& context);

  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const override;
  [[nodiscard]] std::int64_t validation_rows(const Domain& domain,
                                             std::int64_t test_rows) const override;
  [[nodiscard]] bool supports(const Intervention& intervention) const override;
  [[nodiscard]] double shared_bytes() const override { return images_.bytes(); }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const override;

 protected:
  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const override;

 private:
  void describe();
  struct Noise;
  struct Row;

  [[nodiscard]] environments::ImageRows images_of(const Domain& domain, Split split) const;
  [[nodiscard]] Row draw(const environments::ImageRows& images, const Noise& noise, double shift,
                         const Intervention& intervention, std::int64_t row) const;

  Options options_;
  ImageClasses images_;
  double mean_train_shift_ = 0.0;
};

}  // namespace spurion::environments
