# CMake looks for Platform/<CMAKE_SYSTEM_NAME>.cmake; wasm/wasi.cmake has said everything else.
set(WASI 1)
