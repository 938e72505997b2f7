# cmake -DROOT=... -DFLAGS=... -DOUT=... -P CodeIdentity.cmake
# Writes a header with a hash of all that the numbers of a trial depend on in our own code: the sources
# of all folders but those of analysis, report, command line, conformance and Python, which only read stores or
# check things, and the compiler with its flags. The same sources in another place have the same hash.
set(text "${FLAGS}\n")
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/src/*.cpp ${ROOT}/src/*.hpp ${ROOT}/src/*/CMakeLists.txt
     ${ROOT}/src/*/list.cmake ${ROOT}/include/spurion/*.hpp)
list(FILTER files EXCLUDE REGEX "^src/(analysis|report|cli|conformance|python)/|^include/spurion/(analysis/|question)")
list(SORT files)
foreach(file IN LISTS files)
  file(SHA256 ${ROOT}/${file} hash)
  string(APPEND text "${file} ${hash}\n")
endforeach()
string(SHA256 identity "${text}")
string(SUBSTRING ${identity} 0 32 identity)
file(WRITE ${OUT} "#define SPURION_CODE_IDENTITY \"${identity}\"\n")
