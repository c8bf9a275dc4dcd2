// Scopes and the operations on the table of tokens, one group each.
#include "weir/access.h"

#include <algorithm>
#include <functional>

#include "statements.h"
#include "weir/limits.h"

namespace weir {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_site_char(char c) { return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-'; }

// Removes `prefix` from `text` if it begins with it.
bool consume(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

bool contains(const std::vector<std::string>& sites, std::string_view site) {
  return std::find(sites.begin(), sites.end(), site) != sites.end();
}

Status add_scope(std::string_view scope, Grants* grants) {
  if (scope == "admin") {
    grants->admin = true;
  } else if (scope == "read:*") {
    grants->read_all = true;
  } else if (consume(&scope, "read:")) {
    WEIR_TRY(check_site(scope));
    grants->read_sites.emplace_back(scope);
  } else if (consume(&scope, "ingest:")) {
    WEIR_TRY(check_site(scope));
    grants->ingest_sites.emplace_back(scope);
  } else {
    return Status(Code::kInvalid, "a scope is ingest:<site>, read:<site>, read:* or admin");
  }
  return {};
}

// One statement, and what its rows mean.
class OneStatement final : public Operation {
 public:
  OneStatement(Statement statement, bool writes, std::function<Status(const Rows&)> finish)
      : statement_(std::move(statement)), writes_(writes), finish_(std::move(finish)) {}

  Step resume(Reply reply) override {
    if (!asked_) {
      asked_ = true;
      return Group{{std::move(statement_)}, writes_};
    }
    if (!reply.status.ok()) return Done{std::move(reply.status)};
    WEIR_CHECK(reply.results.size() == 1);
    return Done{finish_(reply.results[0])};
  }

 private:
  Statement statement_;
  bool writes_;
  std::function<Status(const Rows&)> finish_;
  bool asked_ = false;
};

// An operation whose arguments are refused.
class Refused final : public Operation {
 public:
  explicit Refused(Status status) : status_(std::move(status)) {}
  Step resume(Reply) override { return Done{std::move(status_)}; }

 private:
  Status status_;
};

Status check_token(const Bytes& token_sha256) {
  if (token_sha256.size() == kTokenHashBytes) return {};
  return Status(Code::kInvalid, "a token's hash is its SHA-256, 32 bytes");
}

Status check_new_token(const Bytes& token_sha256, std::string_view name, std::string_view scopes) {
  WEIR_TRY(check_token(token_sha256));
  if (name.size() > kTokenNameBytesMax) {
    return Status(Code::kInvalid, "a token's name is at most " +
                                      std::to_string(kTokenNameBytesMax) + " bytes long");
  }
  return parse_scopes(scopes).status();
}

}  // namespace

Status check_site(std::string_view site) {
  if (!site.empty() && site.size() <= kSiteBytesMax && is_lower_or_digit(site[0]) &&
      std::all_of(site.begin(), site.end(), is_site_char)) {
    return {};
  }
  return Status(Code::kInvalid, "a site is 1 to " + std::to_string(kSiteBytesMax) +
                                    " of a-z 0-9 . _ - and begins with a letter or digit");
}

bool Grants::may_read(std::string_view site) const {
  return admin || read_all || contains(read_sites, site);
}

bool Grants::may_ingest(std::string_view site) const { return contains(ingest_sites, site); }

Result<Grants> parse_scopes(std::string_view scopes) {
  Grants grants;
  for (size_t count = 1; count <= kScopesMax; ++count) {
    const size_t space = scopes.find(' ');
    WEIR_TRY(add_scope(scopes.substr(0, space), &grants));
    if (space == scopes.npos) return grants;
    scopes.remove_prefix(space + 1);
  }
  return Status(Code::kInvalid, "a token has at most " + std::to_string(kScopesMax) + " scopes");
}

Result<Grants> grants_at(const Rows& rows) {
  if (rows.rows.empty()) return Status(Code::kDenied, "there is no such token");
  WEIR_ASSIGN(const std::string_view scopes, text_at(rows, 0, 0));
  return parse_scopes(scopes);
}

std::unique_ptr<Operation> put_token(Bytes token_sha256, std::string name, std::string scopes,
                                     int64_t now_ms) {
  if (Status status = check_new_token(token_sha256, name, scopes); !status.ok()) {
    return std::make_unique<Refused>(std::move(status));
  }
  Statement put{StatementId::kTokenPut,
                {std::move(token_sha256), std::move(name), std::move(scopes), now_ms}};
  return std::make_unique<OneStatement>(std::move(put), true, [](const Rows&) { return Status(); });
}

std::unique_ptr<Operation> drop_token(Bytes token_sha256) {
  Statement remove{StatementId::kTokenRemove, {std::move(token_sha256)}};
  return std::make_unique<OneStatement>(std::move(remove), true, [](const Rows& rows) {
    return rows.changes > 0 ? Status() : Status(Code::kNotFound, "there is no such token");
  });
}

std::unique_ptr<Operation> find_grants(Bytes token_sha256, Grants* result) {
  Statement scopes{StatementId::kTokenScopes, {std::move(token_sha256)}};
  return std::make_unique<OneStatement>(std::move(scopes), false, [result](const Rows& rows) {
    WEIR_ASSIGN(*result, grants_at(rows));
    return Status();
  });
}

}  // namespace weir
