#include "spurion/cli.hpp"

int main(int argc, char** argv) {
  return spurion::cli_main(argc, argv, spurion::builtin_catalog());
}
