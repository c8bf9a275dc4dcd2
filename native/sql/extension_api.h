// Included before everything else in every source of the loadable extension: from here on sqlite3_…
// are the routines of the program that loads it (https://sqlite.org/loadext.html).
#pragma once

#include <sqlite3ext.h>

SQLITE_EXTENSION_INIT3
