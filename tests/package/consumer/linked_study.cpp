#include <spurion/spurion.hpp>

spurion::Plugin my_lab_plugin();

// linked_study SUITE FOLDER: a study with the plug-in linked in
int main(int /*argc*/, char** argv) {
  auto catalog = spurion::builtin_catalog();
  catalog.add(my_lab_plugin());
  const auto suite = spurion::Suite::load(argv[1]);
  spurion::RunOptions options;
  options.out = argv[2];
  spurion::run_suite(suite, catalog, options);
  spurion::write_report(options.out);
}
