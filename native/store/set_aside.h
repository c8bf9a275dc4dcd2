// Databases that are set aside because they are damaged: their names, and what becomes of them.
//
//   weir.db.damaged-<time>  waits for its salvage, which alone opens it and repairs no more than a
//                           first page that nothing else can be read without (salvage_file.h)
//   weir.db.kept-<time>     salvaged, but not all of it could be read: kept for people. There is
//                           at most one, and none that a byte budget has no room for.
#pragma once

#include <string>
#include <vector>

#include "weir/status.h"

namespace weir {

// Renames a damaged database and its companions to <path>.damaged-<time>; nothing is deleted.
// Returns the new name.
Result<std::string> set_aside(const std::string& path, int64_t now_ms);

// The names of those of `path` that wait, oldest first. kUnavailable if the folder cannot be read.
Result<std::vector<std::string>> databases_set_aside(const std::string& path);

// `name` waits no longer, and is not kept either.
Status forget_set_aside(const std::string& name);
// `name` waits no longer and is kept, in the place of one that was kept before. Answers its new
// name.
Result<std::string> keep_set_aside(const std::string& path, const std::string& name);

}  // namespace weir
