// Print: where a command's text goes.
#pragma once

#include <functional>
#include <string_view>

namespace weir {

// Text for a stream of the terminal, whole lines.
using Print = std::function<void(std::string_view text)>;

}  // namespace weir
