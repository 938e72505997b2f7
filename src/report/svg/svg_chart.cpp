#include "report/svg/svg_chart.hpp"

#include <fmt/format.h>

#include "report/escape.hpp"
#include "report/svg/frame.hpp"

namespace spurion::report {

namespace {

using analysis::Chart;
using analysis::ChartKind;

Drawing drawing_of(const Chart& chart, const Ink& ink) {
  switch (chart.kind) {
    case ChartKind::bar:
    case ChartKind::dot:
      return draw_bars(chart, ink);
    case ChartKind::heat_map:
      return draw_heat_map(chart, ink);
    case ChartKind::line:
    case ChartKind::scatter:
      break;
  }
  return draw_lines(chart, ink);
}

}  // namespace

std::string chart_style() {
  return R"css(
svg.chart{width:100%;height:auto;display:block;font:13px system-ui,sans-serif}
svg.chart .grid{stroke:var(--rule);stroke-width:1}svg.chart .tickline{stroke:var(--muted)}
svg.chart text{fill:var(--text)}svg.chart .tick{fill:var(--muted);font-size:12px}
svg.chart .line{fill:none;stroke-width:2.2;stroke:currentColor;stroke-linejoin:round}
svg.chart .band{fill:currentColor;opacity:.16;stroke:none}
svg.chart .key{fill:currentColor}svg.chart .dots{fill:currentColor;stroke:var(--page);stroke-width:1}
svg.chart .bar{fill:currentColor;opacity:.72}svg.chart .whisker{stroke:var(--text);stroke-width:1.4;fill:none}
svg.chart .points{fill:currentColor;fill-opacity:.75;stroke:var(--page);stroke-width:.7}
svg.chart .points>g:hover{stroke:var(--text);stroke-width:2}svg.chart .cell:hover{stroke:var(--text);stroke-width:2}
svg.chart .stem{stroke:currentColor;stroke-width:1.4;fill:none}svg.chart .hollow{fill:var(--page);stroke:currentColor;stroke-width:1.8}
svg.chart .mark{stroke:var(--muted);stroke-dasharray:2 4;stroke-width:1.5}
svg.chart .dots>g:hover{stroke:var(--text);stroke-width:2}
.s0{color:var(--c0)}.s1{color:var(--c1)}.s2{color:var(--c2)}.s3{color:var(--c3)}.s4{color:var(--c4)}.s5{color:var(--c5)}
.r0,.r1,.r2{color:var(--muted)}.r0 .line{stroke-dasharray:9 4;stroke-width:1.6!important}.r1 .line{stroke-dasharray:4 4;stroke-width:1.6!important}.r2 .line{stroke-dasharray:1.5 4;stroke-width:2!important}
)css";
}

std::string svg_chart(const Chart& chart, const std::string& id, bool standalone) {
  const double width = width_of(chart);
  const Drawing drawing = drawing_of(chart, Ink(standalone));
  std::string out = fmt::format(
      "<svg {7} id=\"{0}\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {1} "
      "{2:.0f}\" "
      "role=\"img\" aria-labelledby=\"{0}-title {0}-desc\"><title id=\"{0}-title\">{3}</title>"
      "<desc id=\"{0}-desc\">{4} against {5}. {6}</desc>",
      id, width, drawing.height, escape(chart.title), escape(chart.y_label), escape(chart.x_label),
      escape(chart.note),
      standalone ? fmt::format("width=\"{}\" height=\"{:.0f}\" font-family=\"sans-serif\" "
                               "font-size=\"13\"",
                               width, drawing.height)
                 : std::string("class=\"chart\""));
  if (standalone) out += "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>";
  return out + drawing.body + "</svg>";
}

}  // namespace spurion::report
