// Event files for TensorBoard.
#include "report/curves.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "catch.hpp"
#include "report/event_file.hpp"
#include "temporary_folder.hpp"

using namespace spurion;

namespace {

std::uint32_t masked(const std::string& bytes) {
  const std::uint32_t crc = report::crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

/// The data of all records; fails where a length or checksum is wrong.
std::vector<std::string> records_of(const std::string& bytes) {
  std::vector<std::string> records;
  for (std::size_t at = 0; at < bytes.size();) {
    REQUIRE(bytes.size() - at >= 12);
    std::uint64_t length = 0;
    std::memcpy(&length, &bytes[at], 8);
    std::uint32_t crc = 0;
    std::memcpy(&crc, &bytes[at + 8], 4);
    CHECK(crc == masked(bytes.substr(at, 8)));
    REQUIRE(bytes.size() - at >= 16 + length);
    records.push_back(bytes.substr(at + 12, length));
    std::memcpy(&crc, &bytes[at + 12 + length], 4);
    CHECK(crc == masked(records.back()));
    at += 16 + length;
  }
  return records;
}

TrialResult trial(const std::string& method, const std::vector<Measurement>& measured) {
  TrialResult result;
  result.spec.experiment = "grid";
  result.spec.method.name = method;
  result.measurements = measured;
  return result;
}

}  // namespace

TEST_CASE("checksums of event files are CRC-32C") {
  CHECK(report::crc32c("123456789") == 0xE3069283U);  // the check value of the catalogue
}

TEST_CASE("an event is the bytes that TensorBoard reads") {
  const std::string event = records_of(report::scalar_event("a", 300, 0.5)).at(0);
  const std::string expected(
      "\x09\0\0\0\0\0\0\0\0\x10\xAC\x02\x2A\x0A\x0A\x08\x0A\x01"
      "a\x15\0\0\0\x3F",
      24);
  CHECK(event == expected);
}

TEST_CASE("trials measured along the updates have curves, others have none") {
  StoredResults results;
  results.trials.push_back(trial(
      "erm", {{0, 10, "test", 0.9, "accuracy", 0.25}, {0, 20, "test", 0.9, "accuracy", 0.5}}));
  results.trials.push_back(trial("irm_v1", {{0, 0, "test", 0.9, "bayes_ceiling", 0.75},
                                            {0, 20, "test", 0.9, "accuracy", 0.5}}));
  const tests::TemporaryFolder folder;
  const report::WrittenCurves written = report::write_curves(results, folder.path() / "curves");
  CHECK(written.trials == 1);
  CHECK(written.single == 1);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  REQUIRE(files.size() == 1);
  CHECK(files.front().filename() == "events.out.tfevents.spurion");
  CHECK(files.front().parent_path().filename().string().rfind("erm_seed_0_", 0) == 0);
  std::ifstream in(files.front(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  const auto records = records_of(bytes);
  REQUIRE(records.size() == 3);
  CHECK(records[0].find("brain.Event:2") != std::string::npos);
  CHECK(records[2].find("test/accuracy") != std::string::npos);
}
