#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "environments/shared/generative_environment.hpp"
#include "environments/shared/images/image_classes.hpp"
#include "spurion/catalog.hpp"
#include "spurion/environment.hpp"

namespace spurion::environments {

/// Draws a picture of one setting of the domain's variable.
using Painter = std::function<void(const std::uint8_t* image, float* out)>;

/// An environment of images of C classes where a domain sets how all its pictures are shown
/// (turned, blurred): covariate shift. The variable is uninformative in every domain.
struct ShiftedImagesOptions {
  std::string world;
  std::string variable;      ///< "angle"
  std::string variable_doc;  ///< "rotation of the image, in degrees"
  std::string source;
  std::int64_t resolution = 14;
  std::string classes = "all";
  std::string protocol = "irm";
  double label_noise = 0.0;
  std::vector<double> train_values;
  double test_value = 0.0;
  double high = 1.0;           ///< values go from 0 to this
  std::vector<double> points;  ///< of the shift
};

class ShiftedImages : public GenerativeEnvironment {
 public:
  [[nodiscard]] std::int64_t row_limit(const Domain& domain, Split split) const final;
  [[nodiscard]] std::int64_t validation_rows(const Domain& domain,
                                             std::int64_t test_rows) const final;
  [[nodiscard]] bool supports(const Intervention& intervention) const final;
  [[nodiscard]] double shared_bytes() const final { return images_.bytes(); }
  [[nodiscard]] Ceilings ceilings(const Domain& domain) const final;

 protected:
  /// Throws `UsageError` for options that fit no domain, `DataError` when images are missing.
  ShiftedImages(ShiftedImagesOptions options, const EnvironmentContext& context);

  /// What shows pictures at a value.
  [[nodiscard]] virtual Painter painter(double value, std::int64_t side) const = 0;

  [[nodiscard]] Sample generate(const Domain& domain, Split split, RowRange rows,
                                const Intervention& intervention) const final;

 private:
  [[nodiscard]] ImageRows images_of(const Domain& domain, Split split) const;
  [[nodiscard]] int shape_under(const Intervention& intervention, int shape,
                                const RandomStream& coin, std::int64_t row) const;
  void describe();

  ShiftedImagesOptions options_;
  ImageClasses images_;
};

}  // namespace spurion::environments
