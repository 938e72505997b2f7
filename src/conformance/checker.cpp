#include "conformance/checker.hpp"

#include <ATen/Parallel.h>
#include <stdexcept>

namespace spurion::conformance {

namespace {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Skip : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The message of an exception without the stack trace that LibTorch appends to its own.
std::string first_part(const std::string& message) {
  return message.substr(0, message.find("\nException raised from"));
}

}  // namespace

void fail(const std::string& message) { throw Failure(message); }

void skip(const std::string& reason) { throw Skip(reason); }

bool Checker::check(const std::string& name, const std::function<void()>& body) {
  ConformanceResult result{noun_, name_, variant_, name, Outcome::passed, {}};
  try {
    body();
  } catch (const Skip& reason) {
    result.outcome = Outcome::skipped;
    result.message = reason.what();
  } catch (const Failure& failure) {
    result.outcome = Outcome::failed;
    result.message = failure.what();
  } catch (const std::exception& error) {
    result.outcome = Outcome::failed;
    result.message = "threw: " + first_part(error.what());
  } catch (...) {
    result.outcome = Outcome::failed;
    result.message = "threw something that is not a std::exception";
  }
  results_.push_back(std::move(result));
  return results_.back().outcome == Outcome::passed;
}

OneThread::OneThread() : previous_(at::get_num_threads()) { at::set_num_threads(1); }
OneThread::~OneThread() { at::set_num_threads(previous_); }

}  // namespace spurion::conformance
