#pragma once

#include <map>
#include <memory>
#include <string>

#include "spurion/catalog.hpp"
#include "spurion/trial.hpp"

namespace spurion::harness {

/// The hash of spurion's own sources, compiler and flags: `Provenance::code`.
const char* code_identity();

/// Says what makes trials in this process: this build, these libraries, this processor.
class SPURION_API ProvenanceMaker {
 public:
  /// `data`: fingerprints of the rows of all environments that are asked about.
  ProvenanceMaker(const Catalog& catalog, std::map<std::string, std::string> data, Device device);

  /// What all trials share: of no environment, model, method or regime.
  [[nodiscard]] const Provenance& of_build() const { return base_; }
  /// One object for all trials of the same provenance.
  std::shared_ptr<const Provenance> of(const TrialSpec& trial);

 private:
  std::shared_ptr<const Provenance> find(const TrialSpec& trial);
  template <class Registry>
  void add_file(const Registry& registry, const std::string& name, std::vector<CodeFile>& files);

  const Catalog* catalog_;
  std::map<std::string, std::string> data_;
  Provenance base_;                            ///< what all trials share, files of metrics included
  std::map<std::string, std::string> hashes_;  ///< of files
  std::map<std::string, std::shared_ptr<const Provenance>> by_parts_;
  std::map<std::string, std::shared_ptr<const Provenance>> by_facts_;
  std::unique_ptr<const TrialSpec> last_;  ///< that was asked about
  std::shared_ptr<const Provenance> last_made_;
};

}  // namespace spurion::harness
