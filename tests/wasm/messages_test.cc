// The encoding that crosses the C ABI, and what it does with replies that lie.
#include "messages.h"

#include "bytes.h"
#include "catch.h"
#include "statements.h"

namespace weir {
namespace {

// A reply as a host writes it.
class ReplyText {
 public:
  ReplyText& u8(uint8_t value) {
    out_.u8(value);
    return *this;
  }
  ReplyText& u32(uint32_t value) {
    out_.u32(value);
    return *this;
  }
  ReplyText& i64(int64_t value) {
    out_.u64(static_cast<uint64_t>(value));
    return *this;
  }
  ReplyText& text(std::string_view value) {
    out_.u32(static_cast<uint32_t>(value.size()));
    out_.text(value);
    return *this;
  }
  ReplyText& ok() { return u32(0).text(""); }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
  ByteWriter out_{bytes_};
};

const Step kDataStep = Group{{Statement{StatementId::kSegmentData, {}}}, false};
const Step kReadStep = Read{{{1, 0, 4}}};

// One row of segment_data: id, count, kind, crc, data (a blob).
ReplyText data_reply(std::string_view hex) {
  ReplyText reply;
  reply.ok().u32(1).i64(0).u32(5).u32(1);
  for (int64_t integer : {7, 8, 0, 9}) reply.u8(1).i64(integer);
  reply.u8(2).text(hex);
  return reply;
}

Code code_of(const ReplyText& reply, const Step& asked) {
  return decode_reply(reply.bytes(), asked).status().code();
}

TEST_CASE("a reply's integers, texts and nulls arrive as they are, blob columns as bytes") {
  const auto reply = decode_reply(data_reply("00fF10").bytes(), kDataStep);
  REQUIRE(reply.ok());
  REQUIRE(reply->results.size() == 1);
  CHECK(integer_at(reply->results[0], 0, 0).value() == 7);
  const auto blob = blob_at(reply->results[0], 0, 4);
  REQUIRE(blob.ok());
  CHECK(Bytes(blob->begin(), blob->end()) == Bytes{0x00, 0xff, 0x10});
}

TEST_CASE("a null in a blob column stays null and no bytes stay no bytes") {
  ReplyText reply;
  reply.ok().u32(1).i64(0).u32(5).u32(1);
  for (int i = 0; i < 5; ++i) reply.u8(0);
  const auto decoded = decode_reply(reply.bytes(), kDataStep);
  REQUIRE(decoded.ok());
  CHECK(null_at(decoded->results[0], 0, 4));
  const auto empty = decode_reply(data_reply("").bytes(), kDataStep);
  REQUIRE(empty.ok());
  CHECK(blob_at(empty->results[0], 0, 4).value().empty());
}

TEST_CASE("hex of odd length or with other characters is corrupt") {
  CHECK(code_of(data_reply("abc"), kDataStep) == Code::kCorrupt);
  CHECK(code_of(data_reply("zz"), kDataStep) == Code::kCorrupt);
  CHECK(code_of(ReplyText().ok().u32(1).text("0"), kReadStep) == Code::kCorrupt);
  CHECK(code_of(ReplyText().ok().u32(2).text("00").text("00"), kReadStep) == Code::kCorrupt);
}

TEST_CASE("a read is answered by its bytes") {
  const auto reply = decode_reply(ReplyText().ok().u32(1).text("deadbeef").bytes(), kReadStep);
  REQUIRE(reply.ok());
  CHECK(reply->pieces == std::vector<Bytes>{{0xde, 0xad, 0xbe, 0xef}});
}

TEST_CASE("a host's failure keeps its code and message") {
  const auto reply = decode_reply(ReplyText().u32(7).text("no route").bytes(), kDataStep);
  REQUIRE(reply.ok());
  CHECK(reply->status.code() == Code::kUnavailable);
  CHECK(reply->status.message() == "no route");
}

TEST_CASE("a code past the last one is corrupt") {
  CHECK(code_of(ReplyText().u32(12).text(""), kDataStep) == Code::kCorrupt);
  CHECK(decode_reply(ReplyText().u32(11).text("").bytes(), kDataStep).ok());
}

TEST_CASE("a reply must answer exactly as many statements as were asked") {
  CHECK(code_of(ReplyText().ok().u32(0), kDataStep) == Code::kCorrupt);
  CHECK(code_of(ReplyText().ok().u32(2).i64(0).u32(0).u32(0).i64(0).u32(0).u32(0), kDataStep) ==
        Code::kCorrupt);
}

TEST_CASE("every reply that is cut short, and every one that goes on, is corrupt") {
  const Bytes whole = data_reply("0011").bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode_reply(ByteView(whole).first(size), kDataStep).ok());
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK_FALSE(decode_reply(longer, kDataStep).ok());
}

TEST_CASE("counts beyond the message allocate nothing and are corrupt") {
  CHECK(code_of(ReplyText().ok().u32(1).i64(0).u32(100).u32(0xffffffff), kDataStep) ==
        Code::kCorrupt);
  CHECK(code_of(ReplyText().ok().u32(1).i64(0).u32(101).u32(0), kDataStep) == Code::kCorrupt);
  CHECK(code_of(ReplyText().ok().u32(1).i64(0).u32(0).u32(0xffffffff), kDataStep) ==
        Code::kCorrupt);
  CHECK(code_of(ReplyText().ok().u32(1).i64(0).u32(1).u32(1).u8(2).u32(0xffffffff), kDataStep) ==
        Code::kCorrupt);
}

TEST_CASE("an unknown tag is corrupt") {
  CHECK(code_of(ReplyText().ok().u32(1).i64(0).u32(1).u32(1).u8(3), kDataStep) == Code::kCorrupt);
}

TEST_CASE("a group goes out with its blobs as hex text") {
  const Group group{{Statement{StatementId::kTokenScopes, {Bytes{0xab, 0x01}}}}, true};
  const Bytes message = encode_step(group, {});
  ByteReader in(message);
  CHECK(in.u8() == 0);
  CHECK(in.u8() == 1);
  CHECK(in.u32() == 1);
  CHECK(in.u16() == static_cast<uint16_t>(StatementId::kTokenScopes));
  CHECK(in.u32() == 1);
  CHECK(in.u8() == 2);
  CHECK(in.take_text(in.u32()) == "ab01");
  CHECK(in.at_end());
}

TEST_CASE("the end carries its status and counters") {
  const Bytes message = encode_step(Done{Status(Code::kFull, "full")}, {{"events", 12}});
  ByteReader in(message);
  CHECK(in.u8() == 3);
  CHECK(in.u32() == 6);
  CHECK(in.take_text(in.u32()) == "full");
  CHECK(in.u32() == 1);
  CHECK(in.take_text(in.u32()) == "events");
  CHECK(in.u64() == 12);
  CHECK(in.at_end());
}

TEST_CASE("the statements are listed in order of their ids, in D1's dialect") {
  const Bytes message = encode_statements(Dialect::kD1);
  ByteReader in(message);
  REQUIRE(in.u32() == statement_count());
  for (size_t i = 0; i < statement_count(); ++i) {
    CHECK(in.take_text(in.u32()) == statement_name(static_cast<StatementId>(i)));
    CHECK(in.take_text(in.u32()) == statement_sql(static_cast<StatementId>(i), Dialect::kD1));
  }
  CHECK(in.at_end());
}

}  // namespace
}  // namespace weir
