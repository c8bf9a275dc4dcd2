// check_event() in two parts, for whoever knows that a name was looked at before.
#pragma once

#include <string_view>

#include "weir/event.h"
#include "weir/status.h"

namespace weir {

Status check_name(std::string_view qname);
Status check_besides_name(const Event& event);

}  // namespace weir
