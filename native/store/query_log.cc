// Wires the parts of the query log together and keeps what lies between them: the ledger's sum, the
// switches, forks.
#include "native/store/query_log.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "native/runtime/guarded.h"
#include "native/runtime/random.h"
#include "native/store/data_files.h"
#include "native/store/data_lock.h"
#include "native/store/durable_mark.h"
#include "native/store/live_database.h"
#include "native/store/log_metrics.h"
#include "native/store/log_runner.h"
#include "native/store/log_writer.h"
#include "native/store/recovery.h"
#include "native/store/replace_database.h"
#include "native/store/space_keeper.h"
#include "native/store/watch_pace.h"

namespace weir {
namespace {

// One producer may get all of the traffic, or a few may share it; together they take at most twice
// what the buffer needs.
size_t ring_bytes(const QueryLogOptions& options) {
  const size_t all = options.buffer_events * kRingBytesPerEvent;
  return std::min(all, 2 * all / options.producers);
}

// Below, a merge to level 2 with its copy in the WAL would take too much of the budget.
constexpr uint64_t kLevel2BudgetMin = 256 << 20;

constexpr int64_t kGentleFlushMs = 60'000;

// Of the ledger page, for store(): behind those of the producers.
constexpr size_t kStoreSlot = kProducersMax - 1;

// A database that was just salvaged has passed every check. Should maintenance find fault with it
// all the same, a salvage would change nothing; so that this does not go round and round, the fault
// is believed only after so long.
constexpr int64_t kSalvagedTrustMs = kHourMs;

LogId random_log_id() {
  RandomSource random;
  LogId log;
  for (uint8_t& byte : log.bytes) byte = random.next<uint8_t>();
  return log;
}

Status check_options(const QueryLogOptions& options) {
  if (options.producers < 1 || options.producers > kStoreSlot) {
    return Status(Code::kInvalid, "the query log takes 1 to 255 producers");
  }
  if (options.buffer_events < 1 || options.buffer_events > kBufferEventsMax) {
    return Status(Code::kInvalid, "the query log's buffer takes 1 to 200,000 events");
  }
  return {};
}

class SqliteQueryLog final : public QueryLog {
 public:
  SqliteQueryLog(const QueryLogOptions& options, DataLock lock,
                 std::unique_ptr<LiveDatabase> database, std::unique_ptr<LedgerPage> page)
      : options_(options),
        lock_(std::move(lock)),
        database_(std::move(database)),
        page_(std::move(page)),
        ended_in_order_(page_->found() == LedgerPage::Found::kFresh || page_->state().clean),
        intake_(options.buffer_events),
        retention_days_(options.retention_days) {}

  ~SqliteQueryLog() override {
    const Status status = SqliteQueryLog::stop(kStopMsDefault);
    if (!status.ok()) spdlog::error("the query log did not stop in order: {}", status.message());
  }

  Status start();
  // The same without the database that is there, which is damaged.
  Status start_anew();

  EventSink& sink(size_t index) override { return *sinks_.at(index); }
  OperationRunner& runner() override { return *runner_; }
  bool ended_in_order() const override { return ended_in_order_; }
  Status store(const Event& event, Completion done) override;
  bool wait_durable(uint64_t end, int64_t timeout_ms) override {
    return durable_.wait(end, timeout_ms);
  }
  Subscribers::Subscription subscribe(EventListener listener) override {
    return subscribers_.subscribe(std::move(listener));
  }
  Result<Ledger> ledger() override;
  QueryLogStats stats() const override;
  LogPosition position() const override {
    return published_.with([](const Published& published) { return published.position; });
  }
  uint64_t database_number() const override { return database_->number(); }
  prometheus::Collectable& metrics() override { return *metrics_; }
  void set_enabled(bool enabled) override;
  void set_inline_handoff(bool on) override { intake_.inline_handoff = on; }
  void set_flush_intervals(const FlushIntervals& intervals) override;
  void set_retention_days(int64_t days) override;
  Result<LogState> fork_log(int64_t log_no, uint64_t from) override;
  Result<LogState> new_log() override;
  Status stop(int64_t bound_ms) override;

 private:
  // What the writer thread makes known to others after each turn.
  struct Published {
    LogPosition position;
    QueryLogStats stats;
  };

