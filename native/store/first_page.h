// The first page of a database holds nothing but SQLite's header and our schema, and which page
// each table begins on. All of our databases are made in the same way, so that it is the same in
// all of them: where it is lost, that of a new one leads to the rows again.
#pragma once

#include <string>

#include "weir/status.h"

namespace weir {

// Overwrites the first page of a database that nobody has open. kCorrupt, and nothing is written,
// unless the page behind it that says which migrations it had shows that it is one of ours.
Status lend_first_page(const std::string& path);

}  // namespace weir
