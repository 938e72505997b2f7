#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/arguments.hpp"
#include "harness/store/plan_file.hpp"
#include "spurion/export.hpp"
#include "spurion/image_source.hpp"
#include "spurion/question_kinds.hpp"

namespace spurion::cli {

/// The commands that need LibTorch: they train, or look at what does. Whatever only reads results
/// never asks for them, so that it starts without LibTorch, which takes a second to load. Those
/// that return a number return an exit code.
class SPURION_API TrainingCommands {
 public:
  virtual ~TrainingCommands() = default;

  /// Adds what a plug-in offers. Throws `PluginError`.
  virtual void load_plugin(const std::filesystem::path& file) = 0;

  /// The built-in kinds of questions and those of plug-ins.
  [[nodiscard]] virtual const QuestionKinds& questions() const = 0;

  /// The built-in image sources and those of plug-ins.
  [[nodiscard]] virtual const ImageSources& image_sources() const = 0;

  virtual int run(const RunArguments& arguments, const CommandLine& line) = 0;
  virtual int plan(const PlanArguments& arguments, const CommandLine& line) = 0;
  /// What `plan` would write of a suite, given as TOML, with the largest packs that it makes.
  virtual harness::TrialPlan plan_of(const std::string& suite_text, const CommandLine& line) = 0;
  virtual int verify(const VerifyArguments& arguments, const CommandLine& line) = 0;
  virtual int list(const ListArguments& arguments) = 0;
  virtual int describe(const DescribeArguments& arguments) = 0;
  virtual int export_rows(const ExportArguments& arguments) = 0;
  virtual int score(const ScoreArguments& arguments) = 0;
  virtual int selftest(const SelftestArguments& arguments, const CommandLine& line) = 0;
  virtual int doctor(const DoctorArguments& arguments) = 0;
  virtual int check_width(const CheckWidthArguments& arguments) = 0;
};

/// Loads the library spurion_cli, which lies beside this one or where the system looks for
/// libraries, with LibTorch and the built-ins. Throws `ResourceError` where it cannot be loaded.
std::unique_ptr<TrainingCommands> load_training_commands();

}  // namespace spurion::cli
