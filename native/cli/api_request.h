// One request to the API, answered from the database without a server.
#pragma once

#include <string>

#include "native/store/sqlite.h"
#include "weir/operation.h"

namespace weir {

// The API's own refusals (400, …) are answers too; a Status is a failure of the database.
Result<Emit> ask_api(SqliteDatabase& database, std::string target);

inline constexpr int kHttpOk = 200;
inline constexpr int kHttpBadRequest = 400;
// Of an answer without a head: kHttpOk.
int http_status(const Emit& answer);

}  // namespace weir
