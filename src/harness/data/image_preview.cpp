#include "harness/data/image_preview.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace spurion::harness {

namespace {

constexpr std::int64_t kGap = 2;

/// The other value of a variable, if the environment can set it.
Intervention change_of(const Environment& environment, const std::string& variable) {
  for (const Intervention& candidate :
       {Intervention::flip(variable), Intervention::resample(variable)}) {
    if (environment.supports(candidate)) return candidate;
  }
  return Intervention::none();
}

std::vector<Intervention> lines_of(const Environment& environment) {
  const EnvironmentInfo& info = environment.info();
  std::vector<std::string> variables;
  for (const Cue& cue : info.cues) variables.push_back(cue.name);
  if (variables.empty()) variables.push_back(info.cue);
  variables.push_back(info.causal);
  std::vector<Intervention> lines = {Intervention::none()};
  for (const std::string& variable : variables) {
    const Intervention change = change_of(environment, variable);
    if (change.kind != Intervention::Kind::none) lines.push_back(change);
  }
  return lines;
}

/// Copies one row [C, H, W] into the picture.
void place(const float* planes, const Shape& shape, std::int64_t left, std::int64_t top,
           data::Picture& picture) {
  const std::int64_t height = shape[1];
  const std::int64_t width = shape[2];
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t channel = 0; channel < 3; ++channel) {
        const std::int64_t plane = shape[0] == 1 ? 0 : channel;
        const float value =
            plane < shape[0] ? planes[plane * height * width + y * width + x] : 0.0F;
        picture
            .rgb[static_cast<std::size_t>(3 * ((top + y) * picture.width + left + x) + channel)] =
            static_cast<std::uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F);
      }
    }
  }
}

}  // namespace

std::optional<PictureGrid> picture_grid(const Environment& environment, std::int64_t columns,
                                        std::int64_t bytes) {
  const Shape& shape = environment.info().input_shape;
  if (shape.size() != 3 || shape[0] < 1 || shape[0] > 3 || shape[1] < 2 || shape[2] < 2) {
    return std::nullopt;
  }
  const std::vector<Intervention> lines = lines_of(environment);
  const auto count = static_cast<std::int64_t>(lines.size());
  const Domain domain = environment.train_domains().front();
  const std::int64_t step_x = shape[2] + kGap;
  const std::int64_t step_y = shape[1] + kGap;
  columns = std::min(
      {columns, environment.row_limit(domain, Split::test), bytes / (3 * step_x * step_y * count)});
  if (columns < 1) return std::nullopt;

  PictureGrid grid;
  data::Picture& picture = grid.picture;
  picture.width = columns * step_x + kGap;
  picture.height = count * step_y + kGap;
  picture.rgb.assign(static_cast<std::size_t>(3 * picture.width * picture.height), 255);
  for (std::int64_t line = 0; line < count; ++line) {
    const Intervention& action = lines[static_cast<std::size_t>(line)];
    const Sample rows = environment.sample(domain, Split::test, {0, columns}, action);
    const Tensor x = rows.x.contiguous();
    for (std::int64_t column = 0; column < columns; ++column) {
      place(x.data_ptr<float>() + column * element_count(shape), shape, kGap + column * step_x,
            kGap + line * step_y, picture);
    }
    grid.lines.push_back(line == 0 ? "as it is" : action.text());
  }
  return grid;
}

}  // namespace spurion::harness
