# cmake -DBUILD=... -DPREFIX=... -P install.cmake: installs into an empty prefix and looks at what is there.
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
foreach(expected bin/spurion include/spurion/spurion.hpp share/spurion/suites/first_look.toml
        share/spurion/datasets/install.sh share/spurion/datasets/coloured_images.md share/man/man1/spurion.1
        share/bash-completion/completions/spurion share/zsh/site-functions/_spurion)
  if(NOT EXISTS ${PREFIX}/${expected})
    message(FATAL_ERROR "${expected} was not installed")
  endif()
endforeach()
# What is installed does not need the build tree: no path of it in what consumers read.
file(GLOB_RECURSE exported ${PREFIX}/*.cmake)
foreach(file IN LISTS exported)
  file(READ ${file} text)
  string(FIND "${text}" "${BUILD}/src" found)
  if(NOT found EQUAL -1)
    message(FATAL_ERROR "${file} names the build tree")
  endif()
endforeach()
