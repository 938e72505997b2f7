# cmake -DSOURCE_DIR=... -DOUT=... -P Doxygen.cmake
# Makes the reference of the public headers in OUT/html. A public name without documentation is an error.
cmake_minimum_required(VERSION 3.25)
find_program(doxygen doxygen)
if(NOT doxygen)
  message(STATUS "Doxygen is not installed: apt-get install doxygen")
  return()
endif()
file(STRINGS ${SOURCE_DIR}/include/spurion/version.hpp line REGEX "#define SPURION_VERSION")
string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${line}")
file(WRITE ${OUT}/Doxyfile "
PROJECT_NAME           = spurion
PROJECT_NUMBER         = ${version}
PROJECT_BRIEF          = \"What closes the gap of a model that relies on a spurious cue?\"
INPUT                  = ${SOURCE_DIR}/include/spurion
FILE_PATTERNS          = *.hpp
RECURSIVE              = YES
STRIP_FROM_PATH        = ${SOURCE_DIR}/include
STRIP_FROM_INC_PATH    = ${SOURCE_DIR}/include
EXCLUDE_SYMBOLS        = spurion::detail spurion::detail::* *_
OUTPUT_DIRECTORY       = ${OUT}
GENERATE_LATEX         = NO
HAVE_DOT               = NO
JAVADOC_AUTOBRIEF      = YES
BUILTIN_STL_SUPPORT    = YES
MACRO_EXPANSION        = YES
EXPAND_ONLY_PREDEF     = YES
PREDEFINED             = SPURION_API=
EXTRACT_ALL            = NO
WARN_IF_UNDOCUMENTED   = YES
WARN_AS_ERROR          = FAIL_ON_WARNINGS
QUIET                  = YES
")
execute_process(COMMAND ${doxygen} ${OUT}/Doxyfile WORKING_DIRECTORY ${OUT} COMMAND_ERROR_IS_FATAL ANY)
message(STATUS "The reference: ${OUT}/html/index.html")
