#include "native/sql/log_tables.h"

namespace weir {

int register_log_tables(sqlite3* connection, const std::shared_ptr<TableWork>& work) {
  for (const auto registration : {register_queries, register_statistics, register_domain_stats}) {
    if (const int result = registration(connection, work); result != SQLITE_OK) return result;
  }
  return SQLITE_OK;
}

}  // namespace weir
