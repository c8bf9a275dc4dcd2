// What somebody has met who could not read something that is stored.
#pragma once

#include <cstdint>

namespace weir {

enum class Damage : uint8_t {
  kSegments,  // bytes that fail our checks; also such as are marked already
  kDatabase,  // SQLite's own structures
};

}  // namespace weir
