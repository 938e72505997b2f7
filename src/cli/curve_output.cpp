#include "cli/curve_output.hpp"

#include "cli/output.hpp"
#include "cli/text.hpp"
#include "report/curves.hpp"

namespace spurion::cli {

void write_and_print_curves(const StoredResults& results, const std::filesystem::path& folder,
                            bool quiet) {
  const report::WrittenCurves written = report::write_curves(results, folder);
  if (quiet) return;
  if (written.trials == 0) {
    print(
        "no curves: each trial was measured at its end only; set evaluation.every in the suite\n");
    return;
  }
  print("{}: curves of {}; see them with {}\n", folder.string(), count(written.trials, "trial"),
        shell_line({"tensorboard", "--logdir", folder.string()}));
  if (written.single > 0) {
    print("{} measured at the end only, so without a curve\n", count(written.single, "trial"));
  }
}

}  // namespace spurion::cli
