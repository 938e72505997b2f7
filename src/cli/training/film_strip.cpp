#include "cli/training/film_strip.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "nouns/default_twin.hpp"
#include "report/escape.hpp"

namespace spurion::cli {

namespace {

constexpr std::int64_t kFrames = 12;
constexpr double kFrameSide = 84.0;
constexpr double kFrameGap = 10.0;
constexpr double kStripHeight = 150.0;
constexpr double kMargin = 14.0;
/// Colours of the planes of a grid; what lies on another is drawn over it.
constexpr std::array<const char*, 8> kPlanes = {"#4a4a4a", "#0072b2", "#e69f00", "#009e73",
                                                "#cc79a7", "#d55e00", "#56b4e9", "#f0e442"};

/// Who acts where, and what is changed of what is seen.
struct Scene {
  ReferencePolicy policy;
  Domain domain;
  Intervention seen_under = Intervention::none();
};

/// One moment of an episode.
struct Frame {
  std::int64_t step = 0;
  Tensor seen;          ///< [...input_shape]
  std::string action;   ///< taken after it; empty: it is the last
  double reward = 0.0;  ///< sum so far
};

struct Strip {
  std::string title;
  std::vector<Frame> frames;
};

Domain at_shift_of(const InteractiveEnvironment& world, const Domain& domain) {
  return domain.cue_shifts.empty() ? world.at(domain.shift) : world.at_cues(domain.cue_shifts);
}

Strip played(const InteractiveEnvironment& world, const Scene& scene) {
  const EpisodePlace place{scene.domain, Split::test};
  const InteractiveInfo& facts = world.acting();
  Strip strip;
  Episodes episode = world.reset(place, {0});
  std::vector<float> rewards;
  double sum = 0.0;
  while (true) {
    Frame frame{episode.step[0], world.observe(place, episode, scene.seen_under)[0], {}, sum};
    if (episode.done[0] == 0) {
      const auto action = world.act(scene.policy, place, episode);
      frame.action = facts.actions[static_cast<std::size_t>(action[0])];
      world.step(place, action, episode, rewards);
      sum += static_cast<double>(rewards[0]);
    }
    strip.frames.push_back(frame);
    if (frame.action.empty()) break;
  }
  const bool intervened = scene.seen_under.kind != Intervention::Kind::none;
  strip.title = fmt::format(
      "{} policy, {} = {:g}{}: return {:g} in {} steps{}", reference_policy_name(scene.policy),
      world.info().shift_axis.name, scene.domain.shift,
      intervened ? ", the same episode seen under " + scene.seen_under.text() : "", sum,
      episode.step[0], episode.goal[0] != 0 ? ", goal reached" : "");
  return strip;
}

/// Frames evenly over the episode, its first and last among them.
std::vector<Frame> some_frames(const std::vector<Frame>& all) {
  const auto count = static_cast<std::int64_t>(all.size());
  if (count <= kFrames) return all;
  std::vector<Frame> kept;
  for (std::int64_t i = 0; i < kFrames; ++i) {
    kept.push_back(all[static_cast<std::size_t>(i * (count - 1) / (kFrames - 1))]);
  }
  return kept;
}

std::string rectangle(double x, double y, double width, double height, const char* fill) {
  return fmt::format(R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}" fill="{}"/>)", x,
                     y, width, height, fill);
}

/// Planes [C, H, W] of a grid.
std::string grid_picture(const Tensor& seen, double x, double y) {
  const std::int64_t height = seen.size(1);
  const std::int64_t width = seen.size(2);
  const double cell = kFrameSide / static_cast<double>(std::max(height, width));
  std::string out;
  for (std::int64_t plane = 0; plane < seen.size(0); ++plane) {
    const char* fill = kPlanes[static_cast<std::size_t>(plane) % kPlanes.size()];
    // Later planes are drawn smaller, so that what shares a cell is seen.
    const double inset = plane == 0 ? 0.0 : 0.12 * cell;
    for (std::int64_t i = 0; i < height; ++i) {
      for (std::int64_t j = 0; j < width; ++j) {
        if (seen[plane][i][j].item<float>() <= 0.0F) continue;
        out += rectangle(x + static_cast<double>(j) * cell + inset,
                         y + static_cast<double>(i) * cell + inset, cell - 2.0 * inset,
                         cell - 2.0 * inset, fill);
      }
    }
  }
  return out;
}

/// Any other inputs: a bar each, up or down from the middle; `largest`: of the strip.
std::string bar_picture(const Tensor& seen, double largest, double x, double y) {
  const Tensor flat = seen.flatten();
  const double step = kFrameSide / static_cast<double>(flat.size(0));
  std::string out;
  for (std::int64_t i = 0; i < flat.size(0); ++i) {
    const double value = static_cast<double>(flat[i].item<float>());
    const double length = kFrameSide / 2.0 * std::abs(value) / largest;
    const double top = y + kFrameSide / 2.0 - (value > 0.0 ? length : 0.0);
    out += rectangle(x + static_cast<double>(i) * step + 0.1 * step, top, 0.8 * step, length,
                     value > 0.0 ? "#0072b2" : "#d55e00");
  }
  return out;
}

std::string text(double x, double y, int size, const std::string& words) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" font-size="{}" fill="#222">{}</text>)", x, y,
                     size, report::escape(words));
}

std::string strip_picture(const Strip& strip, double top) {
  std::string out = text(kMargin, top + 14.0, 13, strip.title);
  const std::vector<Frame> frames = some_frames(strip.frames);
  double largest = 1e-9;
  for (const Frame& frame : frames) {
    largest = std::max(largest, static_cast<double>(frame.seen.abs().max().item<float>()));
  }
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const double x = kMargin + static_cast<double>(i) * (kFrameSide + kFrameGap);
    const double y = top + 22.0;
    out += rectangle(x, y, kFrameSide, kFrameSide, "#f3f3f3");
    out += frames[i].seen.dim() == 3 ? grid_picture(frames[i].seen, x, y)
                                     : bar_picture(frames[i].seen, largest, x, y);
    out += text(x, y + kFrameSide + 13.0, 10, fmt::format("step {}", frames[i].step));
    out += text(
        x, y + kFrameSide + 25.0, 10,
        frames[i].action.empty() ? std::string("end") : fmt::format("then {}", frames[i].action));
  }
  return out;
}

}  // namespace

std::string film_strip(const InteractiveEnvironment& world) {
  const Domain train = at_shift_of(world, world.train_domains().front());
  const Domain test = at_shift_of(world, world.test_domain());
  std::vector<Scene> scenes = {{ReferencePolicy::expert, train}};
  const Intervention twin = nouns::default_twin(world, world.info().cue);
  if (twin.kind != Intervention::Kind::none) {
    scenes.push_back({ReferencePolicy::expert, train, twin});
  }
  scenes.push_back({ReferencePolicy::expert, test});
  scenes.push_back({ReferencePolicy::cue, train});
  scenes.push_back({ReferencePolicy::cue, test});
  std::string body;
  double top = 34.0;
  for (const Scene& scene : scenes) {
    body += strip_picture(played(world, scene), top);
    top += kStripHeight;
  }
  const double width =
      2.0 * kMargin + static_cast<double>(kFrames) * (kFrameSide + kFrameGap) - kFrameGap;
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>{2}{3}</svg>)"
      "\n",
      width, top, text(kMargin, 20.0, 15, world.info().title + ": one episode, the same noise"),
      body);
}

}  // namespace spurion::cli
