// The database of a data directory, as the commands that only read it open it.
#pragma once

#include <string>

#include "native/store/sqlite.h"

namespace weir {

// kNotFound if there is none, kUnsupported if this build does not know its schema.
Result<SqliteDatabase> open_database(const std::string& data_dir);

}  // namespace weir
