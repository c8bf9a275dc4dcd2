// The numbers of the statements whose SQL stands in statements.def. Private to core and its tests;
// hosts see plain numbers.
#pragma once

#include "weir/statement.h"

namespace weir {

enum class StatementId : uint16_t {
#define WEIR_STATEMENT(id, name, sql) id,
#include "statements.def"
#undef WEIR_STATEMENT
};

}  // namespace weir
