#include "cli/training/file_system.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <system_error>
#include <vector>

namespace spurion::cli {

namespace {

struct Kind {
  const char* name;
  bool network;
};

/// By the numbers of statfs(2).
Kind kind_of(unsigned long number, bool& known) {
  static const std::map<unsigned long, Kind> kinds = {
      {0xEF53, {"ext4", false}},        {0x58465342, {"xfs", false}},
      {0x9123683E, {"btrfs", false}},   {0x01021994, {"tmpfs", false}},
      {0x794C7630, {"overlay", false}}, {0x2FC12FC1, {"zfs", false}},
      {0xF2F52010, {"f2fs", false}},    {0x6969, {"nfs", true}},
      {0xFF534D42, {"cifs", true}},     {0xFE534D42, {"smb2", true}},
      {0x517B, {"smb", true}},          {0x0BD00BD0, {"lustre", true}},
      {0x47504653, {"gpfs", true}},     {0x19830326, {"beegfs", true}},
      {0x00C36400, {"ceph", true}},     {0x65735546, {"fuse", true}},
      {0x01021997, {"9p", true}},       {0x5346414F, {"afs", true}},
      {0xAAD7AAEA, {"panfs", true}}};
  const auto found = kinds.find(number);
  known = found != kinds.end();
  return known ? found->second : Kind{"", false};
}

/// Writes 4 kB and waits until they are on the disk; the median of a few times.
double seconds_of_writing(const std::filesystem::path& folder, std::string& problem) {
  constexpr int kTimes = 5;
  const std::filesystem::path file = folder / fmt::format(".spurion_doctor_{}", ::getpid());
  const int descriptor = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    problem = std::strerror(errno);
    return -1.0;
  }
  const std::array<char, 4096> bytes{};
  std::vector<double> seconds;
  for (int i = 0; i < kTimes && problem.empty(); ++i) {
    const auto start = std::chrono::steady_clock::now();
    const bool kept =
        ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
        ::fsync(descriptor) == 0;
    if (!kept) problem = std::strerror(errno);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  ::close(descriptor);
  ::unlink(file.c_str());
  std::sort(seconds.begin(), seconds.end());
  return problem.empty() ? seconds[seconds.size() / 2] : -1.0;
}

}  // namespace

FileSystem file_system_of(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::filesystem::path there = std::filesystem::absolute(folder, ignored);
  while (!std::filesystem::is_directory(there, ignored) && there.has_parent_path() &&
         there != there.parent_path()) {
    there = there.parent_path();
  }
  FileSystem found;
  struct statfs facts {};
  if (::statfs(there.c_str(), &facts) != 0) {
    found.problem = std::strerror(errno);
    found.seconds_to_keep = -1.0;
    return found;
  }
  const auto number = static_cast<unsigned long>(facts.f_type) & 0xFFFFFFFFUL;
  bool known = false;
  const Kind kind = kind_of(number, known);
  found.kind = known ? kind.name : fmt::format("type 0x{:x}", number);
  found.network = kind.network;
  found.free_bytes = static_cast<double>(facts.f_bavail) * static_cast<double>(facts.f_bsize);
  found.seconds_to_keep = seconds_of_writing(there, found.problem);
  return found;
}

}  // namespace spurion::cli
