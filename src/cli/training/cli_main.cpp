#include "spurion/cli.hpp"

#include <utility>

#include "cli/command_line.hpp"
#include "cli/training/actions.hpp"

namespace spurion {

namespace {

/// The commands with the things of a catalog.
class CatalogCommands final : public cli::TrainingCommands {
 public:
  explicit CatalogCommands(Catalog catalog) : catalog_(std::move(catalog)) {}

  void load_plugin(const std::filesystem::path& file) override { catalog_.load_plugin(file); }

  [[nodiscard]] const QuestionKinds& questions() const override { return catalog_.questions; }

  [[nodiscard]] const ImageSources& image_sources() const override {
    return catalog_.image_sources;
  }

  int run(const cli::RunArguments& arguments, const cli::CommandLine& line) override {
    return cli::run(arguments, line, catalog_);
  }
  int plan(const cli::PlanArguments& arguments, const cli::CommandLine& line) override {
    return cli::plan(arguments, line, catalog_);
  }
  harness::TrialPlan plan_of(const std::string& suite_text, const cli::CommandLine& line) override {
    return cli::plan_of(suite_text, line, catalog_);
  }
  int verify(const cli::VerifyArguments& arguments, const cli::CommandLine& line) override {
    return cli::verify(arguments, line, catalog_);
  }
  int list(const cli::ListArguments& arguments) override { return cli::list(arguments, catalog_); }
  int describe(const cli::DescribeArguments& arguments) override {
    return cli::describe(arguments, catalog_);
  }
  int export_rows(const cli::ExportArguments& arguments) override {
    return cli::export_file(arguments, catalog_);
  }
  int score(const cli::ScoreArguments& arguments) override {
    return cli::score(arguments, catalog_);
  }
  int selftest(const cli::SelftestArguments& arguments, const cli::CommandLine& line) override {
    return cli::selftest(arguments, line, catalog_);
  }
  int doctor(const cli::DoctorArguments& arguments) override {
    return cli::doctor(arguments, catalog_);
  }
  int check_width(const cli::CheckWidthArguments& arguments) override {
    return cli::check_width(arguments, catalog_);
  }

 private:
  Catalog catalog_;
};

}  // namespace

int cli_main(int argc, const char* const* argv, Catalog catalog) {
  return cli::command_line(argc, argv, std::make_unique<CatalogCommands>(std::move(catalog)));
}

}  // namespace spurion

/// What the program `spurion` looks for once it has loaded this library: the commands with the
/// built-ins, owned by the caller.
extern "C" SPURION_API spurion::cli::TrainingCommands* spurion_training();

spurion::cli::TrainingCommands* spurion_training() {
  return std::make_unique<spurion::CatalogCommands>(spurion::builtin_catalog()).release();
}
