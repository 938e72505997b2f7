#include <spurion/spurion.hpp>

#include <spurion/cli.hpp>

spurion::Plugin my_lab_plugin();

int main(int argc, char** argv) {
  spurion::Catalog catalog = spurion::builtin_catalog();
  catalog.add(my_lab_plugin());
  return spurion::cli_main(argc, argv, catalog);
}
