#include "native/store/ledger_page.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "catch.h"
#include "support/temporary_folder.h"

namespace weir {
namespace {

using Found = LedgerPage::Found;

struct Fixture {
  TemporaryFolder folder;
  std::string path = folder.path("ledger.page");

  std::unique_ptr<LedgerPage> open() const {
    auto page = LedgerPage::open(path);
    REQUIRE(page.ok());
    return std::move(page).value();
  }
  void overwrite(std::streamoff offset, const std::string& bytes) const {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(offset);
    file << bytes;
  }
};

LedgerPage::State state_with_end(uint64_t end) {
  LedgerPage::State state;
  state.log.bytes = {7, 7, 7};
  state.committed_end = end;
  return state;
}

TEST_CASE("a page that was not there is fresh and all zero") {
  Fixture f;
  const auto page = f.open();
  CHECK(page->found() == Found::kFresh);
  CHECK(page->totals() == LedgerCounters());
}

TEST_CASE("a page that never got a state is still fresh") {
  Fixture f;
  f.open();
  CHECK(f.open()->found() == Found::kFresh);
}

TEST_CASE("counters and state are there again after reopening") {
  Fixture f;
  {
    const auto page = f.open();
    page->set_state(state_with_end(41));
    page->slot(0).count_offered();
    page->slot(kProducersMax - 1).count_offered(10);
    page->slot(3).count_dropped(DropReason::kBufferFull, 4);
    page->writer_slot().count_dropped(DropReason::kShutdown);
    LedgerPage::State state = state_with_end(42);
    state.base.offered = 5;
    page->set_state(state);
  }
  const auto page = f.open();
  CHECK(page->found() == Found::kIntact);
  CHECK_FALSE(page->from_earlier_boot());
  CHECK(page->state().committed_end == 42);
  CHECK(page->state().log.bytes[0] == 7);
  CHECK_FALSE(page->state().clean);
  CHECK(page->totals().offered == 11);
  CHECK(page->of_log().offered == 6);
  CHECK(page->totals().dropped[static_cast<size_t>(DropReason::kBufferFull)] == 4);
  CHECK(page->totals().dropped[static_cast<size_t>(DropReason::kShutdown)] == 1);
}

TEST_CASE("a foreign file, a torn one and one of another size are unusable and begun anew") {
  Fixture f;
  f.open()->set_state(state_with_end(1));
  f.open()->slot(0).count_offered(99);
  SECTION("another magic") { f.overwrite(0, "SQLite f"); }
  SECTION("another version") { f.overwrite(8, std::string(1, '\x02')); }
  SECTION("another checksum") { f.overwrite(20, "\xff\xff"); }
  SECTION("shorter") { std::filesystem::resize_file(f.path, 100); }
  SECTION("longer") {
    std::filesystem::resize_file(f.path, std::filesystem::file_size(f.path) + 1);
  }
  {
    const auto page = f.open();
    CHECK(page->found() == Found::kUnusable);
    CHECK(page->totals().offered == 0);
    page->set_state(state_with_end(3));
  }
  CHECK(f.open()->found() == Found::kIntact);
}

TEST_CASE("a state torn while it was written leaves the one before it") {
  Fixture f;
  f.open()->set_state(state_with_end(1));  // sequence 1: second block
  f.open()->set_state(state_with_end(2));  // sequence 2: first block
  f.overwrite(64 + 24, "torn");
  const auto page = f.open();
  CHECK(page->found() == Found::kIntact);
  CHECK(page->state().committed_end == 1);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a state that is torn after any of its bytes is the one before it or the new one") {
  Fixture f;
  f.open()->set_state(state_with_end(1));
  const std::string before = bytes_of(f.path);
  f.open()->set_state(state_with_end(2));
  const std::string after = bytes_of(f.path);
  REQUIRE(before.size() == after.size());
  bool old = true;
  for (size_t written = 0; written <= after.size(); ++written) {
    if (written > 0 && written < after.size() && before[written - 1] == after[written - 1]) {
      continue;
    }
    f.folder.write("ledger.page", after.substr(0, written) + before.substr(written));
    const auto page = f.open();
    REQUIRE(page->found() == Found::kIntact);
    const bool is_old = page->state().committed_end == 1;
    REQUIRE((is_old || page->state().committed_end == 2));
    REQUIRE((old || !is_old));  // once it is the new one, it stays
    old = is_old;
  }
  CHECK_FALSE(old);
}

TEST_CASE("two torn states are no state") {
  Fixture f;
  f.open()->set_state(state_with_end(1));
  f.open()->set_state(state_with_end(2));
  f.overwrite(64, std::string(400, 'x'));
  CHECK(f.open()->found() == Found::kUnusable);
}

TEST_CASE("a state of another boot is recognised") {
  Fixture f;
  f.open()->set_state(state_with_end(1));
  std::ifstream boot_file("/proc/sys/kernel/random/boot_id");
  std::string boot;
  REQUIRE(std::getline(boot_file, boot));
  std::ifstream page_file(f.path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(page_file)), {});
  const size_t at = bytes.find(boot);
  REQUIRE(at != std::string::npos);
  // The block's checksum stands behind the boot's name and eight bytes of flags.
  bytes[at] = bytes[at] == '0' ? '1' : '0';
  const size_t block = 64 + 136;  // sequence 1 is the second block
  REQUIRE(at > block);
  const size_t crc_at = at + boot.size() + 8;
  const uint32_t crc =
      crc32c({reinterpret_cast<const uint8_t*>(bytes.data()) + block, crc_at - block});
  std::memcpy(bytes.data() + crc_at, &crc, sizeof(crc));
  f.overwrite(0, bytes);
  const auto page = f.open();
  CHECK(page->found() == Found::kIntact);
  CHECK(page->from_earlier_boot());
}

TEST_CASE("a path that cannot be written is a failure that names it") {
  const auto page = LedgerPage::open("/nonexistent/ledger.page");
  CHECK(page.status().code() == Code::kUnavailable);
  CHECK(page.status().message().find("/nonexistent/ledger.page") != std::string::npos);
}

TEST_CASE("what a thread counted before SIGKILL is there afterwards") {
  Fixture f;
  f.open()->set_state(state_with_end(0));
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto page = LedgerPage::open(f.path);
    for (uint64_t count = 1;; ++count) {
      page.value()->slot(0).count_offered();
      if (count % 3 == 0) page.value()->slot(0).count_dropped(DropReason::kBufferFull);
      if (count == 100'000 && ::write(pipe_ends[1], "x", 1) != 1) ::_exit(1);
    }
  }
  char started = 0;
  REQUIRE(::read(pipe_ends[0], &started, 1) == 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  const LedgerCounters totals = f.open()->totals();
  CHECK(totals.offered >= 100'000);
  // The kill struck between an offer and its drop, or anywhere else.
  const uint64_t dropped = totals.dropped[static_cast<size_t>(DropReason::kBufferFull)];
  CHECK((dropped == totals.offered / 3 || dropped == totals.offered / 3 - 1));
}

TEST_CASE("a reading never has more drops than offers") {
  Fixture f;
  const auto page = f.open();
  std::atomic<bool> stop{false};
  std::thread producer([&] {
    while (!stop) {
      page->slot(1).count_offered();
      page->slot(1).count_dropped(DropReason::kDisabled);
    }
  });
  bool never_more = true;
  for (int i = 0; i < 2000; ++i) {
    const LedgerCounters totals = page->totals();
    never_more =
        never_more && totals.dropped[static_cast<size_t>(DropReason::kDisabled)] <= totals.offered;
  }
  stop = true;
  producer.join();
  CHECK(never_more);
}

}  // namespace
}  // namespace weir
