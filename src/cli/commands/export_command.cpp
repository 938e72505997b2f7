#include <memory>

#include "cli/command.hpp"
#include "cli/rows_options.hpp"

namespace spurion::cli {

Command add_export(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "export", "Write rows of an environment to an NPZ file, for any framework");
  const auto arguments = std::make_shared<ExportArguments>();
  arguments->rows.split = "train";
  parser
      ->add_option("ENVIRONMENT", arguments->environment, "As 'spurion list environments' shows it")
      ->option_text(" ")
      ->required();
  add_rows_options(*parser, arguments->rows, "(default: 1000, or all if there are fewer)");
  parser->add_option("--out", arguments->out, "The NPZ file to write")
      ->option_text("FILE")
      ->required();
  parser->add_flag("--compress", arguments->compress, "Deflate the arrays");
  parser->footer(
      R"(Arrays: x, y, group, causal, spurious, twin (x with the cue changed), domain (number of
the domain) and metadata (JSON, as bytes: which rows these are). Rows are for training unless
--split says otherwise. To measure a model, save its logits [N] or [N, outputs] of exported test
rows together with the metadata, and score them:
  numpy.savez("logits.npz", logits=..., twin_logits=..., metadata=rows["metadata"])

Examples:
  spurion export two_bit --domain train_0 --domain train_1 --rows 5000 --out train.npz
  spurion export two_bit --split test --rows 2000 --out test.npz
  spurion export coloured_images source=glyphs --domain shift=0.5 --out glyphs.npz --compress)");
  return {parser, [arguments, &session] { return session.trainer().export_rows(*arguments); }};
}

}  // namespace spurion::cli
