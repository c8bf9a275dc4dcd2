// An operation keeps one reader from its start to its end, but steps share no snapshot: the rules
// of operation.h allow for that, and a long read holds up no checkpoint between its steps.
#include "native/store/log_runner.h"

namespace weir {

struct LogRunner::Reader {
  explicit Reader(SqliteDatabase opened) : database(std::move(opened)) {}
  SqliteDatabase database;
  SqliteExecutor executor{&database};
  uint64_t generation = 0;
};

// Sends each step to where it belongs.
class LogRunner::Split final : public Executor {
 public:
  Split(LogRunner& runner, Reader& reader) : runner_(runner), reader_(reader) {}

  Reply run_group(const Group& group) override {
    if (!group.writes) return noted(reader_.executor.run_group(group));
    Reply reply;
    const bool ran = runner_.writer_.queue.call([&] { reply = write(group); });
    if (!ran) reply.status = Status(Code::kUnavailable, "the writer has stopped");
    return reply;
  }
  Reply run_read(const Read& read) override { return noted(reader_.executor.run_read(read)); }

  // Whether SQLite has found the database damaged.
  bool met_damage() const { return met_damage_; }

 private:
  // On the writer thread.
  Reply write(const Group& group) const {
    Status admitted = runner_.writer_.admit();
    if (!admitted.ok()) return Reply{std::move(admitted)};
    if (!runner_.is_current(reader_)) {
      return Reply{Status(Code::kUnavailable, "the database is another one by now")};
    }
    return runner_.writer_.executor.run_group(group);
  }
  Reply noted(Reply reply) {
    met_damage_ = met_damage_ || reply.status.code() == Code::kCorrupt;
    return reply;
  }

  LogRunner& runner_;
  Reader& reader_;
  bool met_damage_ = false;
};

LogRunner::LogRunner(std::string database_path, WriterSide writer,
                     std::function<void(Damage)> on_damage)
    : path_(std::move(database_path)),
      writer_(std::move(writer)),
      on_damage_(std::move(on_damage)) {}

LogRunner::~LogRunner() = default;

Result<std::unique_ptr<LogRunner::Reader>> LogRunner::borrow() {
  std::unique_lock lock(mutex_);
  returned_.wait_for(lock, kSuspendedMsMax, [this] { return !suspended_; });
  returned_.wait(lock, [this] { return suspended_ || !free_.empty() || open_ < kReadersMax; });
  if (suspended_) return Status(Code::kUnavailable, "the database is being replaced");
  if (!free_.empty()) {
    auto reader = std::move(free_.back());
    free_.pop_back();
    return reader;
  }
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  WEIR_ASSIGN(SqliteDatabase database, SqliteDatabase::open(path_, options));
  ++open_;
  auto reader = std::make_unique<Reader>(std::move(database));
  reader->generation = generation_;
  return reader;
}

void LogRunner::give_back(std::unique_ptr<Reader> reader) {
  const std::lock_guard lock(mutex_);
  if (reader->generation == generation_) {
    free_.push_back(std::move(reader));
  } else {
    --open_;
  }
  returned_.notify_one();
}

bool LogRunner::is_current(const Reader& reader) {
  const std::lock_guard lock(mutex_);
  return reader.generation == generation_;
}

void LogRunner::suspend() {
  const std::lock_guard lock(mutex_);
  suspended_ = true;
  ++generation_;
  open_ -= free_.size();
  free_.clear();
  returned_.notify_all();
}

void LogRunner::resume() {
  const std::lock_guard lock(mutex_);
  suspended_ = false;
  returned_.notify_all();
}

Status LogRunner::run(Operation& operation, const std::function<void(Emit)>& emit) {
  Result<std::unique_ptr<Reader>> borrowed = borrow();
  if (borrowed.status().code() == Code::kCorrupt) on_damage_(Damage::kDatabase);
  WEIR_ASSIGN(auto reader, std::move(borrowed));
  Split split(*this, *reader);
  bool met_segments = false;
  Status status = run_operation(operation, split, [&](Emit piece) {
    met_segments = met_segments || (piece.head && piece.head->met_damage);
    if (emit) emit(std::move(piece));
  });
  give_back(std::move(reader));
  if (split.met_damage()) {
    on_damage_(Damage::kDatabase);
  } else if (met_segments) {
    on_damage_(Damage::kSegments);
  }
  return status;
}

}  // namespace weir
