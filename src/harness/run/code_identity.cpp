#include "code_identity.hpp"  // written by the build

namespace spurion::harness {

const char* code_identity();
const char* code_identity() { return SPURION_CODE_IDENTITY; }

}  // namespace spurion::harness
