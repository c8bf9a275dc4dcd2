// weir_vectors: answers vector requests on standard input (u32 length, request) with their outputs
// on standard output (u32 length, output), until the input ends.
#include <array>
#include <cstdio>

#include "bytes.h"
#include "vectors.h"

namespace {

constexpr uint32_t kRequestBytesMax = 32 << 20;

bool read_exactly(uint8_t* to, size_t size) { return std::fread(to, 1, size, stdin) == size; }

bool write_all(const weir::Bytes& bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
}

}  // namespace

int main() {
  std::array<uint8_t, 4> length;
  while (read_exactly(length.data(), length.size())) {
    const auto size = weir::load_le<uint32_t>(length.data());
    if (size > kRequestBytesMax) return 1;
    weir::Bytes request(size);
    if (!read_exactly(request.data(), size)) return 1;
    const weir::Bytes output = weir::run_vector_request(request);
    weir::Bytes head;
    weir::ByteWriter(head).u32(static_cast<uint32_t>(output.size()));
    if (!write_all(head) || !write_all(output) || std::fflush(stdout) != 0) return 1;
  }
  return 0;
}