  void start_writer(LogAccount account, const Extent& reached);
  void start_recovery();
  Status renew_database();
  void watch_database();
  Status replace_lost(LiveDatabase::Fate fate);
  bool is_damaged(int64_t now_ms) const;
  Result<LogState> replace_on_writer(const SetAsideRequest::AdoptRest& adopt_rest,
                                     const std::string& fresh);
  Result<LogState> go_on_in_replaced(const LogId& log);
  Status rebase_ledger();
  Status settle_lost();
  void publish();
  Status admit() const;
  RetentionPolicy policy() const;
  FlushIntervals paced(FlushIntervals intervals) const;
  Ledger counted() const;
  LedgerDelta since_start() const;
  LedgerDelta accounted() const;
  LogMetrics::Reading reading();
  Result<LogState> on_writer(const std::function<Result<LogState>()>& work);
  Result<LogState> fork_on_writer(int64_t log_no, uint64_t from);
  Result<LogState> new_log_on_writer();

  const QueryLogOptions options_;
  DataLock lock_;
  const std::unique_ptr<LiveDatabase> database_;
  SqliteExecutor& executor_ = database_->executor();
  std::unique_ptr<LedgerPage> page_;
  const bool ended_in_order_;  // as the page said before this run
  Intake intake_;
  std::atomic<int64_t> retention_days_;
  WatchPace watch_pace_{RandomSource().next<uint64_t>()};
  int64_t trusted_until_ms_ = 0;
  // Events that were stored in a database that is gone, and that none accounts for yet.
  std::atomic<uint64_t> lost_{0};
  Guarded<LedgerDelta> at_start_;  // in the database, when the writer began
  LedgerCounters page_start_;      // the page's totals then
  std::vector<std::unique_ptr<RingSink>> sinks_;
  Guarded<LedgerSlot*> store_slot_{nullptr};  // the lock makes store() one producer
  Guarded<Published> published_;
  DurableMark durable_;
  Subscribers subscribers_;
  FloodGuard guard_{RandomSource().next<uint64_t>(), options_.flood_repeats_max};
  SpaceKeeper space_{database_->connection(), guard_, options_.data_dir, options_.bytes_max};
  std::unique_ptr<LogMetrics> metrics_;
  std::unique_ptr<LogCommitter> committer_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<LogWriter> writer_;  // before what it uses, in death
  std::unique_ptr<LogRunner> runner_;
  std::unique_ptr<Recovery> recovery_;  // uses all of them
};

Status SqliteQueryLog::start() {
  const int64_t now_ms = wall_clock_ms();
  WEIR_TRY(database_->migrate());
  WEIR_TRY(space_.prepare());
  WEIR_ASSIGN(LogAccount account,
              settle_account(executor_, *page_, options_.site, now_ms, random_log_id));
  WEIR_ASSIGN(const LedgerDelta total, total_account(executor_));
  at_start_.with([&](LedgerDelta& at_start) { at_start = total; });
  page_start_ = page_->totals();
  if (!options_.enabled) intake_.mode = Intake::Mode::kDisabled;
  intake_.inline_handoff = options_.inline_handoff;
  for (size_t i = 0; i < options_.producers; ++i) {
    sinks_.push_back(std::make_unique<RingSink>(ring_bytes(options_), page_->slot(i), intake_));
  }
  store_slot_.with([this](LedgerSlot*& slot) { slot = &page_->slot(kStoreSlot); });
  metrics_ = std::make_unique<LogMetrics>([this] { return reading(); });
  Extent reached;
  WEIR_TRY(run_operation(*find_extent(&reached), executor_));
  start_writer(std::move(account), reached);
  return {};
}

void SqliteQueryLog::start_writer(LogAccount account, const Extent& reached) {
  // A batch is full before the buffer is so full that people are warned.
  const BatcherOptions batching{
      .buffer_events_max = options_.buffer_events,
      .batch_events_max = std::min(kSegmentLevel1EventsMax, options_.buffer_events / 4 * 3),
      .flush_intervals = paced(options_.flush_intervals),
      .jitter_seed = RandomSource().next<uint64_t>()};
  committer_ = std::make_unique<LogCommitter>(
      LogCommitter::Parts{executor_, *page_, intake_.gauge, random_log_id}, std::move(account),
      batching, ClockPair::now, [this](uint64_t events, int64_t duration_us, const Status&) {
        metrics_->on_flush(events, duration_us);
      });
  maintenance_ = std::make_unique<Maintenance>(
      executor_, [this] { return policy(); }, [this] { return space_.checkpoint(wall_clock_ms()); },
      [this] { return space_.excess(); });
  if (!reached.empty()) maintenance_->log_reaches(reached.newest_ms);
  if (options_.gentle) maintenance_->set_gentle_pace();
  if (options_.bytes_max != 0 && options_.bytes_max < kLevel2BudgetMin) {
    maintenance_->leave_out_level2();
  }
  writer_ = std::make_unique<LogWriter>(
      LogWriter::Parts{intake_, *page_, sinks_, *committer_, *maintenance_, subscribers_, guard_},
      ClockPair::now, [this](uint64_t waiting) { metrics_->on_drain(waiting); },
      [this] {
        watch_database();
        publish();
      });
  runner_ = std::make_unique<LogRunner>(
      database_->path(),
      LogRunner::WriterSide{writer_->queue(), executor_, [this] { return admit(); }},
      [this](Damage met) { recovery_->look(met); });
  start_recovery();
  publish();
  writer_->start();
}

void SqliteQueryLog::start_recovery() {
  maintenance_->set_on_unreadable([this] { recovery_->look(Damage::kSegments); });
  SetAsideRequest set_aside{.database_path = database_->path(), .bytes_max = options_.bytes_max};
  set_aside.take_over = [this](const SetAsideRequest::AdoptRest& adopt_rest,
                               const std::string& fresh) {
    return on_writer([&] { return replace_on_writer(adopt_rest, fresh); }).status();
  };
  const auto rebuild = [this](const std::set<int64_t>& hours) {
    writer_->queue().call([&] { maintenance_->rebuild(hours); });
  };
  recovery_ = std::make_unique<Recovery>(
      Recovery::Parts{*runner_, [this] { return database_number(); },
                      [this](uint64_t number) { database_->found_damaged(number); }, rebuild,
                      std::move(set_aside)});
}

// Of the database that is open.
bool SqliteQueryLog::is_damaged(int64_t now_ms) const {
  const bool fails_maintenance = maintenance_->database_corrupt() && now_ms >= trusted_until_ms_;
  const bool fails_commits = committer_->circuit_open() && committer_->database_corrupt();
  return database_->known_damaged() ||
         (database_->is_open() && (fails_maintenance || fails_commits));
}

// On the writer thread, between two turns: a database that was deleted, replaced or damaged beyond
// writing makes way for a new one.
void SqliteQueryLog::watch_database() {
  using Fate = LiveDatabase::Fate;
  const int64_t now_ms = monotonic_us() / 1000;
  const bool damaged = is_damaged(now_ms);
  if (!damaged && !watch_pace_.due(now_ms)) return;
  Fate fate = database_->is_open() ? database_->look() : Fate::kGone;
  if (fate == Fate::kSound && damaged) fate = Fate::kDamaged;
  const Status status = fate == Fate::kSound ? settle_lost() : replace_lost(fate);
  if (status.ok()) return watch_pace_.found(now_ms);
  watch_pace_.failed(now_ms);
  if (watch_pace_.failures() == 1) spdlog::error("{}", status.message());
}

// Safe to repeat: what is closed already has made way.
Status SqliteQueryLog::replace_lost(LiveDatabase::Fate fate) {
  Status status;
  if (database_->is_open()) {
    runner_->suspend();
    lost_ = accounted().stored;
    committer_->log_is_gone();
    maintenance_->database_is_new();
    status = database_->make_way(fate);
  }
  if (status.ok()) status = renew_database();
  recovery_->salvage();
  if (status.ok()) return settle_lost();
  return Status(status.code(), "there is no new database yet: " + status.message());
}

Status SqliteQueryLog::renew_database() {
  WEIR_TRY(lock_.renew(options_.data_dir));
  WEIR_TRY(database_->reopen());
  const Status status = space_.prepare();
  if (!status.ok()) {
    database_->close();
  } else if (runner_) {
    runner_->resume();
  }
  return status;
}

Status SqliteQueryLog::start_anew() {
  WEIR_TRY(database_->make_way(LiveDatabase::Fate::kDamaged));
  WEIR_TRY(renew_database());
  return start();
}

// Puts a database that holds all of this one, and what was salvaged, in its place.
Result<LogState> SqliteQueryLog::replace_on_writer(const SetAsideRequest::AdoptRest& adopt_rest,
                                                   const std::string& fresh) {
  if (!database_->is_open() || database_->look() == LiveDatabase::Fate::kGone) {
    return Status(Code::kUnavailable, "the database is not open");
  }
  WEIR_TRY(committer_->commit_all());
  WEIR_TRY(space_.empty_wal());
  WEIR_TRY(adopt_rest());
  runner_->suspend();
  database_->close();
  const LogId log = committer_->account().log.log;
  const Status replaced = overwrite_database(database_->path(), fresh);
  Status status = renew_database();
  maintenance_->database_is_new();
  if (status.ok()) {
    const Result<LogState> state = go_on_in_replaced(log);
    if (state.ok()) return replaced.ok() ? state : Result<LogState>(replaced);
    status = state.status();
  }
  committer_->log_is_gone();
  return status;
}

// What was numbered stays; the log may have got another number in this database, which may still be
// the old one if the disk fails.
Result<LogState> SqliteQueryLog::go_on_in_replaced(const LogId& log) {
  WEIR_ASSIGN(LogAccount account, account_of_log(executor_, log, options_.site, wall_clock_ms()));
  const LogState state = account.log;
  committer_->switch_to(std::move(account));
  WEIR_TRY(rebase_ledger());
  trusted_until_ms_ = monotonic_us() / 1000 + kSalvagedTrustMs;
  return state;
}

// What the ledger tells is from now on what this database accounts for, and what it will. Only if
// that is less than was told, because a database is gone, the rest is told as lost.
Status SqliteQueryLog::rebase_ledger() {
  WEIR_ASSIGN(const LedgerDelta total, total_account(executor_));
  const uint64_t told = accounted().stored;
  if (total.stored < told) {
    lost_ = told - total.stored;
    return {};
  }
  const LedgerDelta base = total - since_start();
  at_start_.with([&](LedgerDelta& at_start) { at_start = base; });
  lost_ = 0;
  return {};
}

// What is gone for good, and nothing is left to salvage of, this database accounts for, so that it
// is told after the next start too.
Status SqliteQueryLog::settle_lost() {
  if (lost_ == 0 || recovery_->waiting() > 0) return {};
  Status status =
      account_for_lost(executor_, accounted(), options_.site, wall_clock_ms(), random_log_id);
  if (status.ok()) status = rebase_ledger();
  if (status.ok()) return {};
  return Status(status.code(), "the ledger lacks what is lost: " + status.message());
}

// Counted since the start, and in a database by now.
LedgerDelta SqliteQueryLog::since_start() const {
  const LedgerCounters since = page_->state().base + committer_->account().accounted - page_start_;
  return {.offered = since.offered,
          .stored = committer_->stored(),
          .collapsed = since.collapsed,
          .dropped = since.dropped};
}

// Since there is a ledger, by whatever has become of the databases.
LedgerDelta SqliteQueryLog::accounted() const {
  return at_start_.with([this](const LedgerDelta& at_start) { return at_start + since_start(); });
}

void SqliteQueryLog::publish() {
  const LogAccount& account = committer_->account();
  const BatcherStats& batching = committer_->stats();
  Published now;
  now.position = {account.log.log_no, account.log.log, account.log.end};
  now.stats.capacity = intake_.gauge.capacity();
  now.stats.batches = batching.batches;
  now.stats.retries = batching.retries;
  now.stats.halvings = batching.halvings;
  now.stats.corrupt_events = maintenance_->corrupt_events() + recovery_->corrupt_events();
  const MergeTotals& merged = maintenance_->merged();
  now.stats.merged_segments = merged.segments;
  now.stats.merge_read_bytes = merged.bytes_before;
  now.stats.merge_written_bytes = merged.bytes_after;
  const SpaceKeeper::Figures& space = space_.figures();
  now.stats.budget_bytes = space.budget_bytes;
  now.stats.free_bytes = space.use.free_bytes;
  now.stats.pressure = static_cast<int>(space.pressure);
  now.stats.written_bytes = space.written_bytes;
  now.stats.written_bytes_per_day = space.written_bytes_per_day;
  now.stats.waiting_databases = recovery_->waiting();
  now.stats.circuit_open = committer_->circuit_open();
  now.stats.last_error = committer_->last_error();
  durable_.set(now.position.end);
  published_.with([&now](Published& published) { published = std::move(now); });
}

Status SqliteQueryLog::store(const Event& event, Completion done) {
  const Code code = store_slot_.with([&](LedgerSlot* slot) {
    return offer_to(intake_, *slot, intake_.gauge, event, [&](const Event& offered) noexcept {
      return intake_.inline_batch.push(offered, std::move(done));
    });
  });
  if (code == Code::kOk) return {};
  return Status(code, code == Code::kFull          ? "the buffer is full"
                      : code == Code::kUnavailable ? "the log takes no events"
                                                   : "the event is too large");
}

QueryLogStats SqliteQueryLog::stats() const {
  QueryLogStats stats = published_.with([](const Published& published) { return published.stats; });
  stats.held = intake_.gauge.held();
  return stats;
}

// Other writes fail at once while commits fail: whoever posts them should not wait for a timeout.
Status SqliteQueryLog::admit() const {
  if (!committer_->circuit_open()) return {};
  return Status(Code::kUnavailable, "the database fails: " + committer_->last_error());
}

FlushIntervals SqliteQueryLog::paced(FlushIntervals intervals) const {
  if (options_.gentle) intervals.quiet_ms = std::max(intervals.quiet_ms, kGentleFlushMs);
  return intervals;
}

RetentionPolicy SqliteQueryLog::policy() const {
  RetentionPolicy policy = options_.retention();
  policy.events_days = retention_days_;
  policy.live_log_no = committer_->account().log.log_no;
  return policy;
}

// Everything that is counted in memory. While events move, a reading may catch one between two
// counters; it is taken again until it adds up, which under any real load is at once. Should
// producers never pause, what is in flight is what was offered and has met no other fate: the
// counter of offers is read last, so the difference cannot be negative.
Ledger SqliteQueryLog::counted() const {
  constexpr int kReadingsMax = 1000;
  Ledger ledger;
  LedgerDelta start;
  for (int i = 0; i < kReadingsMax; ++i) {
    start = at_start_.with([](const LedgerDelta& at_start) { return at_start; });
    ledger.stored = start.stored + committer_->stored();
    ledger.in_flight = intake_.gauge.held();
    const LedgerCounters since = page_->totals() - page_start_;
    ledger.collapsed = start.collapsed + since.collapsed;
    ledger.offered = start.offered + since.offered;
    for (size_t reason = 0; reason < kDropReasonCount; ++reason) {
      ledger.dropped[reason] = start.dropped[reason] + since.dropped[reason];
    }
    if (ledger.balanced()) return ledger;
  }
  const uint64_t dropped =
      std::accumulate(ledger.dropped.begin(), ledger.dropped.end(), uint64_t{0});
  ledger.offered = start.offered + (page_->totals() - page_start_).offered;
  ledger.in_flight = ledger.offered - ledger.stored - ledger.collapsed - dropped;
  return ledger;
}

Result<Ledger> SqliteQueryLog::ledger() {
  Ledger stored;
  auto operation = find_ledger({}, &stored);
  WEIR_TRY(runner_->run(*operation));
  Ledger ledger = counted();
  ledger.expired_retention = stored.expired_retention;
  ledger.expired_budget = stored.expired_budget;
  ledger.expired_corrupt = stored.expired_corrupt + lost_;
  ledger.unclean = stored.unclean;
  ledger.acked = stored.acked;
  if (!options_.forwarding) ledger.acked.reset();
  return ledger;
}

LogMetrics::Reading SqliteQueryLog::reading() {
  const Result<Ledger> whole = ledger();
  return {.stats = stats(),
          .ledger = whole.ok() ? *whole : counted(),
          .database_read = whole.ok(),
          .database_bytes = file_bytes(database_->path()),
          .wal_bytes = file_bytes(database_->path() + "-wal")};
}

void SqliteQueryLog::set_enabled(bool enabled) {
  Intake::Mode expected = enabled ? Intake::Mode::kDisabled : Intake::Mode::kOpen;
  // Not if it has stopped.
  intake_.mode.compare_exchange_strong(expected,
                                       enabled ? Intake::Mode::kOpen : Intake::Mode::kDisabled);
}

void SqliteQueryLog::set_flush_intervals(const FlushIntervals& intervals) {
  writer_->queue().call([&] { committer_->set_flush_intervals(paced(intervals)); });
}

void SqliteQueryLog::set_retention_days(int64_t days) {
  if (retention_days_.exchange(days) == days) return;
  writer_->queue().call([this] { maintenance_->retention_changed(); });
}

Result<LogState> SqliteQueryLog::on_writer(const std::function<Result<LogState>()>& work) {
  Result<LogState> result = Status(Code::kUnavailable, "the writer has stopped");
  writer_->queue().call([&] {
    const Status admitted = admit();
    result = admitted.ok() ? work() : Result<LogState>(admitted);
    publish();  // who asked sees the new position at once
  });
  return result;
}

Result<LogState> SqliteQueryLog::fork_log(int64_t log_no, uint64_t from) {
  return on_writer([=, this] { return fork_on_writer(log_no, from); });
}

Result<LogState> SqliteQueryLog::new_log() {
  return on_writer([this] { return new_log_on_writer(); });
}

Result<LogState> SqliteQueryLog::fork_on_writer(int64_t log_no, uint64_t from) {
  const bool current = log_no == committer_->account().log.log_no;
  if (current) WEIR_TRY(committer_->commit_all());
  const int64_t now_ms = wall_clock_ms();
  WEIR_ASSIGN(LogAccount account, open_new_log(executor_, options_.site, now_ms, random_log_id));
  const LogId log = account.log.log;
  auto move = rehome_log(log_no, from, account.log.log_no, log, now_ms);
  WEIR_TRY(run_operation(*move, executor_));
  WEIR_ASSIGN(account, account_of_log(executor_, log, options_.site, now_ms));
  const LogState state = account.log;
  spdlog::warn("log {} forks at {}: its events go on in log {}", log_no, from, state.log_no);
  if (current) committer_->switch_to(std::move(account));
  return state;
}

Result<LogState> SqliteQueryLog::new_log_on_writer() {
  WEIR_TRY(committer_->commit_all());
  WEIR_ASSIGN(LogAccount account,
              open_new_log(executor_, options_.site, wall_clock_ms(), random_log_id));
  const LogState state = account.log;
  committer_->switch_to(std::move(account));
  return state;
}

Status SqliteQueryLog::stop(int64_t bound_ms) {
  if (writer_ == nullptr) return {};
  database_->connection().busy_wait().give_up_at_us(monotonic_us() + bound_ms * 1000);
  recovery_->stop();
  // Behind the lock, so that no store() is half done when the writer looks for the last time.
  store_slot_.with([this](LedgerSlot*) { intake_.mode = Intake::Mode::kStopped; });
  const bool settled = writer_->stop(bound_ms);
  space_.finish(wall_clock_ms());  // the writer has ended
  if (settled) return {};
  return Status(Code::kUnavailable,
                "the last counts could not be written: " + committer_->last_error());
}

}  // namespace

Result<std::unique_ptr<QueryLog>> QueryLog::open(const QueryLogOptions& options) {
  WEIR_TRY(check_options(options));
  WEIR_ASSIGN(DataLock lock, DataLock::take(options.data_dir));
  WEIR_ASSIGN(auto database, LiveDatabase::open({options.data_dir, !options.gentle}));
  WEIR_ASSIGN(auto page, LedgerPage::open(ledger_page_path(options.data_dir)));
  auto log = std::make_unique<SqliteQueryLog>(options, std::move(lock), std::move(database),
                                              std::move(page));
  Status status = log->start();
  if (status.code() == Code::kCorrupt) status = log->start_anew();
  WEIR_TRY(status);
  return std::unique_ptr<QueryLog>(std::move(log));
}

}  // namespace weir
