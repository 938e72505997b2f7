#pragma once

#include <vector>

namespace spurion::core {

/// Empties a list and gives its memory back, which `list = {}` and `clear()` keep.
template <class Item>
void release(std::vector<Item>& list) {
  std::vector<Item>().swap(list);
}

}  // namespace spurion::core
