# cmake -DBUILD=... -DCPACK=... -DDPKG_DEB=... -DSHLIBDEPS=... -DOUT=... -P debian.cmake: makes the Debian
# package and looks at what it says and holds.
if(NOT DPKG_DEB OR NOT SHLIBDEPS)
  message(STATUS "a Debian package is not made here: dpkg-deb and dpkg-shlibdeps are not installed")
  return()
endif()
file(REMOVE_RECURSE ${OUT})
file(MAKE_DIRECTORY ${OUT})
# Little compression: the test is about what is in it.
execute_process(COMMAND ${CMAKE_COMMAND} -E env GZIP=-1 ${CPACK} -G DEB --config ${BUILD}/CPackConfig.cmake -B ${OUT}
                OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
file(GLOB package ${OUT}/spurion_*.deb)
if(NOT package)
  message(FATAL_ERROR "no package spurion_*.deb was made")
endif()
execute_process(COMMAND ${DPKG_DEB} --field ${package} OUTPUT_VARIABLE fields COMMAND_ERROR_IS_FATAL ANY)
foreach(expected "Package: spurion" "Section: science" "libtorch" "libc6")
  if(NOT fields MATCHES "${expected}")
    message(FATAL_ERROR "the package does not say '${expected}':\n${fields}")
  endif()
endforeach()
execute_process(COMMAND ${DPKG_DEB} --contents ${package} OUTPUT_VARIABLE files COMMAND_ERROR_IS_FATAL ANY)
foreach(expected ./usr/bin/spurion ./usr/share/man/man1/spurion.1 ./usr/share/spurion/suites/first_look.toml
        ./usr/share/bash-completion/completions/spurion ./usr/include/spurion/spurion.hpp)
  string(FIND "${files}" "${expected}" found)
  if(found EQUAL -1)
    message(FATAL_ERROR "the package has no ${expected}")
  endif()
endforeach()
