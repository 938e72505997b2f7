#pragma once

#include <map>
#include <string>
#include <vector>

#include "spurion/export.hpp"

namespace spurion {

/// A plug-in, or a program that registers things of its own.
struct CodeFile {
  std::string name;  ///< "my_lab 1.0"
  std::string hash;  ///< of the file it was loaded from, as `b2sum --length=128` prints it
  /// Whether name and content agree.
  friend bool operator==(const CodeFile& a, const CodeFile& b) {
    return a.name == b.name && a.hash == b.hash;
  }
};

/// What made a trial's numbers, besides its spec: two trials of one spec and one provenance have
/// the same bits.
struct Provenance {
  std::string version;  ///< of spurion, "0.1.0"
  /// A hash of the sources of spurion that numbers depend on (all but analysis, report and command
  /// line), of the compiler and of its flags. The same sources built anywhere have the same.
  std::string code;
  std::string libraries;  ///< "LibTorch 1.13.1, oneDNN 2.6.0, libopenblas.so.0"
  std::string processor;  ///< the instruction sets that were chosen when the program ran
  std::string device;     ///< "cpu" or "cuda"
  /// Those that supply anything of the trial: environment, model, method, regime or a metric.
  std::vector<CodeFile> plugins;
  std::map<std::string, std::string> data;  ///< fingerprints of the recorded rows it was made from

  /// All of it as canonical JSON.
  [[nodiscard]] SPURION_API std::string facts() const;
  /// Reads what `facts` gave. Throws `UsageError`.
  SPURION_API static Provenance parse(const std::string& facts);
};

/// In what two provenances differ, one sentence part each: "plug-in my_lab 1.0 (file 3fa2c1b0)
/// there, my_lab 2.0 (file 99ab01cd) here".
struct ProvenanceDifference {
  /// What differs.
  enum class Kind { build, device, plugin };
  Kind kind;         ///< what differs
  std::string text;  ///< a sentence part: "spurion 0.1.0 there, 0.2.0 here"
};

/// What differs, rows of data aside. `made` is called "there", `now` "here".
SPURION_API std::vector<ProvenanceDifference> differences(const Provenance& made,
                                                          const Provenance& now);

}  // namespace spurion
