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

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/spurion DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/benchmarks/suites DESTINATION ${CMAKE_INSTALL_DATADIR}/spurion
        FILES_MATCHING PATTERN "*.toml")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/datasets DESTINATION ${CMAKE_INSTALL_DATADIR}/spurion
        FILES_MATCHING PATTERN "*.md" PATTERN "checksums.sha256" PATTERN "*.csv" PATTERN "*.idx")
install(PROGRAMS ${PROJECT_SOURCE_DIR}/datasets/install.sh
        DESTINATION ${CMAKE_INSTALL_DATADIR}/spurion/datasets)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/include/spurion/README.md
              ${PROJECT_SOURCE_DIR}/include/spurion/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})

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
