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
  Split(Executor& reader, const WriterSide& writer) : reader_(reader), writer_(writer) {}

  Reply run_group(const Group& group) override {
    if (!group.writes) return reader_.run_group(group);
    Reply reply;
    const bool ran = writer_.queue.call([&] {
      reply.status = writer_.admit();
      if (reply.status.ok()) reply = writer_.executor.run_group(group);
    });
    if (!ran) reply.status = Status(Code::kUnavailable, "the writer has stopped");
    return reply;
  }
  Reply run_read(const Read& read) override { return reader_.run_read(read); }

 private:
  Executor& reader_;
  const WriterSide& writer_;
};

LogRunner::LogRunner(std::string database_path, WriterSide writer)
    : path_(std::move(database_path)), writer_(std::move(writer)) {}

LogRunner::~LogRunner() = default;

Result<std::unique_ptr<LogRunner::Reader>> LogRunner::borrow() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !free_.empty() || open_ < kReadersMax; });
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

void LogRunner::forget_readers() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  open_ -= free_.size();
  free_.clear();
}

Status LogRunner::run(Operation& operation, const std::function<void(Emit)>& emit) {
  WEIR_ASSIGN(auto reader, borrow());
  Split split(reader->executor, writer_);
  Status status = run_operation(operation, split, emit);
  give_back(std::move(reader));
  return status;
}

}  // namespace weir
