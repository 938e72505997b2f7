#include <memory>

#include "cli/command.hpp"
#include "cli/rows_options.hpp"

namespace spurion::cli {

Command add_score(CLI::App& app, Session& session) {
  CLI::App* parser = app.add_subcommand(
      "score", "Evaluate predictions or a TorchScript model that another program made");
  const auto arguments = std::make_shared<ScoreArguments>();
  arguments->rows.split = "test";
  parser
      ->add_option("WHAT", arguments->what,
                   "NPZ, NPY or CSV file of logits; with --model, the environment")
      ->option_text(" ")
      ->required();
  add_rows_options(*parser, arguments->rows, "(default: 2000, or all if there are fewer)");
  parser
      ->add_option("--environment", arguments->environment,
                   "The environment of the logits, if the file does not say it")
      ->option_text("NAME");
  parser
      ->add_option("--model", arguments->model,
                   "A TorchScript file. It is evaluated on the train domains, on the test domain "
                   "and along the shift curve")
      ->option_text("script:FILE");
  parser
      ->add_option("--name", arguments->name,
                   "Name of the method in the report (default: the name of the file)")
      ->option_text("NAME");
  CLI::Option* probabilities =
      parser->add_flag("--probabilities", arguments->probabilities,
                       "The predictions are probabilities; their logarithms become the logits");
  parser
      ->add_flag("--logits", arguments->logits,
                 "The predictions are logits, even if they look like probabilities")
      ->excludes(probabilities);
  parser->add_option("--out", arguments->out, "Folder of the store (default: results/scored)")
      ->option_text("DIR");
  parser
      ->add_option("--device", arguments->device,
                   "Device of --model: cpu, cuda or cuda:N (default: cpu)")
      ->option_text("DEVICE");
  parser
      ->add_option("--experiment", arguments->experiment,
                   "Experiment that the result belongs to; in the store of a suite, one of its "
                   "experiments (default: scored)")
      ->option_text("NAME");
  parser->footer(
      R"(Logits have the shape [N] or [N, outputs]. Their rows are in the order of the export. A binary task
has one logit a row, of class 1. Other classifications have one logit for each class. For
regression the prediction itself is the logit.
An NPZ file has the arrays 'logits', 'metadata' (of the export) and, for the twins, 'twin_logits'. A
CSV file has the columns 'logit' or 'logit_0' ..., and for the twins 'twin_logit' or 'twin_logit_0' ...
Numbers that look like probabilities are refused, unless --probabilities or --logits says what they
are. A probability of 0 counts as 2^-149. If the file has labels 'y', they are compared with those
of the rows. This finds rows in another order.

Examples:
  spurion score logits.npz --name my_resnet
  spurion score logits.csv --environment two_bit --domain test --rows 2000 --name my_resnet
  spurion score two_bit --model script:net.pt
  spurion report results/scored)");
  return {parser, [arguments, parser, &session] {
            arguments->given = given_rows_options(*parser, arguments->rows);
            return session.trainer().score(*arguments);
          }};
}

}  // namespace spurion::cli
