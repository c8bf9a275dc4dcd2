// weir_vectors.wasm: vector requests in WebAssembly. Requests stand in blocks of weir_alloc.
#include "abi.h"
#include "vectors.h"

namespace {
weir::Bytes output;  // of the last request
}

extern "C" {

WEIR_EXPORT(weir_vector) uint32_t weir_vector(const uint8_t* request, uint32_t size) {
  output = weir::run_vector_request({request, size});
  return static_cast<uint32_t>(output.size());
}

WEIR_EXPORT(weir_vector_output) const uint8_t* weir_vector_output() { return output.data(); }

}  // extern "C"
