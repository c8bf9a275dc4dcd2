// Kinds of vectors.h that stand in files of their own.
#pragma once

#include "weir/segment.h"

namespace weir {

// When the generated events begin: 2026-09-21T13:33:20Z.
inline constexpr int64_t kVectorStartMs = 1'790'000'000'000;

Bytes answer_api(ByteView input);

}  // namespace weir
