# What `cmake --install` puts where, and how find_package(spurion) finds it again.
include(CMakePackageConfigHelpers)
include(${CMAKE_CURRENT_LIST_DIR}/spurionAddPlugin.cmake)  # for projects that use add_subdirectory

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/spurion)
set(libraries spurion_results spurion spurion_conformance_library)
if(TARGET spurion_cli)
  list(APPEND libraries spurion_figures spurion_commands spurion_cli_library)
endif()

# Found from where they lie, so that any --prefix works; and a LibTorch outside the system folders
# where it was at build time.
set_target_properties(${libraries} PROPERTIES INSTALL_RPATH $ORIGIN INSTALL_RPATH_USE_LINK_PATH ON)
# Those who only read results load no file that names LibTorch.
install(TARGETS spurion_results EXPORT spurionResultsTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
list(REMOVE_ITEM libraries spurion_results)
install(TARGETS ${libraries} EXPORT spurionTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET spurion_cli)
  file(RELATIVE_PATH to_libraries /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
  set_target_properties(spurion_cli PROPERTIES INSTALL_RPATH $ORIGIN/${to_libraries}
                        INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS spurion_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The manual page and the completions: the program writes them from its own options once it is installed.
if(TARGET spurion_cli AND NOT CMAKE_CROSSCOMPILING)
  install(CODE "
    function(spurion_write path)
      set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/\${path}\")
      execute_process(COMMAND \"$<TARGET_FILE:spurion_cli>\" \${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
      file(WRITE \"\${file}\" \"\${text}\")
      message(STATUS \"Made: \${file}\")
    endfunction()
    spurion_write(${CMAKE_INSTALL_MANDIR}/man1/spurion.1 man)
    spurion_write(${CMAKE_INSTALL_DATADIR}/bash-completion/completions/spurion completion bash)
    spurion_write(${CMAKE_INSTALL_DATADIR}/zsh/site-functions/_spurion completion zsh)")
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/spurion DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/benchmarks/suites DESTINATION ${CMAKE_INSTALL_DATADIR}/spurion
        FILES_MATCHING PATTERN "*.toml")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/datasets DESTINATION ${CMAKE_INSTALL_DATADIR}/spurion
        FILES_MATCHING PATTERN "*.md" PATTERN "checksums.sha256" PATTERN "*.csv" PATTERN "*.idx")
install(PROGRAMS ${PROJECT_SOURCE_DIR}/datasets/install.sh
        DESTINATION ${CMAKE_INSTALL_DATADIR}/spurion/datasets)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/include/spurion/README.md
              ${PROJECT_SOURCE_DIR}/include/spurion/CHANGELOG.md ${PROJECT_SOURCE_DIR}/CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(EXPORT spurionResultsTargets NAMESPACE spurion:: DESTINATION ${package_dir})
install(EXPORT spurionTargets NAMESPACE spurion:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/spurionConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/generated/spurionConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/generated/spurionConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/generated/spurionConfig.cmake
              ${PROJECT_BINARY_DIR}/generated/spurionConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/spurionAddPlugin.cmake
        DESTINATION ${package_dir})

# cpack -G DEB: one package with program, libraries, headers, suites and cards.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME spurion)
set(CPACK_PACKAGE_VENDOR "The spurion authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Measures what closes the gap of models that rely on a spurious cue")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The spurion authors <spurion@localhost>")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# Which packages hold the libraries it needs is read from the libraries, where Debian's tool for that is.
find_program(SPURION_SHLIBDEPS dpkg-shlibdeps)
mark_as_advanced(SPURION_SHLIBDEPS)
if(SPURION_SHLIBDEPS)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src ${PROJECT_BINARY_DIR}/src/cli)
endif()
# Data for most suites; headers of what plug-ins include.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "dataset-fashion-mnist, libopenblas0-openmp | libopenblas0-pthread")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "g++, cmake, libtorch-dev")
include(CPack)
