#include "report/svg/graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "report/escape.hpp"

namespace spurion::report {

namespace {

struct Node {
  std::string name;
  std::string role;
  std::string doc;
  std::size_t layer = 0;
  double x = 0;
  double y = 0;
};

/// A node stands one layer right of its rightmost parent.
void assign_layers(std::vector<Node>& nodes,
                   const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  for (std::size_t round = 0; round < nodes.size(); ++round) {
    for (const auto& [from, to] : edges) {
      nodes[to].layer = std::max(nodes[to].layer, nodes[from].layer + 1);
    }
  }
}

}  // namespace

std::string svg_graph(const CausalGraph& graph, const std::string& id) {
  if (graph.variables.empty()) return {};
  std::vector<Node> nodes;
  std::map<std::string, std::size_t> index;
  for (const Variable& variable : graph.variables) {
    index[variable.name] = nodes.size();
    nodes.push_back({variable.name, role_name(variable.role), variable.doc});
  }
  std::vector<std::pair<std::size_t, std::size_t>> edges;
  std::string text;
  for (const auto& [from, to] : graph.edges) {
    edges.emplace_back(index.at(from), index.at(to));
    text += fmt::format("{}{} causes {}", text.empty() ? "" : "; ", from, to);
  }
  assign_layers(nodes, edges);
  std::map<std::size_t, std::vector<std::size_t>> layers;
  for (std::size_t i = 0; i < nodes.size(); ++i) layers[nodes[i].layer].push_back(i);
  std::size_t tallest = 1;
  for (const auto& [layer, members] : layers) tallest = std::max(tallest, members.size());
  constexpr double kColumn = 170;
  constexpr double kRow = 62;
  constexpr double kHalf = 58;
  const double height = kRow * static_cast<double>(tallest) + 20;
  const double width = kColumn * static_cast<double>(layers.size());
  for (const auto& [layer, members] : layers) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      nodes[members[i]].x = kColumn * (static_cast<double>(layer) + 0.5);
      nodes[members[i]].y =
          height * (static_cast<double>(i) + 0.5) / static_cast<double>(members.size());
    }
  }
  std::string out = fmt::format(
      "<svg class=\"graph\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" "
      "style=\"max-width:{0}px\" role=\"img\" aria-label=\"Causal graph: {2}\"><defs><marker "
      "id=\"{3}-tip\" "
      "viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
      "orient=\"auto\">"
      "<path d=\"M0 0L8 4L0 8z\"/></marker></defs>",
      width, height, escape(text), id);
  for (const auto& [from, to] : edges) {
    const Node& a = nodes[from];
    const Node& b = nodes[to];
    // An arrow over more than one layer bends around the nodes between.
    const double bend = b.layer > a.layer + 1 ? -34.0 : 0.0;
    out += fmt::format(
        "<path class=\"arrow\" marker-end=\"url(#{}-tip)\" d=\"M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} "
        "{:.1f}\"/>",
        id, a.x + kHalf, a.y, (a.x + b.x) / 2, (a.y + b.y) / 2 + bend, b.x - kHalf, b.y);
  }
  for (const Node& node : nodes) {
    out += fmt::format(
        "<g class=\"node {}\"><title>{}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" "
        "height=\"36\" "
        "rx=\"18\"/><text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text></g>",
        escape(node.role), escape(node.doc), node.x - kHalf, node.y - 18, 2 * kHalf, node.x,
        node.y + 5, escape(node.name));
  }
  return out + "</svg>";
}

}  // namespace spurion::report
