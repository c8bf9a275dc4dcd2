// A list is read in pieces of 64 KiB into the builder, so that its file is never in memory as a
// whole.
#include "native/dns/block_lists.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <string>

#include "native/runtime/system_error.h"
#include "native/runtime/unique_fd.h"
#include "weir/limits.h"

namespace weir {
namespace {

Status failure(const BlockListOptions& list, const Status& reason) {
  return {reason.code(), "block list '" + list.name + "' (" + list.path + "): " + reason.message()};
}

// A directory can be opened and a FIFO would be waited for; neither is a list.
Result<UniqueFd> open_regular(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return system_status("cannot be opened");
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return system_status("cannot be read");
  if (!S_ISREG(info.st_mode)) return Status(Code::kInvalid, "is not a regular file");
  return file;
}

Status add_file(const std::string& path, RuleSetBuilder* builder) {
  WEIR_ASSIGN(const UniqueFd file, open_regular(path));
  std::string piece(size_t{1} << 16, '\0');
  // Counted while reading: a file may grow, and some report no size.
  size_t total = 0;
  for (;;) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_status("cannot be read");
    if (count == 0) return {};
    total += static_cast<size_t>(count);
    if (total > kBlockListBytesMax) return {Code::kTooLarge, "is larger than 512 MiB"};
    WEIR_TRY(builder->add_text({piece.data(), static_cast<size_t>(count)}));
  }
}

}  // namespace

Result<RuleSet> load_block_lists(const std::vector<BlockListOptions>& lists) {
  RuleSetBuilder builder;
  for (const BlockListOptions& list : lists) {
    if (Status begun = builder.begin_list(list.name); !begun.ok()) return failure(list, begun);
    if (Status added = add_file(list.path, &builder); !added.ok()) return failure(list, added);
  }
  return builder.build();
}

}  // namespace weir
