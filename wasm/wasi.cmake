# Toolchain of the Worker's WebAssembly module: clang for wasm32-wasi, libc++, no exceptions.
#
# WASI_SDK_PREFIX, in the environment or the cache, names a wasi-sdk to use instead of Debian's
# parts: clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32.
set(CMAKE_SYSTEM_NAME WASI)
set(CMAKE_SYSTEM_VERSION 1)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR}/cmake)

if(NOT WASI_SDK_PREFIX)
  set(WASI_SDK_PREFIX "$ENV{WASI_SDK_PREFIX}")
endif()
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WASI_SDK_PREFIX)

if(WASI_SDK_PREFIX)
  set(CMAKE_CXX_COMPILER ${WASI_SDK_PREFIX}/bin/clang++)
  set(CMAKE_AR ${WASI_SDK_PREFIX}/bin/llvm-ar CACHE FILEPATH "")
  set(CMAKE_RANLIB ${WASI_SDK_PREFIX}/bin/llvm-ranlib CACHE FILEPATH "")
  set(CMAKE_SYSROOT ${WASI_SDK_PREFIX}/share/wasi-sysroot)
else()
  set(CMAKE_CXX_COMPILER clang++-19)
  # Binutils' archiver serves: wasm-ld reads archives without an index.
  set(CMAKE_AR /usr/bin/ar CACHE FILEPATH "")
  set(CMAKE_RANLIB /usr/bin/ranlib CACHE FILEPATH "")
endif()

set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_FLAGS_INIT "-fno-exceptions")
set(CMAKE_CXX_FLAGS_RELEASE_INIT "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "")  # CMake's own default is -O3
# -O0 here keeps the driver from running a wasm-opt that happens to be installed: the module would
# depend on it. (--no-wasm-opt says so too, but clang 19.1.7 then does not link at all.)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-mexec-model=reactor -O0")
set(CMAKE_EXECUTABLE_SUFFIX_CXX .wasm)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
