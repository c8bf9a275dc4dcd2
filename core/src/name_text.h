// The text form of names as events carry them (weir/event.h), checked without converting it.
#pragma once

#include <string_view>

namespace weir {

// True if `text` is the one spelling that Weir uses of some name: "." or labels of 1 to 63 octets
// between dots, lower case, every octet other than a-z 0-9 - _ as \DDD, at most 255 octets in wire
// form (RFC 1035 2.3.4).
bool is_name_text(std::string_view text);

}  // namespace weir
