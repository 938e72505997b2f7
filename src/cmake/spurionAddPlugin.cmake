# spurion_add_plugin(NAME SOURCES files... [LIBRARIES targets...])
# One source, two targets:
#   NAME          to link into a program: catalog.add(NAME_plugin())
#   NAME_module   to load at run time: spurion --plugin libNAME.so
# NAME is also the first argument of SPURION_PLUGIN in one of the files. A spurion built as static
# libraries cannot load plug-ins; then there is no NAME_module.
function(spurion_add_plugin name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "spurion_add_plugin(${name} SOURCES files...): no files given")
  endif()
  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${name} PUBLIC spurion::spurion PRIVATE ${arg_LIBRARIES})

  get_target_property(kind spurion::spurion TYPE)
  if(NOT kind STREQUAL "SHARED_LIBRARY")
    return()
  endif()
  add_library(${name}_module MODULE ${arg_SOURCES})
  # Symbols stay inside, but for the entry point: two plug-ins may use the same names.
  set_target_properties(${name}_module PROPERTIES PREFIX lib OUTPUT_NAME ${name}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_compile_definitions(${name}_module PRIVATE SPURION_PLUGIN_MODULE)
  target_link_libraries(${name}_module PRIVATE spurion::spurion ${arg_LIBRARIES})
endfunction()
