#include "environments/shared/images/image_split.hpp"

#include <algorithm>
#include <set>

#include "catch.hpp"

namespace spurion::environments {
namespace {

constexpr environments::ImageCounts kCounts{60000, 10000};

std::vector<std::int64_t> all_of(const ImageRows& rows) {
  std::vector<std::int64_t> images;
  for (std::int64_t i = 0; i < rows.count(); ++i) images.push_back(rows[i]);
  return images;
}

std::vector<std::int64_t> first_of(const ImageRows& rows, std::int64_t count) {
  std::vector<std::int64_t> images = all_of(rows);
  images.resize(static_cast<std::size_t>(count));
  return images;
}

/// Size of the union; checks that no list repeats an image.
std::size_t distinct(const std::vector<std::vector<std::int64_t>>& lists) {
  std::set<std::int64_t> seen;
  for (const auto& list : lists) {
    CHECK(std::set<std::int64_t>(list.begin(), list.end()).size() == list.size());
    seen.insert(list.begin(), list.end());
  }
  return seen.size();
}

const RandomKey kKey(5);

TEST_CASE("IRM's split: train domains take every E-th image of one permutation of 50,000") {
  const auto whole =
      all_of(ImageSplit(ImageProtocol::irm, kCounts, kKey, 1).rows(0, "train_0", Split::train));
  REQUIRE(whole.size() == 50000);
  CHECK(distinct({whole}) == 50000);
  CHECK(*std::max_element(whole.begin(), whole.end()) == 49999);
  CHECK_FALSE(std::is_sorted(whole.begin(), whole.end()));

  const ImageSplit split(ImageProtocol::irm, kCounts, kKey, 2);
  const auto even = all_of(split.rows(0, "train_0", Split::train));
  const auto odd = all_of(split.rows(1, "train_1", Split::train));
  REQUIRE(even.size() == 25000);
  REQUIRE(odd.size() == 25000);
  for (std::size_t i = 0; i < 25000; ++i) {
    REQUIRE(even[i] == whole[2 * i]);
    REQUIRE(odd[i] == whole[2 * i + 1]);
  }

  const ImageSplit three(ImageProtocol::irm, kCounts, kKey, 3);
  for (std::int64_t domain = 0; domain < 3; ++domain) {
    const ImageRows rows = three.rows(domain, "", Split::train);
    CHECK(rows.count() == 16666);
    CHECK(rows[16665] == whole[static_cast<std::size_t>(3 * 16665 + domain)]);
  }
}

TEST_CASE("validation rows that count as apart show no image of the test rows") {
  for (const ImageProtocol kind : {ImageProtocol::irm, ImageProtocol::domainbed}) {
    const ImageSplit split(kind, kCounts, kKey, 2);
    const ImageRows test = split.rows(0, "train_0", Split::test);
    const ImageRows validation = split.rows(0, "train_0", Split::validation);
    const std::int64_t half = test.count() / 2;
    for (const std::int64_t rows : {std::int64_t{1}, half}) {
      const std::int64_t apart = validation.apart(rows);
      CHECK(apart >= half);
      CHECK(distinct({first_of(test, rows), first_of(validation, apart)}) ==
            static_cast<std::size_t>(rows + apart));
    }
    CHECK(validation.apart(half + 1) == 0);
  }
}

TEST_CASE("IRM's split: test rows are the last 10,000 images in file order") {
  const ImageSplit split(ImageProtocol::irm, kCounts, kKey, 2);
  for (const std::int64_t domain : {-1, 0, 1}) {
    const ImageRows rows = split.rows(domain, "any", Split::test);
    REQUIRE(rows.count() == 10000);
    for (std::int64_t i = 0; i < 10000; ++i) REQUIRE(rows[i] == 50000 + i);
  }
}

TEST_CASE("Validation and test rows share no image up to half of the held-out ones") {
  for (const ImageProtocol kind : {ImageProtocol::irm, ImageProtocol::domainbed}) {
    const ImageSplit split(kind, kCounts, kKey, 2);
    for (const std::int64_t domain : {-1, 0, 1}) {
      const ImageRows test = split.rows(domain, "any", Split::test);
      const ImageRows validation = split.rows(domain, "any", Split::validation);
      CHECK(validation.count() == test.count());
      CHECK(distinct({all_of(test), all_of(validation)}) == static_cast<std::size_t>(test.count()));
      const std::int64_t half = test.count() / 2;
      CHECK(distinct({first_of(test, half), first_of(validation, half)}) ==
            static_cast<std::size_t>(2 * half));
    }
  }
}

TEST_CASE("IRM's split: other domains train on all 50,000, each from its own start") {
  const ImageSplit split(ImageProtocol::irm, kCounts, kKey, 2);
  const auto test = all_of(split.rows(-1, "test", Split::train));
  const auto dial = all_of(split.rows(-1, "dial", Split::train));
  CHECK(test.size() == 50000);
  CHECK(distinct({test, dial}) == 50000);
  CHECK(*std::max_element(test.begin(), test.end()) == 49999);
  CHECK(test.front() != dial.front());
}

TEST_CASE("DomainBed's split: every third of 70,000, a fifth of each share held out") {
  const ImageSplit split(ImageProtocol::domainbed, kCounts, kKey, 2);
  CHECK(split.pool() == 70000);
  std::vector<std::vector<std::int64_t>> lists;
  for (const std::int64_t domain : {0, 1, -1}) {
    lists.push_back(all_of(split.rows(domain, "test", Split::train)));
    CHECK(lists.back().size() == 18667);
    lists.push_back(all_of(split.rows(domain, "test", Split::test)));
    CHECK(lists.back().size() == 4666);
  }
  CHECK(distinct(lists) == 3 * 23333);

  // Interleaving the shares gives the permutation back.
  const auto order = permutation(kKey.child("images"), 70000);
  for (std::size_t i = 0; i < 18667; ++i) {
    REQUIRE(lists[0][i] == order[3 * i]);
    REQUIRE(lists[2][i] == order[3 * i + 1]);
  }
  for (std::size_t i = 0; i < 4666; ++i) REQUIRE(lists[1][i] == order[3 * (18667 + i)]);
}

TEST_CASE("The permutation follows the key") {
  const auto rows = [](std::uint64_t seed) {
    return all_of(
        ImageSplit(ImageProtocol::irm, kCounts, RandomKey(seed), 2).rows(0, "", Split::train));
  };
  CHECK(rows(1) == rows(1));
  CHECK(rows(1) != rows(2));
}

}  // namespace
}  // namespace spurion::environments
