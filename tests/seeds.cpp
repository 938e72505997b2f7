#include <ATen/ATen.h>

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "catch.hpp"

namespace {

#if __has_include(<catch2/catch_all.hpp>)
using Listener = Catch::EventListenerBase;
#else
using Listener = Catch::TestEventListenerBase;
#endif

/// A test case sees the same random numbers of LibTorch whenever and among whichever others it
/// runs.
class SeedCases final : public Listener {
 public:
  using Listener::Listener;
  void testCaseStarting(const Catch::TestCaseInfo& /*unused*/) override { at::manual_seed(1); }
};

}  // namespace

CATCH_REGISTER_LISTENER(SeedCases)
