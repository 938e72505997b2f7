# Every dependency is a distribution package. A user's own LibTorch comes through CMAKE_PREFIX_PATH.
# Some LibTorch packages warn about libraries nobody links.
set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
find_package(Torch REQUIRED)
unset(CMAKE_MESSAGE_LOG_LEVEL)
find_package(dnnl REQUIRED)
find_package(fmt REQUIRED)
# Headers alone, for src/analysis/fits: an installed spurion does not need it.
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(TOMLPLUSPLUS REQUIRED IMPORTED_TARGET tomlplusplus)
# By pkg-config: Debian's CMake configuration of libzip asks for its command-line tools too.
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
if(SPURION_BUILD_CLI)
  pkg_check_modules(RSVG REQUIRED IMPORTED_TARGET librsvg-2.0 cairo-pdf)
endif()

# Our own flags, never exported.
add_library(spurion_flags INTERFACE)
target_compile_options(spurion_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion
                       $<$<BOOL:${SPURION_WERROR}>:-Werror>)
if(SPURION_SANITIZE)
  set(sanitizers address,undefined)
  if(SPURION_SANITIZE STREQUAL "thread")
    set(sanitizers thread)
  endif()
  target_compile_options(spurion_flags INTERFACE -fsanitize=${sanitizers} -fno-omit-frame-pointer)
  target_link_options(spurion_flags INTERFACE -fsanitize=${sanitizers})
endif()

# LibTorch's headers as system headers: their warnings are not ours.
add_library(spurion_torch INTERFACE)
target_include_directories(spurion_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(spurion_torch INTERFACE ${TORCH_LIBRARIES})
