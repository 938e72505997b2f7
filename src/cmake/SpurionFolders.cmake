# spurion_folder(NAME SOURCES ... [DEPENDS folders...] [LIBRARIES ...] [NO_TORCH])
# One object library for each folder of src/. NO_TORCH: it reads results and needs no LibTorch; such
# folders make libspurion_results, the others libspurion, which links it. NAME may be a path such as
# harness/store. DEPENDS names the folders whose headers it may include and whose functions it may call:
# tests/layering.cmake checks the includes, tests/link_layering.cmake the symbols of the object files.
define_property(GLOBAL PROPERTY SPURION_FOLDERS BRIEF_DOCS "folders" FULL_DOCS "folders of libspurion")
define_property(GLOBAL PROPERTY SPURION_RESULTS_FOLDERS BRIEF_DOCS "folders without LibTorch"
                FULL_DOCS "folders of libspurion_results")
define_property(GLOBAL PROPERTY SPURION_LAYERS BRIEF_DOCS "layers" FULL_DOCS "folder:dependencies")
define_property(GLOBAL PROPERTY SPURION_LAYER_TARGETS BRIEF_DOCS "targets of the layers"
                FULL_DOCS "the target that compiles each folder, in the order of SPURION_LAYERS")

# spurion_layer(NAME TARGET DEPENDS...): the checks of the layers look at folder NAME, which TARGET compiles.
function(spurion_layer name target)
  list(JOIN ARGN "," joined)
  set_property(GLOBAL APPEND PROPERTY SPURION_LAYERS "${name}:${joined}")
  set_property(GLOBAL APPEND PROPERTY SPURION_LAYER_TARGETS ${target})
endfunction()

# spurion_light(TARGET LEVEL): compiles with -O2 where nothing runs for every row or parameter, a quarter
# faster than with the -O3 of a Release; with -O1 where nothing runs for every trial either. No number
# depends on it: no level reorders floating-point operations.
function(spurion_light target level)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${level}>)
endfunction()

function(spurion_folder name)
  cmake_parse_arguments(arg "NO_TORCH" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" target spurion_${name})
  add_library(${target} OBJECT ${arg_SOURCES})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src
                             ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PRIVATE spurion_flags fmt::fmt ${arg_LIBRARIES})
  if(name STREQUAL "conformance")
    spurion_light(${target} -O1)
  elseif(NOT name MATCHES "^(core|data|engine|environments|metrics)(/|$)")
    spurion_light(${target} -O2)
  endif()
  if(arg_NO_TORCH)
    set_property(GLOBAL APPEND PROPERTY SPURION_RESULTS_FOLDERS ${name})
  else()
    target_link_libraries(${target} PRIVATE spurion_torch)
    if(TARGET spurion_pch)
      target_precompile_headers(${target} REUSE_FROM spurion_pch)
    endif()
    set_property(GLOBAL APPEND PROPERTY SPURION_FOLDERS ${target})
  endif()
  spurion_layer(${name} ${target} ${arg_DEPENDS})
endfunction()

# spurion_sources(OUT FOLDERS...): the .cpp files that lie directly in each folder, relative to here.
function(spurion_sources out)
  set(sources "")
  foreach(folder IN LISTS ARGN)
    file(GLOB found CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    if(NOT found)
      message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/${folder} has no .cpp file")
    endif()
    list(APPEND sources ${found})
  endforeach()
  set(${out} ${sources} PARENT_SCOPE)
endfunction()

# spurion_noun(NOUN NAMES ... [SHARED folders...] [DEPENDS folders...] [LIBRARIES ...]
#              [REGISTRY type HEADER header] [NO_TORCH])
# The folder of a noun. What lies directly in it is registered under its file's name: NAME.cpp, or
# NAME/*.cpp where it has several files. What several of them use lies in shared/, an object library
# of its own that knows none of them. Configuring fails where list.cmake and the folder differ.
# REGISTRY, declared in HEADER, is what its things are added to, instead of a Catalog.
function(spurion_noun noun)
  cmake_parse_arguments(arg "NO_TORCH" "REGISTRY;HEADER" "NAMES;SHARED;DEPENDS;LIBRARIES" ${ARGN})
  set(no_torch "")
  if(arg_NO_TORCH)
    set(no_torch NO_TORCH)
  endif()
  set(sources "")
  foreach(name IN LISTS arg_NAMES)
    if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/${name})
      spurion_sources(found ${name})
      list(APPEND sources ${found})
    else()
      list(APPEND sources ${name}.cpp)
    endif()
  endforeach()
  include(${PROJECT_SOURCE_DIR}/src/cmake/ListedNames.cmake)
  spurion_check_listed(${CMAKE_CURRENT_SOURCE_DIR} ${arg_NAMES})
  if(arg_SHARED)
    spurion_sources(shared ${arg_SHARED})
    spurion_folder(${noun}/shared SOURCES ${shared} DEPENDS ${arg_DEPENDS} LIBRARIES ${arg_LIBRARIES}
                   ${no_torch})
    list(APPEND arg_DEPENDS ${noun}/shared)
  endif()
  string(REPLACE "/" "_" file "builtin_${noun}")
  spurion_builtins(${noun} "${arg_REGISTRY}" "${arg_HEADER}" ${arg_NAMES})
  spurion_folder(${noun} SOURCES ${sources} ${PROJECT_BINARY_DIR}/generated/${file}.cpp
                 DEPENDS ${arg_DEPENDS} LIBRARIES ${arg_LIBRARIES} ${no_torch})
endfunction()

# spurion_builtins(NOUN REGISTRY HEADER NAMES...) writes builtin_NOUN.cpp, whose
# spurion::NOUN::add_builtins(REGISTRY&) calls register_NAME(REGISTRY&) for each name, so that a static
# link drops nothing, and builtin_NOUN.hpp. REGISTRY and HEADER empty: Catalog.
function(spurion_builtins noun registry header)
  if(NOT registry)
    set(registry Catalog)
    set(header spurion/catalog.hpp)
  endif()
  set(declarations "")
  set(calls "")
  foreach(name IN LISTS ARGN)
    string(APPEND declarations "void register_${name}(${registry}& registry);\n")
    string(APPEND calls "  register_${name}(registry);\n")
  endforeach()
  string(REPLACE "/" "_" file "builtin_${noun}")
  string(REPLACE "/" "::" namespace "${noun}")
  set(generated ${PROJECT_BINARY_DIR}/generated/${file})
  file(CONFIGURE OUTPUT ${generated}.hpp CONTENT
"// Generated from src/${noun}/list.cmake.
#pragma once

#include \"spurion/export.hpp\"

namespace spurion {
struct ${registry};
}  // namespace spurion
namespace spurion::${namespace} {
/// Registers everything in src/${noun}.
SPURION_API void add_builtins(${registry}& registry);
}  // namespace spurion::${namespace}
" @ONLY)
  file(CONFIGURE OUTPUT ${generated}.cpp CONTENT
"// Generated from src/${noun}/list.cmake.
#include \"${file}.hpp\"

#include \"${header}\"

namespace spurion::${namespace} {
@declarations@
void add_builtins(${registry}& registry) {
@calls@}
}  // namespace spurion::${namespace}
" @ONLY)
endfunction()
