#include "spurion/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>

#include "spurion/error.hpp"

namespace spurion {

std::string SourcePosition::text() const {
  if (file.empty()) return {};
  return line > 0 ? fmt::format("{}:{}:{}", file, line, column) : file;
}

namespace {

[[noreturn]] void wrong_access(const Value& value, const char* wanted) {
  throw LogicError(
      fmt::format("value {} is a {}, not a {}", value.canonical_json(), value.type_name(), wanted));
}

}  // namespace

struct Value::TextPart : detail::SharedPart {
  explicit TextPart(std::string own) : content(std::move(own)) {}
  std::string content;
};
struct Value::ListPart : detail::SharedPart {
  ListPart() = default;
  explicit ListPart(List own) : content(std::move(own)) {}
  List content;
};
struct Value::TablePart : detail::SharedPart {
  TablePart() = default;
  explicit TablePart(Table own) : content(std::move(own)) {}
  Table content;
};
struct Value::PlacePart : detail::SharedPart {
  explicit PlacePart(SourcePosition own) : content(std::move(own)) {}
  SourcePosition content;
};

Value::Value(std::string value) : Value(Kind::text) {
  content_.part = new TextPart(std::move(value));
}

Value::Value(List value) : Value(Kind::list) { content_.part = new ListPart(std::move(value)); }

Value::Value(Table value) : Value(Kind::table) {
  if (value.empty()) return;
  value.shrink_to_fit();
  content_.part = new TablePart(std::move(value));
}

namespace {

void add_owner(detail::SharedPart* part) {
  if (part != nullptr) part->owners.fetch_add(1, std::memory_order_relaxed);
}

/// Drops it where nobody else has it. Whoever let go of it before, in another thread, has finished
/// reading it.
template <class Part>
void drop_owner(detail::SharedPart* part) {
  if (part != nullptr && part->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete static_cast<Part*>(part);
  }
}

}  // namespace

void Value::keep() const {
  add_owner(place());
  add_owner(part());
}

void Value::let_go() {
  drop_owner<PlacePart>(place());
  if (kind() == Kind::text) drop_owner<TextPart>(content_.part);
  if (kind() == Kind::list) drop_owner<ListPart>(content_.part);
  if (kind() == Kind::table) drop_owner<TablePart>(content_.part);
}

template <class Part>
Part& Value::own_part() {
  auto* held = static_cast<Part*>(content_.part);
  if (held == nullptr) {
    content_.part = new Part();
  } else if (held->owners.load(std::memory_order_acquire) > 1) {
    // What is shared is copied before it is changed.
    content_.part = new Part(held->content);
    drop_owner<Part>(held);
  }
  return static_cast<Part&>(*content_.part);
}

std::size_t ValueTable::place_of(const std::string& name) const {
  if (names_ == nullptr) return 0;
  // Entries are often added in their order.
  if (!names_->empty() && names_->back() < name) return names_->size();
  return static_cast<std::size_t>(std::lower_bound(names_->begin(), names_->end(), name) -
                                  names_->begin());
}

ValueTable::Names& ValueTable::own_names() {
  if (names_ == nullptr) {
    names_ = std::make_shared<Names>();
  } else if (names_.use_count() > 1) {
    names_ = std::make_shared<Names>(*names_);
  } else {
    // Whoever let go of them last, in another thread, has finished reading them.
    std::atomic_thread_fence(std::memory_order_acquire);
  }
  return *names_;
}

void ValueTable::insert(std::size_t place, std::string name, Value value) {
  const auto at = static_cast<std::ptrdiff_t>(place);
  Names& names = own_names();
  names.insert(names.begin() + at, std::move(name));
  values_.insert(values_.begin() + at, std::move(value));
}

void ValueTable::drop(std::size_t place) {
  const auto at = static_cast<std::ptrdiff_t>(place);
  Names& names = own_names();
  names.erase(names.begin() + at);
  values_.erase(values_.begin() + at);
}

void ValueTable::share_parts(const ValueTable& other) {
  if (this == &other || values_.size() != other.values_.size() || !same_names(other)) return;
  names_ = other.names_;
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i].share_parts(other.values_[i]);
}

