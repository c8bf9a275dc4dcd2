// Runs a fuzz target without libFuzzer: over every file of a corpus directory, every prefix of it
// up to a bound, and a few thousand seeded mutations. Finds little that is new; keeps what was
// found.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kPrefixesMax = 2000;
constexpr int kMutations = 2000;

void run(const std::vector<char>& bytes) {
  // An allocation of the exact size, so that the address sanitizer sees one byte past it.
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void replay(const std::vector<char>& bytes) {
  for (size_t size = 0; size < std::min(bytes.size(), kPrefixesMax); ++size) {
    run({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
  }
  run(bytes);
  std::mt19937_64 random(bytes.size());
  for (int round = 0; round < kMutations && !bytes.empty(); ++round) {
    std::vector<char> changed = bytes;
    for (uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
      changed[random() % changed.size()] = static_cast<char>(random());
    }
    run(changed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    replay({std::istreambuf_iterator<char>(file), {}});
    ++files;
  }
  std::printf("replayed %zu files\n", files);
  return files == 0 ? 1 : 0;
}
