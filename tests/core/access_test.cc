#include "weir/access.h"

#include "catch.h"
#include "statements.h"
#include "weir/limits.h"

namespace weir {
namespace {

const Bytes kToken(kTokenHashBytes, 0x5a);

Status first_status(Operation& operation) {
  Step step = operation.start();
  REQUIRE(std::holds_alternative<Done>(step));
  return std::get<Done>(step).status;
}

// Answers the operation's only group with `rows`.
Status finish(Operation& operation, Rows rows) {
  Step step = operation.start();
  REQUIRE(std::holds_alternative<Group>(step));
  Step end = operation.resume(Reply{{}, {std::move(rows)}});
  REQUIRE(std::holds_alternative<Done>(end));
  return std::get<Done>(end).status;
}

TEST_CASE("a token reads and sends for the sites of its scopes only") {
  const auto grants = parse_scopes("ingest:home read:office");
  REQUIRE(grants.ok());
  CHECK(grants->may_ingest("home"));
  CHECK_FALSE(grants->may_ingest("office"));
  CHECK(grants->may_read("office"));
  CHECK_FALSE(grants->may_read("home"));
  CHECK_FALSE(grants->admin);
}

TEST_CASE("read:* and admin read every site and send for none") {
  for (const char* scopes : {"read:*", "admin"}) {
    const auto grants = parse_scopes(scopes);
    REQUIRE(grants.ok());
    CHECK(grants->may_read("anything"));
    CHECK_FALSE(grants->may_ingest("anything"));
  }
}

TEST_CASE("what is no scope is refused whole") {
  for (const char* scopes : {"", " ", "admin ", " admin", "admin  read:*", "ingest:*",
                             "read:", "write:home", "Admin", "read:Home", "read:a/b"}) {
    CAPTURE(scopes);
    CHECK(parse_scopes(scopes).status().code() == Code::kInvalid);
  }
}

TEST_CASE("a token has as many scopes as the bound says and not one more") {
  std::string scopes = "read:s";
  for (size_t i = 1; i < kScopesMax; ++i) scopes += " read:s";
  CHECK(parse_scopes(scopes).ok());
  CHECK_FALSE(parse_scopes(scopes + " read:s").ok());
}

TEST_CASE("a site's name is as long as the bound says and not longer") {
  CHECK(check_site(std::string(kSiteBytesMax, 'a')).ok());
  CHECK_FALSE(check_site(std::string(kSiteBytesMax + 1, 'a')).ok());
  CHECK(check_site("berlin-2.example_net").ok());
  CHECK_FALSE(check_site(".hidden").ok());
  CHECK_FALSE(check_site("").ok());
}

TEST_CASE("a token is put by its hash, with a name and scopes that hold") {
  CHECK(finish(*put_token(kToken, "nas", "ingest:home", 1), Rows{}).ok());
  CHECK(first_status(*put_token(Bytes(31), "nas", "admin", 1)).code() == Code::kInvalid);
  CHECK(first_status(*put_token(kToken, "nas", "root", 1)).code() == Code::kInvalid);
  const std::string name(kTokenNameBytesMax, 'n');
  CHECK(finish(*put_token(kToken, name, "admin", 1), Rows{}).ok());
  CHECK(first_status(*put_token(kToken, name + "n", "admin", 1)).code() == Code::kInvalid);
}

TEST_CASE("dropping a token that is not there says so") {
  CHECK(finish(*drop_token(kToken), Rows{{}, 1}).ok());
  CHECK(finish(*drop_token(kToken), Rows{{}, 0}).code() == Code::kNotFound);
}

TEST_CASE("grants are those of the stored scopes, none for an unknown token") {
  Grants grants;
  CHECK(finish(*find_grants(kToken, &grants), Rows{{{std::string("read:home")}}, 0}).ok());
  CHECK(grants.may_read("home"));
  CHECK(finish(*find_grants(kToken, &grants), Rows{}).code() == Code::kDenied);
  CHECK(finish(*find_grants(kToken, &grants), Rows{{{int64_t{1}}}, 0}).code() == Code::kCorrupt);
}

TEST_CASE("a failing database is the operation's failure") {
  Grants grants;
  const auto operation = find_grants(kToken, &grants);
  CHECK(std::holds_alternative<Group>(operation->start()));
  Step end = operation->resume(Reply{Status(Code::kUnavailable, "busy")});
  CHECK(std::get<Done>(end).status.code() == Code::kUnavailable);
}

}  // namespace
}  // namespace weir
