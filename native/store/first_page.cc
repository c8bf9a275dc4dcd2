// The file format: https://sqlite.org/fileformat2.html, section 1.3 for the header.
#include "native/store/first_page.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"
#include "native/store/migrations.h"
#include "native/store/sqlite.h"

namespace weir {
namespace {

constexpr size_t kPageBytes = SqliteDatabase::Options().page_bytes;

// The root of d1_migrations, as the first table of a database with incremental vacuum.
constexpr off_t kMigrationsPage = 3;

// A database without rows, as bytes.
Result<std::string> new_database() {
  WEIR_ASSIGN(SqliteDatabase fresh, SqliteDatabase::open(":memory:", {}));
  WEIR_TRY(migrate(fresh));
  sqlite3_int64 size = 0;
  const std::unique_ptr<unsigned char, void (*)(void*)> bytes(
      sqlite3_serialize(fresh.handle(), "main", &size, 0), sqlite3_free);
  if (bytes == nullptr) return Status(Code::kUnavailable, "there is no memory for a database");
  return std::string(bytes.get(), bytes.get() + size);
}

// In WAL mode, of as many pages as the file has, none of them known to be free.
void adapt_header(std::string* page) {
  const auto put = [page](size_t offset, const std::string& bytes) {
    page->replace(offset, bytes.size(), bytes);
  };
  put(18, std::string(2, '\2'));
  put(24, std::string("\0\0\0\2", 4));  // not the number at 92: the size at 28 is not believed
  put(32, std::string(8, '\0'));
  put(92, std::string("\0\0\0\1", 4));
}

}  // namespace

Status lend_first_page(const std::string& path) {
  WEIR_ASSIGN(std::string page, new_database());
  page.resize(kPageBytes);
  adapt_header(&page);
  const UniqueFd file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return system_status("cannot open " + path);
  std::string rows(kPageBytes, '\0');
  const ssize_t size =
      ::pread(file.get(), rows.data(), rows.size(), (kMigrationsPage - 1) * off_t{kPageBytes});
  if (size < 0) return system_status("cannot read " + path);
  if (rows.find(migrations().front().name) == rows.npos) {
    return Status(Code::kCorrupt, "neither its first page nor its list of migrations can be read");
  }
  if (::pwrite(file.get(), page.data(), page.size(), 0) != static_cast<ssize_t>(page.size())) {
    return system_status("cannot write " + path);
  }
  return {};
}

}  // namespace weir
