#include "core/toml_depth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "spurion/error.hpp"
#include "spurion/value.hpp"

namespace spurion::core {

namespace {

/// Reads the text once and counts; what the text means is the parser's business.
class DepthScan {
 public:
  DepthScan(const std::string& text, const std::string& name) : text_(text), name_(name) {}

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '"' || c == '\'') {
        skip_string(c);
      } else {
        take(c);
        ++at_;
      }
    }
  }

 private:
  /// Where an open bracket stands: how deep its content is, whether it is a table's header.
  struct Open {
    std::size_t inside = 0;
    bool header = false;
  };

  void take(char c) {
    if (c == '\n') {
      ++line_;
      line_start_ = at_ + 1;
      // Outside of brackets a line is a statement of its own, and no key goes on in the next line.
      open_.empty() ? begin_statement() : begin_item();
    } else if (c == '.') {
      deepen();
    } else if (c == '[' || c == '{') {
      open(c);
    } else if ((c == ']' || c == '}') && !open_.empty()) {
      const Open closed = open_.back();
      open_.pop_back();
      // What follows a header is inside the table that the header names.
      if (closed.header) header_depth_ = std::max(header_depth_, depth_);
      depth_ = closed.inside;
    } else if (c == ',' && !open_.empty()) {
      begin_item();
    }
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '[') statement_empty_ = false;
  }

  void open(char c) {
    const bool header = statement_empty_ && c == '[';
    if (header && open_.empty()) {
      header_depth_ = 0;
      depth_ = 0;
    }
    open_.push_back({depth_, header});
    deepen();
  }

  void begin_item() { depth_ = open_.back().inside + 1; }

  void begin_statement() {
    depth_ = header_depth_;
    statement_empty_ = true;
  }

  void deepen() {
    ++depth_;
    if (depth_ <= static_cast<std::size_t>(kDeepestValue)) return;
    throw UsageError(fmt::format("{}:{}:{}: tables and lists nest more than {} deep here", name_,
                                 line_, at_ - line_start_ + 1, kDeepestValue));
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool many_lines = text_.compare(at_, 3, three) == 0;
    at_ += many_lines ? 3 : 1;
    statement_empty_ = false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        ++at_;
      } else if (many_lines ? text_.compare(at_, 3, three) == 0 : c == quote) {
        at_ += many_lines ? 3 : 1;
        // The last quotes of a string of many lines may stand before the three that end it.
        for (int more = 0; many_lines && more < 2 && at_ < text_.size() && text_[at_] == quote;
             ++more) {
          ++at_;
        }
        return;
      } else if (c == '\n') {
        if (!many_lines) return;  // a string without an end: the parser says so
        ++line_;
        line_start_ = at_ + 1;
      }
      ++at_;
    }
  }

  const std::string& text_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
  std::size_t depth_ = 0;
  std::size_t header_depth_ = 0;
  bool statement_empty_ = true;
  std::vector<Open> open_;
};

}  // namespace

void check_toml_depth(const std::string& text, const std::string& name) {
  DepthScan(text, name).run();
}

}  // namespace spurion::core
