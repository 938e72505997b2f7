// How charts of each kind are drawn, written and printed.
#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "report/chart_text.hpp"
#include "report/csv/csv.hpp"
#include "report/svg/level_lines.hpp"
#include "report/svg/svg_chart.hpp"
#include "report/terminal.hpp"

using namespace spurion;
using Catch::Contains;

namespace {

using analysis::Chart;
using analysis::ChartKind;
using analysis::Estimate;

Chart bars() {
  Chart chart;
  chart.kind = ChartKind::bar;
  chart.name = "scores";
  chart.title = "Scores";
  chart.x_label = "method";
  chart.y_label = "accuracy";
  chart.categories = {"erm",
                      "a method <with> a name that is longer than any picture is wide, so cut"};
  chart.series = {{"in", {0, 1}, {{0.8, 0.7, 0.9, 5, 5}, {0.7, 0.7, 0.7, 1, 1}}},
                  {"out", {0}, {{-0.2, -0.3, -0.1, 5, 5}}}};
  return chart;
}

Chart dots() {
  Chart chart = bars();
  chart.kind = ChartKind::dot;
  chart.series = {{"in", {0, 1}, {{0.8, 0.7, 0.9, 5, 5}, {0.7, 0.7, 0.7, 1, 1}}},
                  {"ceiling", {0, 1}, {{1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}}, true}};
  return chart;
}

Chart cells() {
  Chart chart;
  chart.kind = ChartKind::heat_map;
  chart.name = "grid";
  chart.title = "Grid";
  chart.x_label = "model.width";
  chart.series_label = "training.rows";
  chart.y_label = "gap";
  chart.categories = {"8", "512"};
  chart.series = {{"1000", {0, 1}, {{0.5, 0.4, 0.6, 5, 5}, {0.25, 0.25, 0.25, 1, 1}}},
                  {"5000", {1}, {{-0.5, -0.6, -0.4, 5, 5}}}};
  chart.series.front().doubtful = {false, true};
  return chart;
}

Chart points() {
  Chart chart;
  chart.kind = ChartKind::scatter;
  chart.name = "trials";
  chart.title = "Trials";
  chart.x_label = "in";
  chart.y_label = "out";
  chart.series = {{"erm", {0.7, 0.8}, {{0.1, 0.1, 0.1, 1, 1}, {0.4, 0.4, 0.4, 1, 1}}},
                  {"no gap", {0.7, 0.8}, {{0.7, 0.7, 0.7, 1, 1}, {0.8, 0.8, 0.8, 1, 1}}, true}};
  return chart;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("dots have whiskers and lines of reference, and do not begin at 0") {
  const std::string svg = report::svg_chart(dots(), "c", false);
  CHECK(count(svg, "class=\"bar\"") == 0);
  CHECK(count(svg, "class=\"dots\"") == 2);
  CHECK(count(svg, "class=\"whisker\"") == 1);
  CHECK(count(svg, "class=\"line\"") == 2 + 1);  // and the key of the legend
  CHECK(count(svg, "class=\"tickline\"") == 0);
  CHECK_THAT(report::svg_chart(dots(), "c", true), !Contains("class="));
  const std::string text = report::chart_text(dots(), 100);
  CHECK_THAT(text, Contains("0.800 [0.700, 0.900]") && !Contains("ceiling"));
  CHECK_THAT(report::csv_of(dots()), Contains("ceiling,erm,1,"));
}

TEST_CASE("bars begin at 0, have whiskers where there is an interval, and names that fit") {
  const std::string svg = report::svg_chart(bars(), "c", false);
  CHECK(count(svg, "class=\"bar\"") == 3 + 2);  // and two keys of the legend
  CHECK(count(svg, "class=\"whisker\"") == 2);
  CHECK_THAT(svg, Contains("a method &lt;with&gt; a name") && Contains("...</text>"));
  CHECK_THAT(svg, Contains("<title>in at erm: 0.8000 [0.7000, 0.9000]</title>"));
  CHECK_THAT(report::svg_chart(bars(), "c", true), Contains("stroke=\"#1b1f24\""));
}

TEST_CASE("a heat map colours cells by their values, and marks those in doubt") {
  const std::string svg = report::svg_chart(cells(), "c", false);
  CHECK(count(svg, "class=\"cell\"") == 3);
  // The fullest orange and blue are those of the largest size; half of it is half-way.
  CHECK(count(svg, "fill=\"#b35806\"") == 1);
  CHECK(count(svg, "fill=\"#2166ac\"") == 1);
  CHECK(count(svg, "fill=\"#fdb863\"") >= 1);
  CHECK_THAT(svg, Contains(">0.250*</text>") && Contains("[0.400, 0.600]"));
  CHECK_THAT(svg, Contains(">training.rows</text>") && Contains(">model.width</text>"));
}

TEST_CASE("points are drawn for themselves, and a reference as a line") {
  const std::string svg = report::svg_chart(points(), "c", false);
  CHECK(count(svg, "class=\"points\"") == 2);
  CHECK(count(svg, "class=\"band\"") == 0);
  CHECK(count(svg, "class=\"line\"") == 2);  // the reference and its key
}

TEST_CASE("files name the categories") {
  CHECK_THAT(report::csv_of(bars()), Contains("in,erm,0.8,0.7,0.9,5,5\n"));
  CHECK_THAT(report::csv_of(cells()), Contains("5000,512,-0.5,-0.6,-0.4,5,5\n"));
}

TEST_CASE("what is empty in every row of a table is not told on a terminal") {
  analysis::Answer answer;
  analysis::Table table;
  table.columns = {{"method"}, {"under"}, {"world"}};
  table.add({std::string("erm"), std::string(), std::string("two_bit")});
  table.add({std::string("v_rex"), std::string(), std::string("two_bit")});
  answer.tables.push_back(table);
  const std::string text = report::answer_text(answer, 80);
  CHECK_THAT(text, Contains("world: two_bit") && Contains("v_rex") && !Contains("under"));
}

TEST_CASE("a terminal shows bars, cells and points; the numbers of lines are in tables") {
  const std::string text = report::chart_text(bars(), 100);
  CHECK_THAT(text, Contains("Scores (accuracy)") && Contains("0.800 [0.700, 0.900]"));
  CHECK(count(text, "#") > 20);
  std::size_t widest = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    widest = std::max(widest, end - at);
    at = end + 1;
  }
  CHECK(widest <= 100);
  CHECK_THAT(report::chart_text(cells(), 80),
             Contains("training.rows") && Contains("0.250*") && Contains("       -"));
  CHECK_THAT(report::chart_text(points(), 80), Contains("a: erm") && Contains(".: no gap"));
  Chart line = points();
  line.kind = ChartKind::line;
  CHECK(report::chart_text(line, 80).empty());
}

namespace {

/// Points of a closing gap with the law that was fitted to all but the last.
Chart law() {
  Chart chart;
  chart.name = "law";
  chart.title = "Law";
  chart.x_label = "model.width";
  chart.y_label = "gap";
  chart.log_x = chart.log_y = true;
  analysis::Series points{"erm",
                          {8, 16, 32, 64},
                          {{0.4, 0.35, 0.45, 5, 5},
                           {0.2, 0.15, 0.25, 5, 5},
                           {0.1, -0.05, 0.15, 5, 5},
                           {-0.01, -0.05, 0.05, 5, 5}}};
  points.look = analysis::SeriesLook::points;
  points.held_out = {false, false, false, true};
  analysis::Series curve{"erm, fitted", {8, 64}, {{0.4, 0.4, 0.4, 1, 1}, {0.05, 0.05, 0.05, 1, 1}}};
  curve.look = analysis::SeriesLook::curve;
  curve.colour_of = 0;
  chart.series = {points, curve};
  return chart;
}

}  // namespace

TEST_CASE("a fitted law shares the colour of its points, and what it did not see is hollow") {
  const std::string svg = report::svg_chart(law(), "c", false);
  CHECK(count(svg, "<g class=\"s0\">") == 2 + 2);  // both series, the legend, and "held out"
  CHECK(count(svg, "class=\"s1\"") == 0);
  CHECK(count(svg, "class=\"stem\"") == 4);
  CHECK(count(svg, "class=\"hollow\"") == 1 + 1);
  CHECK(count(svg, "class=\"band\"") == 1);
  CHECK_THAT(svg, Contains(">held out of the fit</text>") && !Contains(">erm, fitted</text>"));
  CHECK_THAT(report::svg_chart(law(), "c", true), !Contains("class="));
  CHECK_THAT(report::csv_of(law()), Contains("erm,32,0.1,") &&
                                        Contains("erm (held out),64,-0.01,") &&
                                        Contains("\"erm, fitted\",8,0.4"));
}

TEST_CASE("a logarithmic axis has a place for what is not above 0, which its tooltip names") {
  const std::string svg = report::svg_chart(law(), "c", false);
  CHECK_THAT(svg, Contains("erm at 64: -0.0100 [-0.0500, 0.0500]") && !Contains("nan") &&
                      !Contains("inf"));
  CHECK_THAT(svg, Contains(">0.1</text>") && Contains(">0.2</text>"));
  // Where no value is above 0 the axis is not logarithmic.
  Chart below = law();
  for (auto& series : below.series) {
    for (auto& y : series.y) y = {-0.1, -0.2, -0.05, 5, 5};
  }
  CHECK_THAT(report::svg_chart(below, "c", false), Contains(">-0.1</text>") && !Contains("nan"));
}

TEST_CASE("lines that lie on each other are both seen, and the legend says so") {
  const std::vector<double> x = {1, 2, 3, 4};
  const std::vector<Estimate> falls = {
      {0.8, 0.7, 0.9, 5, 5}, {0.6, 0.5, 0.7, 5, 5}, {0.4, 0.3, 0.5, 5, 5}, {0.2, 0.1, 0.3, 5, 5}};
  std::vector<Estimate> other = falls;
  other.back().value = 0.25;
  Chart chart;
  chart.series = {{"erm", x, falls}, {"iga", x, falls}, {"other", x, other}, {"fish", x, falls}};
  const std::string svg = report::svg_chart(chart, "c", true);
  CHECK_THAT(svg, Contains("iga (lies on erm)") && Contains("fish (lies on erm)") &&
                      !Contains("other (lies") && !Contains("erm (lies"));
  // Dashes of 8 pixels, one after the other; the first is whole.
  CHECK(count(svg, "stroke-dasharray=\"8 16\"") == 2);
  CHECK(count(svg, "stroke-dashoffset=\"16\"") == 1);
  CHECK(count(svg, "stroke-dashoffset=\"8\"") == 1);
  // Their signs take turns: circles of erm at 1 and 4, a square of iga at 2, one of fish at 3; and
  // one of each in the legend.
  CHECK(count(svg, "r=\"4\"") == 3);
  CHECK(count(svg, "width=\"7\"") == 2);
  chart.series.pop_back();
  chart.series[1].y.back().value = 0.3;
  CHECK_THAT(report::svg_chart(chart, "c", true), !Contains("lies on"));
}

TEST_CASE("a law that falls without end does not stretch the axis of its points") {
  analysis::Chart chart = law();
  chart.series[1].x = {8, 64, 128, 256, 512};
  chart.series[1].y.clear();
  for (const double value : {0.4, 1e-4, 1e-8, 1e-10, 1e-12}) {
    chart.series[1].y.push_back({value, value, value, 1, 1});
  }
  const std::string svg = report::svg_chart(chart, "c", false);
  CHECK_THAT(svg, !Contains(">1e-06</text>") && !Contains(">0.001</text>"));
  // It ends where it leaves the axis.
  const auto line = svg.find("class=\"line\"", svg.find("class=\"band\""));
  const auto end = svg.find("/>", line);
  CHECK(count(svg.substr(line, end - line), "L") == 1);
}

TEST_CASE("a heat map draws the boundary of a level, dashed where its side is not shown") {
  Chart chart = cells();
  chart.series = {{"1000", {0, 1}, {{0.04, 0.03, 0.05, 5, 5}, {0.0, -0.01, 0.01, 5, 5}}},
                  {"5000", {0, 1}, {{0.04, 0.03, 0.05, 5, 5}, {0.0, -0.01, 0.01, 5, 5}}}};
  chart.levels = {{"margin", 0.02}};
  const std::string svg = report::svg_chart(chart, "c", false);
  CHECK(count(svg, "<title>margin</title>") == 1);
  CHECK(count(svg, "stroke-dasharray=\"4 3\"") == 2 + 1);  // both ends and the legend
  const std::string text = report::chart_text(chart, 80);
  CHECK_THAT(text, Contains("margin: + the whole interval is above 0.02") && Contains("  +-\n"));
}

TEST_CASE("a level crosses a grid half-way between values on either side of it") {
  const auto pieces = report::level_pieces({{1.0, 0.0}, {1.0, 0.0}}, 0.25);
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].from[0] == Approx(0.75));
  CHECK(pieces[0].to[0] == Approx(0.75));
  CHECK(report::level_pieces({{1.0, 0.0}, {1.0, std::nan("")}}, 0.25).empty());
  // A saddle: two corners that are cut off.
  CHECK(report::level_pieces({{1.0, 0.0}, {0.0, 1.0}}, 0.25).size() == 2);
}
