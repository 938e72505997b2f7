# cmake -DNM=nm -DLAYERS=folder:dep,dep|... -DOBJECTS=file -P link_layering.cmake
# Fails when an object file of a folder needs a function or variable of spurion that only folders define
# which its own does not depend on. tests/layering.cmake reads the includes; this sees what a forward
# declaration hides. OBJECTS has a line "folder|object;object;..." for each folder.
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/layers.cmake)
spurion_read_layers("${LAYERS}")

# spurion_symbols(OUT LETTERS OBJECTS...): the symbols in namespace spurion that nm lists with one of the
# letters. Weak symbols (inline functions, templates) are left out: whoever uses one has a copy.
function(spurion_symbols out letters)
  execute_process(COMMAND ${NM} -P -g ${ARGN} OUTPUT_VARIABLE lines ERROR_VARIABLE problem RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "nm fails, is everything built? ${problem}")
  endif()
  string(REPLACE "\n" ";" symbols "${lines}")
  list(FILTER symbols INCLUDE REGEX "^[A-Za-z0-9_.]*7spurion[^ ]* [${letters}]( |$)")
  list(TRANSFORM symbols REPLACE " .*$" "")
  list(REMOVE_DUPLICATES symbols)
  set(${out} "${symbols}" PARENT_SCOPE)
endfunction()

set(count 0)
file(STRINGS ${OBJECTS} lines)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([^|]+)[|](.*)$" matched "${line}")
  set(folder ${CMAKE_MATCH_1})
  string(REPLACE "," ";" objects "${CMAKE_MATCH_2}")
  list(FILTER objects INCLUDE REGEX "[.]o(bj)?$")
  list(APPEND seen ${folder})
  spurion_symbols(symbols "TDBR" ${objects})
  foreach(symbol IN LISTS symbols)
    set(definer_${symbol} ${folder})
    math(EXPR count "${count} + 1")
  endforeach()
  spurion_symbols(needs_${folder} "U" ${objects})
endforeach()
if(NOT seen STREQUAL folders)
  message(SEND_ERROR "the folders of ${OBJECTS} (${seen}) are not those declared (${folders})")
endif()
# So that a change of compiler or nm does not turn the check into one that sees nothing.
if(count LESS 500)
  message(SEND_ERROR "only ${count} symbols of spurion found in the object files")
endif()

foreach(folder IN LISTS seen)
  foreach(symbol IN LISTS needs_${folder})
    if(DEFINED definer_${symbol} AND NOT definer_${symbol} IN_LIST all_${folder})
      message(SEND_ERROR "'${folder}' calls ${symbol}, which is defined in '${definer_${symbol}}'; "
                         "'${folder}' does not depend on '${definer_${symbol}}'")
    endif()
  endforeach()
endforeach()
message(STATUS "${count} symbols of ${OBJECTS} looked at")
