// kill -9 at random moments: a child offers events through the whole query log and is killed, again
// and again on the same directory; after each kill the parent opens the log and judges the ledger
// against what the child had counted by itself in shared memory.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "native/log_fixture.h"
#include "native/store/query_log.h"
#include "support/event_generator.h"

namespace weir {
namespace {

constexpr size_t kProducers = 2;
constexpr int kRounds = 25;
constexpr uint64_t kSeed = 20261120;

// The child's own count, visible to the parent after the kill.
struct Witness {
  struct Producer {
    std::atomic<uint64_t> begun{0};  // offers begun …
    std::atomic<uint64_t> done{0};   // … and ended
  };
  std::array<Producer, kProducers> producers;
  std::atomic<uint64_t> durable{0};  // end of the log as the writer told it

  uint64_t begun() const { return producers[0].begun + producers[1].begun; }
  uint64_t done() const { return producers[0].done + producers[1].done; }
};

Witness* shared_witness() {
  void* memory =
      ::mmap(nullptr, sizeof(Witness), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return new (memory) Witness;
}

QueryLogOptions options_for(const std::string& data_dir) {
  QueryLogOptions options;
  options.data_dir = data_dir;
  options.producers = kProducers;
  options.buffer_events = 2000;     // small enough to be full at times
  options.retention_days = 36'500;  // the sample events are from a fixed day
  options.flush_intervals = FlushIntervals::always(3);
  return options;
}

// Never returns. Each event says who offered it and as which.
[[noreturn]] void run_child(const std::string& data_dir, Witness& witness) {
  auto opened = QueryLog::open(options_for(data_dir));
  if (!opened.ok()) ::_exit(3);
  QueryLog& log = **opened;
  std::vector<std::thread> threads;
  for (size_t p = 0; p < kProducers; ++p) {
    threads.emplace_back([&log, &counts = witness.producers[p], p] {
      while (true) {
        const uint64_t number = counts.begun++;
        Event event = sample_event(number % 1000, kTestWallMs);
        event.qtype = static_cast<uint16_t>(p);
        event.duration_us = static_cast<uint32_t>(number);
        log.sink(p).offer(event);
        ++counts.done;
        if (number % 64 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
    });
  }
  while (true) {
    witness.durable = log.position().end;
    std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

void kill_after(const std::string& data_dir, Witness& witness, int64_t delay_us) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) run_child(data_dir, witness);
  std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
}

// Every event that is stored, as producer and number: none may be there twice.
uint64_t count_distinct(const std::string& data_dir) {
  auto opened = SqliteDatabase::open(data_dir + "/weir.db", {});
  REQUIRE(opened.ok());
  SqliteDatabase database = std::move(opened).value();
  auto rows = database.prepare("SELECT data FROM segments WHERE kind = 0 AND count > 0");
  REQUIRE(rows.ok());
  std::set<std::pair<uint16_t, uint32_t>> seen;
  while (*rows.value().step()) {
    const auto data = rows.value().column(0);
    REQUIRE(data.ok());
    const auto reader = SegmentReader::open(std::get<Bytes>(*data));
    REQUIRE(reader.ok());
    for (size_t i = 0; i < reader.value().count(); ++i) {
      const Event event = reader.value().event(i);
      REQUIRE(seen.emplace(event.qtype, event.duration_us).second);
    }
  }
  return seen.size();
}

TEST_CASE("after kill -9 at any moment every event is stored once or is counted as dropped") {
  const TemporaryFolder folder;
  const std::string data_dir = folder.path("data");
  Witness& witness = *shared_witness();
  TestRandom random(kSeed);
  uint64_t crashed = 0;
  uint64_t offered = 0;  // as the ledger said after the last round
  for (int round = 0; round < kRounds; ++round) {
    // Some kills strike while the log is being opened.
    const uint64_t delay_us = random.below(round % 4 == 0 ? 8'000 : 80'000);
    const uint64_t begun = witness.begun();
    for (auto& producer : witness.producers) producer.done = producer.begun.load();
    INFO("round " << round << " killed after " << delay_us << " us");
    kill_after(data_dir, witness, static_cast<int64_t>(delay_us));
    {
      auto opened = QueryLog::open(options_for(data_dir));
      INFO(opened.status().message());
      REQUIRE(opened.ok());
      const auto ledger = opened.value()->ledger();
      REQUIRE(ledger.ok());
      CHECK(ledger->balanced());
      CHECK(ledger->in_flight == 0);
      CHECK_FALSE(ledger->unclean);
      // One offer per producer may have been cut off between its two counts.
      CHECK(ledger->offered >= offered + witness.done() - begun);
      CHECK(ledger->offered <= offered + witness.begun() - begun);
      offered = ledger->offered;
      CHECK(ledger->stored >= witness.durable);
      crashed = ledger->dropped[static_cast<size_t>(DropReason::kCrash)];
      CHECK(count_distinct(data_dir) == ledger->stored);
    }
  }
  CHECK(crashed > 0);  // otherwise the kills came at no interesting moment
  ::munmap(&witness, sizeof(Witness));
}

// A run that commits `rounds` times ten events, checkpoints nothing, and ends as by a kill.
void run_and_die(const std::string& data_dir, int rounds) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto opened = QueryLog::open(options_for(data_dir));
    if (!opened.ok()) ::_exit(3);
    for (uint64_t n = 0; n < 10 * static_cast<uint64_t>(rounds); ++n) {
      (*opened)->sink(0).offer(sample_event(n, kTestWallMs));
      while (n % 10 == 9 && (*opened)->stats().held > 0) ::usleep(200);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
}

uint64_t count_stored(const std::string& data_dir) {
  auto database = SqliteDatabase::open(data_dir + "/weir.db", {});
  REQUIRE(database.ok());
  auto sum = database->prepare("SELECT coalesce(sum(count), 0) FROM segments WHERE kind = 0");
  REQUIRE(sum.ok());
  REQUIRE(*sum->step());
  return static_cast<uint64_t>(std::get<int64_t>(*sum->column(0)));
}

// What SQLite finds behind a frame that fails its checksum is not there any more, and it says
// nothing of that.
TEST_CASE("whatever frame of the WAL is damaged, what goes with it is told as lost") {
  constexpr int kCommits = 6;
  constexpr std::uintmax_t kWalHeadBytes = 32;
  constexpr std::uintmax_t kFrameBytes = 24 + 8192;
  const TemporaryFolder folder;
  const std::string died = folder.path("died");
  REQUIRE(QueryLog::open(options_for(died)).ok());  // its end leaves no WAL
  run_and_die(died, kCommits);
  const std::uintmax_t wal_bytes = std::filesystem::file_size(died + "/weir.db-wal");
  REQUIRE(wal_bytes > kWalHeadBytes + kFrameBytes);
  for (std::uintmax_t at = kWalHeadBytes; at < wal_bytes; at += kFrameBytes) {
    INFO("damaged at " << at << " of " << wal_bytes);
    const std::string data_dir = folder.path("damaged-" + std::to_string(at));
    std::filesystem::copy(died, data_dir);
    std::fstream wal(data_dir + "/weir.db-wal", std::ios::in | std::ios::out | std::ios::binary);
    wal.seekp(static_cast<std::streamoff>(at + kFrameBytes / 2)).put('\x55').put('\xaa').flush();
    auto opened = QueryLog::open(options_for(data_dir));
    INFO(opened.status().message());
    REQUIRE(opened.ok());
    const auto ledger = (*opened)->ledger();
    REQUIRE(ledger.ok());
    CHECK(ledger->balanced());
    CHECK(ledger->offered == 10 * kCommits);
    CHECK(ledger->stored == 10 * kCommits);
    CHECK(ledger->expired_corrupt == 10 * kCommits - count_stored(data_dir));
    CHECK_FALSE(ledger->unclean);
  }
}

}  // namespace
}  // namespace weir
