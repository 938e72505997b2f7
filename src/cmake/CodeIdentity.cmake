# cmake -DROOT=... -DFLAGS=... -DOUT=... -P CodeIdentity.cmake
# Writes a header with a hash of all that the numbers of a trial depend on in our own code: the sources
# of the folders below, and the compiler with its flags. Analysis, report and command line only read
# stores. The same sources in another place have the same hash.
set(text "${FLAGS}\n")
set(patterns "")
foreach(folder core data engine nouns environments models methods metrics regimes catalog harness)
  list(APPEND patterns ${ROOT}/src/${folder}/*.cpp ${ROOT}/src/${folder}/*.hpp
       ${ROOT}/src/${folder}/CMakeLists.txt ${ROOT}/src/${folder}/list.cmake)
endforeach()
file(GLOB_RECURSE files RELATIVE ${ROOT} ${patterns} ${ROOT}/include/spurion/*.hpp)
list(FILTER files EXCLUDE REGEX "/spurion/analysis/")
list(SORT files)
foreach(file IN LISTS files)
  file(SHA256 ${ROOT}/${file} hash)
  string(APPEND text "${file} ${hash}\n")
endforeach()
string(SHA256 identity "${text}")
string(SUBSTRING ${identity} 0 32 identity)
file(WRITE ${OUT} "#define SPURION_CODE_IDENTITY \"${identity}\"\n")
