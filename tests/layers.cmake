# What the checks of the layers share. LAYERS is "folder:dep,dep|folder:...", in the order in which the
# folders are declared (spurion_folder in src/cmake/SpurionFolders.cmake).

# spurion_read_layers(LAYERS): sets `folders`, and for each folder `all_FOLDER`: itself, what it depends
# on, and what these depend on. Folders are declared after what they depend on, so there is no circle.
macro(spurion_read_layers layers)
  string(REPLACE "|" ";" layer_list "${layers}")
  set(folders "")
  foreach(layer IN LISTS layer_list)
    string(REGEX MATCH "^([a-z_/]+):(.*)$" matched "${layer}")
    set(declared ${CMAKE_MATCH_1})
    string(REPLACE "," ";" dependencies "${CMAKE_MATCH_2}")
    list(APPEND folders ${declared})
    set(all_${declared} ${declared})
    foreach(dependency IN LISTS dependencies)
      if(NOT DEFINED all_${dependency})
        message(SEND_ERROR "src/${declared} depends on '${dependency}', which is not declared before it")
      endif()
      list(APPEND all_${declared} ${all_${dependency}})
    endforeach()
    list(REMOVE_DUPLICATES all_${declared})
  endforeach()
endmacro()

# spurion_owner(OUT FILE): the longest declared folder that FILE, relative to src/, lies in; else empty.
function(spurion_owner out file)
  set(folder ${file})
  while(folder MATCHES "/")
    string(REGEX REPLACE "/[^/]*$" "" folder "${folder}")
    if(DEFINED all_${folder})
      set(${out} ${folder} PARENT_SCOPE)
      return()
    endif()
  endwhile()
  set(${out} "" PARENT_SCOPE)
endfunction()
