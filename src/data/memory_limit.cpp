#include "data/memory_limit.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "spurion/error.hpp"

namespace spurion::data {

namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

/// The number that a file of one word holds; `otherwise` where there is no such file or number.
double number_in(const char* file, double otherwise) {
  std::ifstream input(file);
  double number = 0.0;
  return input >> number ? number : otherwise;
}

/// The number behind a word in a file of lines "word number ..."; `otherwise` where there is none.
double number_behind(const char* file, const std::string& word, double otherwise) {
  std::ifstream input(file);
  std::string name;
  double number = 0.0;
  std::string rest;
  while (input >> name >> number) {
    if (name == word) return number;
    std::getline(input, rest);
  }
  return otherwise;
}

double free_of_system() {
  const double kilobytes = number_behind("/proc/meminfo", "MemAvailable:", -1.0);
  if (kilobytes >= 0.0) return 1024.0 * kilobytes;
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// What `ulimit -v` leaves.
double free_addresses() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kUnlimited;
  const double pages = number_in("/proc/self/statm", 0.0);
  return static_cast<double>(limit.rlim_cur) - pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// What the control group of a container leaves; its file has "max" where there is no limit. Cached
/// files count towards it too, but are given up when memory is short.
double free_of_group() {
  return number_in("/sys/fs/cgroup/memory.max", kUnlimited) -
         number_behind("/sys/fs/cgroup/memory.stat", "anon", 0.0);
}

}  // namespace

double free_memory() {
  return std::max(0.0, std::min({free_of_system(), free_addresses(), free_of_group()}));
}

void require_memory(double bytes, const std::string& place, const std::string& what) {
  constexpr double kAlwaysThere = 16e6;  // asking takes longer than reading
  if (bytes <= kAlwaysThere) return;
  const double free = free_memory();
  if (bytes <= free) return;
  throw DataError(fmt::format("{}: {} takes about {:.1f} GB of memory to read; {:.1f} GB are free",
                              place, what, bytes * 1e-9, free * 1e-9));
}

}  // namespace spurion::data
