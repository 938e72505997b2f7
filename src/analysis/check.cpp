#include "spurion/analysis/check.hpp"

namespace spurion::analysis {

const char* agreement_name(Agreement agreement) {
  switch (agreement) {
    case Agreement::agree:
      return "agree";
    case Agreement::differ:
      return "differ";
    case Agreement::undecided:
      return "undecided";
    case Agreement::no_number:
      return "no number";
    case Agreement::not_run:
      break;
  }
  return "not run";
}

}  // namespace spurion::analysis
