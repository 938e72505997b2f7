#include "cli/preview.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "report/png.hpp"
#include "report/whole_file.hpp"
#include "spurion/error.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kColumns = 10;
constexpr std::int64_t kGap = 4;

/// The other value of a variable, if the environment can set it.
Intervention change_of(const Environment& environment, const std::string& variable) {
  for (const Intervention& candidate :
       {Intervention::flip(variable), Intervention::resample(variable)}) {
    if (environment.supports(candidate)) return candidate;
  }
  return Intervention::none();
}

/// Copies one row [C, H, W] into the picture, `scale` times as large. One plane is grey, two are
/// red and green.
void place(const float* planes, const Shape& shape, std::int64_t scale, std::int64_t left,
           std::int64_t top, report::Picture& picture) {
  const std::int64_t height = shape[1];
  const std::int64_t width = shape[2];
  for (std::int64_t y = 0; y < height * scale; ++y) {
    for (std::int64_t x = 0; x < width * scale; ++x) {
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        const std::int64_t plane = shape[0] == 1 ? 0 : channel;
        const float value = plane < shape[0]
                                ? planes[plane * height * width + (y / scale) * width + x / scale]
                                : 0.0F;
        picture
            .rgb[static_cast<std::size_t>(3 * ((top + y) * picture.width + left + x) + channel)] =
            static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
      }
    }
  }
}

}  // namespace

void write_preview(const Catalog& catalog, const std::string& name, const Value& options,
                   const std::filesystem::path& file) {
  if (file.extension() != ".png") {
    throw UsageError(
        fmt::format("--preview writes a PNG: '{}' does not end in .png", file.string()));
  }
  const auto& entry = catalog.environments.at(name);
  Problems problems;
  const Value all = entry.schema.normalise(options, name, problems);
  problems.raise();
  const auto environment =
      entry.make({all}, EnvironmentContext{0, std::make_shared<const DataSources>()});
  const EnvironmentInfo& info = environment->info();
  const Shape& shape = info.input_shape;
  if (shape.size() != 3 || shape[0] < 1 || shape[0] > 3 || shape[1] < 2 || shape[2] < 2) {
    throw UsageError(fmt::format("rows of {} are no pictures of 1 to 3 planes", name));
  }
  std::vector<Intervention> lines = {Intervention::none()};
  std::vector<std::string> variables;
  for (const Cue& cue : info.cues) variables.push_back(cue.name);
  if (variables.empty()) variables.push_back(info.cue);
  variables.push_back(info.causal);
  for (const std::string& variable : variables) {
    const Intervention change = change_of(*environment, variable);
    if (change.kind != Intervention::Kind::none) lines.push_back(change);
  }

  const std::int64_t scale = std::max<std::int64_t>(1, 96 / std::max(shape[1], shape[2]));
  const std::int64_t step_x = shape[2] * scale + kGap;
  const std::int64_t step_y = shape[1] * scale + kGap;
  const Domain domain = environment->train_domains().front();
  const std::int64_t columns = std::min(kColumns, environment->row_limit(domain, Purpose::test));
  report::Picture picture;
  picture.width = columns * step_x + kGap;
  picture.height = static_cast<std::int64_t>(lines.size()) * step_y + kGap;
  picture.rgb.assign(static_cast<std::size_t>(3 * picture.width * picture.height), 255);
  for (std::size_t line = 0; line < lines.size(); ++line) {
    const Sample rows = environment->sample(domain, Purpose::test, {0, columns}, lines[line]);
    for (std::int64_t column = 0; column < columns; ++column) {
      place(rows.x.data_ptr<float>() + column * element_count(shape), shape, scale,
            kGap + column * step_x, kGap + static_cast<std::int64_t>(line) * step_y, picture);
    }
  }
  report::write_whole_file(file, report::png(picture));
}

}  // namespace spurion::cli
