// A plug-in whose registration throws what is no exception.
#include "spurion/plugin.hpp"

namespace {

void add(spurion::Catalog& /*catalog*/) { throw 42; }

}  // namespace

SPURION_PLUGIN(throws_a_number, "1.0", add)
