#include "regimes/shared/revealed_rows.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <sstream>

namespace spurion::regimes {

void RevealedRows::add_reader(const std::vector<Slot>& slots) {
  Reader reader;
  for (const Slot& slot : slots) {
    std::vector<Place> places;
    for (const Stretch& stretch : slot) {
      const std::string name =
          stretch.endless ? fmt::format("{} from {}", stretch.pool, stretch.first) : stretch.pool;
      const std::int64_t limit = stretch.endless ? stretch.count : stretch.limit;
      const std::int64_t first = stretch.endless ? 0 : stretch.first % limit;
      Pool& pool = reader.pools[name];
      if (!pool.known.defined()) {
        pool.known = at::zeros({limit}, at::kBool);
        pool.covered = at::zeros({limit}, at::kBool);
        pool.endless = stretch.endless;
      }
      auto* covered = pool.covered.data_ptr<bool>();
      for (std::int64_t i = 0; i < stretch.count; ++i) covered[(first + i) % limit] = true;
      places.push_back({pool.known.data_ptr<bool>(), first, stretch.count, limit});
    }
    reader.slots.push_back(std::move(places));
  }
  count_hidden(reader);
  readers_.push_back(std::move(reader));
}

bool RevealedRows::reveal(std::size_t reader, std::size_t slot, std::int64_t row) {
  Reader& one = readers_[reader];
  const std::vector<Place>& places = one.slots[slot];
  const std::int64_t each = places.front().count;
  const Place& place = places[static_cast<std::size_t>(row / each)];
  bool& known = place.known[(place.first + row % each) % place.limit];
  if (known) return false;
  known = true;
  --one.hidden;
  return true;
}

void RevealedRows::count_hidden(Reader& reader) {
  reader.hidden = 0;
  for (const auto& [name, pool] : reader.pools) {
    if (!pool.covered.defined()) continue;
    reader.hidden += pool.covered.logical_and(pool.known.logical_not()).sum().item<std::int64_t>();
  }
}

void RevealedRows::learn(Reader& reader, const std::string& pool, const Tensor& known,
                         bool endless) {
  Pool& own = reader.pools[pool];
  if (own.known.defined()) {
    own.known.copy_(known);  // in place: slots point into it
    return;
  }
  own.known = known.clone();
  own.endless = endless;
}

void RevealedRows::inherit(const RevealedRows& earlier) {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    for (const auto& [name, pool] : earlier.readers_[i].pools) {
      if (pool.endless && readers_[i].pools.count(name) == 0) continue;
      learn(readers_[i], name, pool.known, pool.endless);
    }
    count_hidden(readers_[i]);
  }
}

void RevealedRows::visit_state(StateVisitor& visit) {
  for (std::size_t i = 0; i < readers_.size(); ++i) {
    Reader& reader = readers_[i];
    StateVisitor own = visit.inside(std::to_string(i));
    std::string names;
    std::vector<Tensor> known;
    std::vector<std::int64_t> endless;
    for (const auto& [name, pool] : reader.pools) {
      names += name + '\n';
      known.push_back(pool.known);
      endless.push_back(pool.endless ? 1 : 0);
    }
    own("pools", names);
    own("known", known);
    own("endless", endless);
    if (!visit.loading()) continue;
    std::istringstream lines(names);
    std::string name;
    for (std::size_t pool = 0; std::getline(lines, name); ++pool) {
      learn(reader, name, known[pool], endless[pool] != 0);
    }
    count_hidden(reader);
  }
}

}  // namespace spurion::regimes
