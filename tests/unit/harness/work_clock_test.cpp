#include "core/work_clock.hpp"

#include "catch.hpp"

using namespace spurion;
using core::Activity;
using core::ActivityScope;

TEST_CASE("shares of work add up, and none is made up") {
  CHECK(work_shares({}).empty());
  CHECK(work_shares({91, 3, 5, 1}) == "training 91 %, data 3 %, evaluation 5 %, rest 1 %");
  WorkTimes times{1, 2, 3, 4};
  times += WorkTimes{1, 1, 1, 1} * 0.5;
  CHECK(times.total() == 12.0);
  CHECK(times.data == 2.5);
}

TEST_CASE("the innermost scope is charged, and none without a clock") {
  const auto work = [] {
    volatile double sum = 0.0;
    for (int i = 0; i < 20000; ++i) sum = sum + 1.0;
  };
  { const ActivityScope nobody_listens(Activity::training); }
  core::WorkClock clock;
  {
    const ActivityScope outer(Activity::evaluation);
    const ActivityScope inner(Activity::data);
    work();
  }
  const WorkTimes first = clock.times();
  CHECK(first.data > 0.0);
  CHECK(first.training == 0.0);
  {
    const ActivityScope scope(Activity::training);
    core::WorkClock other;
    work();
    CHECK(other.times().rest > 0.0);
  }
  CHECK(clock.times().training > 0.0);
  CHECK(clock.times().data == first.data);
}
