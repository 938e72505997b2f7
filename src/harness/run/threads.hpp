#pragma once

namespace spurion::harness {

/// While it lives, LibTorch, oneDNN and OpenBLAS use one thread for what this thread asks of them:
/// one worker per core, each single-threaded inside, is faster for small models than threads inside
/// an operation, and results cannot depend on the number of threads.
class SingleThreaded {
 public:
  SingleThreaded();
  ~SingleThreaded();
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  int previous_;
};

}  // namespace spurion::harness
