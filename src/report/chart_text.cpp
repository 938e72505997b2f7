#include "report/chart_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::ChartKind;
using analysis::Estimate;
using analysis::Series;

constexpr std::size_t kNameWidth = 34;

std::string shortened_name(const std::string& name) {
  return name.size() <= kNameWidth ? name : name.substr(0, kNameWidth - 3) + "...";
}

/// "erm, in distribution  #######  0.850 [0.840, 0.860]"; a number below 0 has no bar. The lines of
/// a dot chart are not shown.
std::string bars_text(const Chart& chart, std::size_t columns) {
  constexpr std::size_t kNumbers = 26;
  double most = 0.0;
  std::size_t names = 0;
  std::size_t bars = 0;
  for (const std::string& name : chart.categories) {
    names = std::max(names, shortened_name(name).size());
  }
  const auto hidden = [&](const Series& series) {
    return series.reference && chart.kind == ChartKind::dot;
  };
  for (const Series& series : chart.series) {
    if (hidden(series)) continue;
    bars = std::max(bars, series.name.size());
    for (const Estimate& y : series.y) most = std::max(most, y.value);
  }
  if (most > 0.6 && most <= 1.0) most = 1.0;
  const std::size_t used = names + bars + kNumbers + 8;
  const double room = columns > used + 10 ? static_cast<double>(columns - used) : 10.0;
  std::string out;
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    std::string name = shortened_name(chart.categories[i]);
    for (const Series& series : chart.series) {
      for (std::size_t k = 0; k < series.x.size() && !hidden(series); ++k) {
        if (series.x[k] != static_cast<double>(i)) continue;
        const Estimate& y = series.y[k];
        const double share = most > 0.0 ? std::clamp(y.value / most, 0.0, 1.0) : 0.0;
        const std::string bar(static_cast<std::size_t>(std::lround(share * room)), '#');
        const std::string interval =
            y.high > y.low ? fmt::format(" [{:.3f}, {:.3f}]", y.low, y.high) : std::string();
        out += fmt::format("  {:<{}}  {:<{}}  {} {:.3f}{}\n", name, names, series.name, bars, bar,
                           y.value, interval);
        name.clear();
      }
    }
  }
  return out;
}

/// On which side of a level each cell is shown to lie.
std::string sides_text(const Chart& chart, const analysis::Level& level) {
  std::size_t names = chart.series_label.size();
  for (const Series& series : chart.series) names = std::max(names, series.name.size());
  std::string out = fmt::format(
      "  {}: + the whole interval is above {}, - it is below, ? it may be on either side\n",
      level.name, level.value);
  for (const Series& series : chart.series) {
    std::string row(chart.categories.size(), ' ');
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const auto at = static_cast<std::size_t>(series.x[i]);
      const Estimate& y = series.y[i];
      const char sign = y.low > level.value ? '+' : y.high < level.value ? '-' : '?';
      if (at < row.size()) row[at] = *series.mark_of(i) == '\0' ? sign : '*';
    }
    out += fmt::format("  {:<{}}  {}\n", series.name, names, row);
  }
  return out;
}

/// A row a series, a column a category, and their names.
std::string cells_text(const Chart& chart) {
  constexpr std::size_t kWidth = 9;
  std::size_t names = chart.series_label.size();
  for (const Series& series : chart.series) names = std::max(names, series.name.size());
  std::string out = fmt::format("  {:<{}}", chart.series_label, names);
  for (const std::string& name : chart.categories) {
    out += fmt::format(" {:>{}}", name.substr(0, kWidth), kWidth);
  }
  out += fmt::format("  <- {}\n", chart.x_label);
  for (const Series& series : chart.series) {
    std::vector<std::string> row(chart.categories.size(), "-");
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const auto at = static_cast<std::size_t>(series.x[i]);
      if (at < row.size()) row[at] = fmt::format("{:.3f}{}", series.y[i].value, series.mark_of(i));
    }
    out += fmt::format("  {:<{}}", series.name, names);
    for (const std::string& cell : row) out += fmt::format(" {:>{}}", cell, kWidth);
    out += '\n';
  }
  for (const analysis::Level& level : chart.levels) out += sides_text(chart, level);
  return out;
}

