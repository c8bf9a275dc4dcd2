// Golden files: bytes of a format that must not change by accident, in tests/golden/.
//
// Run the test with WEIR_UPDATE_GOLDEN=1 to write them anew; the difference is then reviewed as
// part of the change. Files of a released format, which have its version in their names, are
// written once: there are databases with such bytes. Another form of the same is another version.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "catch.h"

namespace weir {

// The bytes of tests/golden/NAME; fails the test if there are none.
inline std::vector<uint8_t> read_golden(const std::string& name) {
  std::ifstream file(std::string(WEIR_GOLDEN_DIR "/") + name, std::ios::binary);
  INFO("WEIR_UPDATE_GOLDEN=1 writes " << name);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

inline bool is_released(const std::string& name) {
  return name.find("_v") != name.npos && std::ifstream(std::string(WEIR_GOLDEN_DIR "/") + name);
}

// Fails the test unless the file holds exactly these bytes.
inline void check_golden(const std::string& name, std::span<const uint8_t> bytes) {
  if (std::getenv("WEIR_UPDATE_GOLDEN") != nullptr && !is_released(name)) {
    std::ofstream file(std::string(WEIR_GOLDEN_DIR "/") + name, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.good());
  }
  const std::vector<uint8_t> golden = read_golden(name);
  INFO("differs from the golden file " << name);
  CHECK((golden == std::vector<uint8_t>(bytes.begin(), bytes.end())));
}

}  // namespace weir
