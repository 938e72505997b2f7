# cmake -DFOLDER=... -DPYTHON=... -DTEST=... -DOUT=... -P run_test.cmake
if(NOT FOLDER)
  message(STATUS "the Python module is not built: configure with -DSPURION_PYTHON=ON (python3-dev, pybind11-dev)")
  return()
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${FOLDER} ${PYTHON} ${TEST} WORKING_DIRECTORY ${OUT}
                COMMAND_ERROR_IS_FATAL ANY)
