// Backup and restore: the database of a data directory as one file.
//
// A backup is a snapshot by VACUUM INTO: it reads every page of every table, so that a file which
// is there was readable as a whole; it leaves out free pages; and it is in rollback mode, so that
// the one file is all there is to carry. It runs beside a server and holds up no writer; meanwhile
// the WAL cannot shrink. A failed or killed backup leaves no file of the wanted name.
//
// A restored database is another branch of history: its logs end, and the next start opens a new
// one, so that no number is ever given to two events. What segments hold is not looked into; that
// is what fsck is for.
#pragma once

#include <cstdint>
#include <string>

#include "weir/status.h"

namespace weir {

// Writes the database of `data_dir` to `file` and to the disk; answers its size in bytes. kNotFound
// if there is no database, kConflict if `file` exists, kCorrupt if a page cannot be read.
Result<uint64_t> backup_database(const std::string& data_dir, const std::string& file);

// Puts a copy of `file` in the place of the database of `data_dir`, which is made if it is missing.
// Answers where the database that was there is kept, empty if there was none. kNotFound, kInvalid
// or kUnsupported (a newer version) for the file, kConflict while a server holds the directory;
// nothing is changed then.
Result<std::string> restore_database(const std::string& file, const std::string& data_dir);

}  // namespace weir