void ValueTable::no_entry(const std::string& name) {
  throw LogicError(fmt::format("a table has no entry '{}'", name));
}

bool Value::as_bool() const {
  if (!is_bool()) wrong_access(*this, "boolean");
  return content_.flag;
}

std::int64_t Value::as_integer() const {
  if (!is_integer()) wrong_access(*this, "integer");
  return content_.integer;
}

double Value::as_number() const {
  if (is_integer()) return static_cast<double>(content_.integer);
  if (!is_number()) wrong_access(*this, "number");
  return content_.number;
}

const std::string& Value::as_string() const {
  static const std::string empty;
  if (!is_string()) wrong_access(*this, "string");
  return content_.part == nullptr ? empty : static_cast<const TextPart*>(content_.part)->content;
}

const Value::List& Value::as_list() const {
  static const List empty;
  if (!is_list()) wrong_access(*this, "list");
  return content_.part == nullptr ? empty : static_cast<const ListPart*>(content_.part)->content;
}

const Value::Table& Value::as_table() const {
  static const Table empty;
  if (!is_table()) wrong_access(*this, "table");
  return content_.part == nullptr ? empty : static_cast<const TablePart*>(content_.part)->content;
}

Value::List& Value::as_list() {
  if (!is_list()) wrong_access(*this, "list");
  return own_part<ListPart>().content;
}

Value::Table& Value::as_table() {
  if (!is_table()) wrong_access(*this, "table");
  return own_part<TablePart>().content;
}

const SourcePosition& Value::where() const {
  static const SourcePosition nowhere;
  return place() == nullptr ? nowhere : static_cast<const PlacePart*>(place())->content;
}

void Value::set_where(SourcePosition where) {
  auto* read_at = new PlacePart(std::move(where));
  drop_owner<PlacePart>(place());
  tag_ = reinterpret_cast<std::uintptr_t>(static_cast<detail::SharedPart*>(read_at)) |
         static_cast<std::uintptr_t>(kind());
}

bool Value::is_same(const Value& other) const {
  if (tag_ != other.tag_) return false;
  switch (kind()) {
    case Kind::boolean:
      return content_.flag == other.content_.flag;
    case Kind::integer:
    case Kind::number:
      return std::memcmp(&content_, &other.content_, sizeof(content_)) == 0;
    case Kind::text:
      return as_string() == other.as_string();
    case Kind::list: {
      const auto same = [](const Value& a, const Value& b) { return a.is_same(b); };
      const List& own = as_list();
      const List& others = other.as_list();
      return std::equal(own.begin(), own.end(), others.begin(), others.end(), same);
    }
    default:
      return as_table().is_same(other.as_table());
  }
}

bool ValueTable::is_same(const ValueTable& other) const {
  if (values_.size() != other.values_.size() || !same_names(other)) return false;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!values_[i].is_same(other.values_[i])) return false;
  }
  return true;
}

void Value::share_parts(const Value& other) {
  if (kind() != other.kind() || part() == nullptr || other.part() == nullptr ||
      part() == other.part()) {
    return;
  }
  const bool same =
      is_string() ? as_string() == other.as_string() : place() == other.place() && is_same(other);
  if (same) {
    Value shared(other);
    std::swap(content_, shared.content_);
  } else if (is_table() && content_.part->owners.load(std::memory_order_acquire) == 1) {
    static_cast<TablePart*>(content_.part)->content.share_parts(other.as_table());
  }
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::boolean:
      return a.content_.flag == b.content_.flag;
    case Value::Kind::integer:
      return a.content_.integer == b.content_.integer;
    case Value::Kind::number:
      return a.content_.number == b.content_.number;
    case Value::Kind::text:
      return a.as_string() == b.as_string();
    case Value::Kind::list:
      return a.as_list() == b.as_list();
    default:
      return a.as_table() == b.as_table();
  }
}

const char* Value::type_name() const {
  constexpr const char* kNames[] = {"boolean", "integer", "number", "string", "list", "table"};
  return kNames[static_cast<std::size_t>(kind())];
}

const Value* Value::find(const std::string& key) const {
  const auto& table = as_table();
  const auto found = table.find(key);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace spurion
