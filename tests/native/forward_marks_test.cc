#include "native/forward/forward_marks.h"

#include <filesystem>

#include "catch.h"
#include "support/log_samples.h"
#include "support/temporary_folder.h"
#include "support/without_root_powers.h"

namespace weir {
namespace {

// A folder that marks are in, and that can be taken away from them.
struct MarksFolder {
  TemporaryFolder folder;
  std::string path = folder.path("data/forward.marks");

  MarksFolder() { std::filesystem::create_directory(folder.path("data")); }
  // What the next process finds.
  uint64_t mark_on_disk(const LogId& log) const { return ForwardMarks(path).trusted_end(log, 99); }
  void make_writable(bool writable) const {
    using std::filesystem::perms;
    std::filesystem::permissions(
        folder.path("data"),
        perms::owner_read | perms::owner_exec | (writable ? perms::owner_write : perms::none));
  }
  void hide() const { std::filesystem::rename(folder.path("data"), folder.path("hidden")); }
  void bring_back() const { std::filesystem::rename(folder.path("hidden"), folder.path("data")); }
};

TEST_CASE("a mark is the end at the first start, until the receiver is known to hold our events") {
  const MarksFolder f;
  for (const uint64_t end : {10, 20}) {
    ForwardMarks marks(f.path);
    CHECK(marks.trusted_end(sample_log(1), end) == 10);
    REQUIRE(marks.save().ok());
  }
  ForwardMarks marks(f.path);
  marks.verified(sample_log(1));
  REQUIRE(marks.save().ok());
  CHECK(f.mark_on_disk(sample_log(1)) == 99);
}

TEST_CASE("marks that a read-only folder does not take are kept, and saved when it does") {
  const WithoutRootPowers powerless;
  const MarksFolder f;
  ForwardMarks marks(f.path);
  marks.trusted_end(sample_log(1), 10);
  REQUIRE(marks.save().ok());
  f.make_writable(false);
  marks.trusted_end(sample_log(2), 20);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status status = marks.save();
    CHECK(status.code() == Code::kUnavailable);
    CHECK(status.message().find(f.path) != std::string::npos);
  }
  CHECK(f.mark_on_disk(sample_log(1)) == 10);
  f.make_writable(true);
  REQUIRE(marks.save().ok());
  CHECK(f.mark_on_disk(sample_log(1)) == 10);
  CHECK(f.mark_on_disk(sample_log(2)) == 20);
}

TEST_CASE("marks whose folder is gone are kept, and saved when it is back") {
  const MarksFolder f;
  ForwardMarks marks(f.path);
  marks.trusted_end(sample_log(1), 10);
  REQUIRE(marks.save().ok());
  f.hide();
  marks.verified(sample_log(1));
  marks.trusted_end(sample_log(2), 20);
  CHECK_FALSE(marks.save().ok());
  CHECK(marks.trusted_end(sample_log(2), 30) == 20);
  f.bring_back();
  REQUIRE(marks.save().ok());
  CHECK(f.mark_on_disk(sample_log(1)) == 99);
  CHECK(f.mark_on_disk(sample_log(2)) == 20);
}

}  // namespace
}  // namespace weir