/// Points as letters, one a series; dots where a reference lies.
class Points {
 public:
  explicit Points(const Chart& chart) : lines_(kHeight, std::string(kWidth, ' ')) {
    for (const Series& series : chart.series) {
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        left_ = std::min(left_, series.x[i]);
        right_ = std::max(right_, series.x[i]);
        low_ = std::min(low_, series.y[i].value);
        high_ = std::max(high_, series.y[i].value);
      }
    }
  }
  void put(double x, double y, char sign) {
    const auto place = [](double value, double low, double high, std::size_t steps) {
      const double share = high > low ? (value - low) / (high - low) : 0.5;
      return static_cast<std::size_t>(std::lround(share * static_cast<double>(steps - 1)));
    };
    lines_[kHeight - 1 - place(y, low_, high_, kHeight)][place(x, left_, right_, kWidth)] = sign;
  }
  /// The straight line between two points.
  void put_line(double x0, double y0, double x1, double y1) {
    for (std::size_t i = 0; i <= kWidth; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(kWidth);
      put(x0 + share * (x1 - x0), y0 + share * (y1 - y0), '.');
    }
  }
  [[nodiscard]] std::string text(const Chart& chart) const {
    std::string out = fmt::format("  {}\n", chart.y_label);
    for (std::size_t i = 0; i < kHeight; ++i) {
      const std::string mark = i == 0             ? fmt::format("{:.3g}", high_)
                               : i + 1 == kHeight ? fmt::format("{:.3g}", low_)
                                                  : std::string();
      const std::size_t end = lines_[i].find_last_not_of(' ');
      out += fmt::format("  {:>8} |{}\n", mark, lines_[i].substr(0, end + 1));
    }
    return out + fmt::format("  {:>8} +{}\n  {:>8}  {:<{}.3g}{:>8.3g}\n  {:>8}  {}\n", "",
                             std::string(kWidth, '-'), "", left_, kWidth - 8, right_, "",
                             chart.x_label);
  }

 private:
  static constexpr std::size_t kWidth = 56;
  static constexpr std::size_t kHeight = 14;
  std::vector<std::string> lines_;
  double left_ = HUGE_VAL;
  double right_ = -HUGE_VAL;
  double low_ = HUGE_VAL;
  double high_ = -HUGE_VAL;
};

std::string points_text(const Chart& chart) {
  Points points(chart);
  std::string names;
  for (const Series& series : chart.series) {
    if (!series.reference) continue;
    for (std::size_t i = 1; i < series.x.size(); ++i) {
      points.put_line(series.x[i - 1], series.y[i - 1].value, series.x[i], series.y[i].value);
    }
    names += fmt::format("  .: {}", series.name);
  }
  char sign = 'a';
  for (const Series& series : chart.series) {
    if (series.reference) continue;
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      points.put(series.x[i], series.y[i].value, sign);
    }
    names += fmt::format("  {}: {}", sign, series.name);
    sign = sign == 'z' ? 'A' : static_cast<char>(sign + 1);
  }
  return points.text(chart) + names + '\n';
}

bool has_points(const Chart& chart) {
  return std::any_of(chart.series.begin(), chart.series.end(),
                     [](const Series& series) { return !series.x.empty(); });
}

}  // namespace

std::string chart_text(const Chart& chart, std::size_t columns) {
  if (!has_points(chart)) return {};
  const std::string title = fmt::format("  {} ({})\n", chart.title, chart.y_label);
  switch (chart.kind) {
    case ChartKind::bar:
    case ChartKind::dot:
      return title + bars_text(chart, columns);
    case ChartKind::heat_map:
      return title + cells_text(chart);
    case ChartKind::scatter:
      return fmt::format("  {}\n", chart.title) + points_text(chart);
    case ChartKind::line:
      break;
  }
  return {};
}

}  // namespace spurion::report
