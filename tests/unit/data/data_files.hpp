#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "catch.hpp"
#include "spurion/error.hpp"

namespace spurion::tests {

/// The message of the `DataError` that `read` must throw.
inline std::string data_problem(const std::function<void()>& read) {
  try {
    read();
  } catch (const DataError& error) {
    return error.what();
  }
  FAIL("expected a DataError");
  return {};
}

inline std::filesystem::path write_file(const std::filesystem::path& file,
                                        const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

}  // namespace spurion::tests
