#include "report/svg/ink.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace spurion::report {

namespace {

const char* colour(const Pen& pen) {
  constexpr const char* kColours[] = {"#c4462a", "#1f6fb2", "#2b8a57",
                                      "#8a4fa8", "#a6761d", "#3a3f47"};
  return pen.reference ? "#626c78" : kColours[pen.index % 6];
}

const char* dashes(const Pen& pen) {
  constexpr const char* kDashes[] = {" stroke-dasharray=\"9 4\" stroke-width=\"1.6\"",
                                     " stroke-dasharray=\"4 4\" stroke-width=\"1.6\"",
                                     " stroke-dasharray=\"1.5 4\" stroke-width=\"2\""};
  return pen.reference ? kDashes[pen.index % 3] : " stroke-width=\"2.2\"";
}

}  // namespace

std::string Ink::part(const std::string& name) const {
  if (!literal_) return fmt::format("class=\"{}\"", name);
  if (name == "grid") return "stroke=\"#e3e7ec\" stroke-width=\"1\"";
  if (name == "tickline") return "stroke=\"#626c78\"";
  if (name == "tick") return "fill=\"#626c78\" font-size=\"12\"";
  if (name == "mark") {
    return "stroke=\"#626c78\" stroke-dasharray=\"2 4\" stroke-width=\"1.5\"";
  }
  if (name == "whisker") return "stroke=\"#1b1f24\" stroke-width=\"1.4\" fill=\"none\"";
  return "fill=\"#1b1f24\"";  // texts
}

std::string Ink::part(const std::string& name, const Pen& pen) const {
  if (!literal_) return fmt::format("class=\"{}\"", name);
  const char* ink = colour(pen);
  if (name == "line") {
    return fmt::format("fill=\"none\" stroke=\"{}\" stroke-linejoin=\"round\"{}", ink, dashes(pen));
  }
  if (name == "band") return fmt::format("fill=\"{}\" fill-opacity=\"0.16\" stroke=\"none\"", ink);
  if (name == "bar") return fmt::format("fill=\"{}\" fill-opacity=\"0.72\" stroke=\"none\"", ink);
  if (name == "points") {
    return fmt::format("fill=\"{}\" fill-opacity=\"0.75\" stroke=\"#ffffff\" stroke-width=\"0.7\"",
                       ink);
  }
  if (name == "stem") {
    return fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"", ink);
  }
  if (name == "hollow") {
    return fmt::format("fill=\"#ffffff\" stroke=\"{}\" stroke-width=\"1.8\"", ink);
  }
  if (name == "dots") return fmt::format("fill=\"{}\" stroke=\"#ffffff\" stroke-width=\"1\"", ink);
  return fmt::format("fill=\"{}\"", ink);  // key of the legend
}

std::string Ink::group(const Pen& pen) const {
  if (literal_) return {};
  return pen.reference ? fmt::format(" class=\"r{}\"", pen.index % 3)
                       : fmt::format(" class=\"s{}\"", pen.index % 6);
}

std::vector<Pen> pens_of(const analysis::Chart& chart) {
  std::vector<Pen> pens;
  std::size_t lines = 0;
  std::size_t references = 0;
  for (const analysis::Series& series : chart.series) {
    const auto shared = static_cast<std::size_t>(std::max(series.colour_of, 0));
    if (series.colour_of >= 0 && shared < pens.size()) {
      pens.push_back(pens[shared]);
      continue;
    }
    const bool reference = series.reference && !series.x.empty();
    pens.push_back({reference, reference ? references++ : lines++});
  }
  return pens;
}

std::string marker(std::size_t index, double x, double y) {
  switch (index % 4) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>", x, y);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"7\" height=\"7\"/>", x - 3.5,
                         y - 3.5);
    case 2:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l4.5 8h-9z\"/>", x, y - 5);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l5 5l-5 5l-5 -5z\"/>", x, y - 5);
  }
}

namespace {

/// Of a letter at 13 pixels. DejaVu Sans, the widest of the usual fonts, takes 7.9 for each letter
/// of "subsampled_erm".
constexpr double kLetter = 8.0;

/// Whether a byte begins a character of UTF-8.
bool begins(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

}  // namespace

double text_width(const std::string& text) {
  return kLetter * static_cast<double>(std::count_if(text.begin(), text.end(), begins));
}

std::string fitted(const std::string& text, double width) {
  if (text_width(text) <= width) return text;
  std::string out;
  double used = 3 * kLetter;
  for (const char c : text) {
    if (begins(c) && (used += kLetter) > width) break;
    out += c;
  }
  return out + "...";
}

}  // namespace spurion::report
