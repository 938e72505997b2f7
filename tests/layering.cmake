# cmake -DSOURCE_DIR=... -DLAYERS=folder:dep,dep|folder:... -P layering.cmake
# Fails when a file of src/ includes a header of a folder that its own does not depend on, directly or
# through others, or when a public header includes a private one. Folders may lie in folders: a file
# belongs to the longest declared folder that it lies in. What forward declarations hide from this check
# is seen by link_layering.cmake, which looks at the symbols of the object files.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/layers.cmake)

# Public headers of what is implemented above the nouns, and the lowest folder that implements a part of
# each. The others are interfaces that anyone may include; so are trial.hpp, measurements.hpp and
# provenance.hpp, which are plain structs.
set(above_suite harness/suite)
set(above_store harness/store)
set(above_run harness/plan)
set(above_analysis analysis)
set(above_report report)
set(above_results report)
set(above_conformance conformance)
set(above_cli cli/training)
set(above_spurion cli/training)

spurion_read_layers("${LAYERS}")

function(check_includes file folder)
  file(STRINGS ${file} includes REGEX "^#include \"[a-z_]+/")
  foreach(line IN LISTS includes)
    string(REGEX MATCH "\"([a-z_]+/[a-z_0-9/]+)" matched "${line}")
    set(header ${CMAKE_MATCH_1})
    if(header MATCHES "^spurion/([a-z_]+)")
      if(NOT DEFINED above_${CMAKE_MATCH_1})
        continue()
      endif()
      set(owner ${above_${CMAKE_MATCH_1}})
    else()
      spurion_owner(owner ${header})
    endif()
    if(NOT owner IN_LIST all_${folder})
      message(SEND_ERROR "src/${file_name}: ${line}: '${folder}' does not depend on '${owner}'")
    endif()
  endforeach()
endfunction()

file(GLOB_RECURSE files RELATIVE ${SOURCE_DIR}/src ${SOURCE_DIR}/src/*.hpp ${SOURCE_DIR}/src/*.cpp)
foreach(file_name IN LISTS files)
  spurion_owner(folder ${file_name})
  # What the Python module needs may be missing: then it is neither built nor declared.
  if(NOT folder AND file_name MATCHES "^python/")
    continue()
  endif()
  if(NOT folder)
    message(SEND_ERROR "src/${file_name} lies in no folder that spurion_folder declares")
    continue()
  endif()
  check_includes(${SOURCE_DIR}/src/${file_name} ${folder})
endforeach()

list(LENGTH files count)
file(GLOB_RECURSE files ${SOURCE_DIR}/include/*.hpp)
foreach(file IN LISTS files)
  file(STRINGS ${file} private REGEX "^#include \"[a-z_]+/")
  list(FILTER private EXCLUDE REGEX "\"spurion/")
  if(private)
    message(SEND_ERROR "${file} includes what is not installed: ${private}")
  endif()
endforeach()
message(STATUS "${count} files of ${SOURCE_DIR}/src looked at")
