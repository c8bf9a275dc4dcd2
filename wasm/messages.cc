#include "messages.h"

#include "bytes.h"
#include "hex.h"

namespace weir {
namespace {

enum class StepKind : uint8_t { kGroup = 0, kRead = 1, kEmit = 2, kDone = 3 };
enum class Tag : uint8_t { kNull = 0, kInteger = 1, kText = 2 };

// A database has at most this many columns in a result (D1's own bound).
constexpr uint32_t kColumnsMax = 100;

void put_text(ByteWriter& out, std::string_view text) {
  out.u32(static_cast<uint32_t>(text.size()));
  out.text(text);
}

void put_value(ByteWriter& out, const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    out.u8(static_cast<uint8_t>(Tag::kInteger));
    out.u64(static_cast<uint64_t>(*integer));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    out.u8(static_cast<uint8_t>(Tag::kText));
    put_text(out, *text);
  } else if (const auto* blob = std::get_if<Bytes>(&value)) {
    out.u8(static_cast<uint8_t>(Tag::kText));
    put_text(out, to_hex(*blob));
  } else {
    out.u8(static_cast<uint8_t>(Tag::kNull));
  }
}

void put_group(ByteWriter& out, const Group& group) {
  out.u8(group.writes);
  out.u32(static_cast<uint32_t>(group.statements.size()));
  for (const Statement& statement : group.statements) {
    out.u16(static_cast<uint16_t>(statement.id));
    out.u32(static_cast<uint32_t>(statement.parameters.size()));
    for (const Value& value : statement.parameters) put_value(out, value);
  }
}

void put_emit(ByteWriter& out, const Emit& emit) {
  out.u8(emit.head.has_value());
  if (emit.head) {
    out.u16(static_cast<uint16_t>(emit.head->status));
    put_text(out, emit.head->content_type);
    out.u32(static_cast<uint32_t>(emit.head->retry_after_s));
  }
  put_text(out, emit.bytes);
}

void put_done(ByteWriter& out, const Status& status, const Counters& counters) {
  out.u32(static_cast<uint32_t>(status.code()));
  put_text(out, status.message());
  out.u32(static_cast<uint32_t>(counters.size()));
  for (const auto& [name, count] : counters) {
    put_text(out, name);
    out.u64(static_cast<uint64_t>(count));
  }
}

std::string_view take_text(ByteReader& in) { return in.take_text(in.u32()); }

bool decode_hex(std::string_view text, Bytes* out) {
  out->resize(text.size() / 2);
  return from_hex(text, *out);
}

bool take_value(ByteReader& in, bool blob, Value* value) {
  switch (static_cast<Tag>(in.u8())) {
    case Tag::kNull:
      *value = Null{};
      return in.ok();
    case Tag::kInteger:
      *value = static_cast<int64_t>(in.u64());
      return in.ok();
    case Tag::kText: {
      const std::string_view text = take_text(in);
      if (!in.ok()) return false;
      if (!blob) {
        *value = std::string(text);
        return true;
      }
      return decode_hex(text, &value->emplace<Bytes>());
    }
  }
  return false;
}

bool take_rows(ByteReader& in, StatementId id, Rows* rows) {
  rows->changes = in.u64();
  const uint32_t columns = in.u32();
  const uint32_t count = in.u32();
  // Every cell takes a byte at least, so the message's own length bounds what is allocated.
  if (!in.ok() || columns > kColumnsMax || (columns == 0 && count > 0) ||
      uint64_t{columns} * count > in.remaining()) {
    return false;
  }
  std::vector<bool> blobs = statement_blob_columns(id);
  blobs.resize(columns);
  rows->rows.resize(count);
  for (std::vector<Value>& row : rows->rows) {
    row.resize(columns);
    for (size_t column = 0; column < columns; ++column) {
      if (!take_value(in, blobs[column], &row[column])) return false;
    }
  }
  return true;
}

bool take_results(ByteReader& in, const Group& asked, std::vector<Rows>* results) {
  if (in.u32() != asked.statements.size() || !in.ok()) return false;
  results->resize(asked.statements.size());
  for (size_t i = 0; i < results->size(); ++i) {
    if (!take_rows(in, asked.statements[i].id, &(*results)[i])) return false;
  }
  return true;
}

}  // namespace

Bytes encode_statements(Dialect dialect) {
  Bytes message;
  ByteWriter out(message);
  out.u32(static_cast<uint32_t>(statement_count()));
  for (size_t i = 0; i < statement_count(); ++i) {
    const auto id = static_cast<StatementId>(i);
    put_text(out, statement_name(id));
    put_text(out, statement_sql(id, dialect));
  }
  return message;
}

Bytes encode_step(const Step& step, const Counters& counters) {
  Bytes message;
  ByteWriter out(message);
  if (const auto* group = std::get_if<Group>(&step)) {
    out.u8(static_cast<uint8_t>(StepKind::kGroup));
    put_group(out, *group);
  } else if (const auto* read = std::get_if<Read>(&step)) {
    out.u8(static_cast<uint8_t>(StepKind::kRead));
    out.u32(static_cast<uint32_t>(read->ranges.size()));
    for (const Read::Range& range : read->ranges) {
      out.u64(static_cast<uint64_t>(range.segment));
      out.u32(range.offset);
      out.u32(range.length);
    }
  } else if (const auto* emit = std::get_if<Emit>(&step)) {
    out.u8(static_cast<uint8_t>(StepKind::kEmit));
    put_emit(out, *emit);
  } else {
    out.u8(static_cast<uint8_t>(StepKind::kDone));
    put_done(out, std::get<Done>(step).status, counters);
  }
  return message;
}

Result<Reply> decode_reply(ByteView message, const Step& asked) {
  const Status corrupt(Code::kCorrupt, "the host's reply is malformed");
  ByteReader in(message);
  const uint32_t code = in.u32();
  const std::string_view text = take_text(in);
  if (!in.ok() || code > static_cast<uint32_t>(Code::kExhausted)) return corrupt;
  Reply reply;
  if (code != 0) {
    reply.status = Status(static_cast<Code>(code), std::string(text));
  } else if (const auto* group = std::get_if<Group>(&asked)) {
    if (!take_results(in, *group, &reply.results)) return corrupt;
  } else if (const auto* read = std::get_if<Read>(&asked)) {
    if (in.u32() != read->ranges.size()) return corrupt;
    reply.pieces.resize(read->ranges.size());
    for (Bytes& piece : reply.pieces) {
      if (!decode_hex(take_text(in), &piece)) return corrupt;
    }
  }
  if (!in.ok() || !in.at_end()) return corrupt;
  return reply;
}

}  // namespace weir
