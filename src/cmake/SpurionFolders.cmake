# spurion_folder(NAME SOURCES ... [DEPENDS folders...] [LIBRARIES ...] [NO_TORCH])
# One object library for each folder of src/, all of which make libspurion. DEPENDS names the folders
# whose headers it may include; tests/layering.cmake holds the includes to it.
define_property(GLOBAL PROPERTY SPURION_FOLDERS BRIEF_DOCS "folders" FULL_DOCS "folders of src/")
define_property(GLOBAL PROPERTY SPURION_LAYERS BRIEF_DOCS "layers" FULL_DOCS "folder:dependencies")

function(spurion_folder name)
  cmake_parse_arguments(arg "NO_TORCH" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  set(target spurion_${name})
  add_library(${target} OBJECT ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src
                             ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE spurion_flags fmt::fmt ${arg_LIBRARIES})
  if(NOT arg_NO_TORCH)
    target_link_libraries(${target} PRIVATE spurion_torch)
    if(TARGET spurion_pch)
      target_precompile_headers(${target} REUSE_FROM spurion_pch)
    endif()
  endif()
  set_property(GLOBAL APPEND PROPERTY SPURION_FOLDERS ${name})
  list(JOIN arg_DEPENDS "," joined)
  set_property(GLOBAL APPEND PROPERTY SPURION_LAYERS "${name}:${joined}")
endfunction()

# spurion_builtins(NOUN NAMES...) writes builtin_NOUN.cpp, which calls register_NAME(Catalog&) for
# each name, so that a static link drops nothing.
function(spurion_builtins noun)
  set(declarations "")
  set(calls "")
  foreach(name IN LISTS ARGN)
    string(APPEND declarations "void register_${name}(Catalog& catalog);\n")
    string(APPEND calls "  register_${name}(catalog);\n")
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/generated/builtin_${noun}.cpp CONTENT
"// Generated from src/${noun}/list.cmake.
#include \"spurion/catalog.hpp\"

namespace spurion {
@declarations@
void add_builtin_${noun}(Catalog& catalog);
void add_builtin_${noun}(Catalog& catalog) {
@calls@}
}  // namespace spurion
" @ONLY)
endfunction()
